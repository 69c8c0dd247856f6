// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;

/// What host code was made of guest code in earlier runs, to be found by the guest code, and what this run adds.
///
/// In a file it is a table, open-addressed by key, and records behind it (all numbers little-endian):
/// ```
///    0 MAGIC     8 bytes
///    8 identity  of who made the host code and where it runs
///   16 slots     a power of two, at most half of them used
///   24           slots of 16 bytes: key, position of the record in units of 8 bytes (0: free), its length
///
///   record: CRC-32 of the rest, length of the image, number of values, image, values, host code
/// ```
/// Nothing of it is believed: a record counts when its sum is right and its image is that of the code at hand. Safe for
/// use by any thread.
public final class KeptCode {
    /// "HOSTCOD", and how it is kept: to be changed with that.
    private static final long MAGIC = 0x0144_4f43_5453_4f48L;
    private static final int HEADER_BYTES = 24, SLOT_BYTES = 16, UNIT = 8;
    private static final int MAX_SLOTS = 1 << 18;
    /// How many bytes of records are kept, and how many one run adds.
    private static final int MAX_BYTES = 64 << 20, MAX_ADDED_BYTES = 32 << 20;
    private static final int SUM_BYTES = 4, RECORD_HEADER_BYTES = 12;
    /// Translations that begin with the same block and differ in others, which a kernel patches while it starts, are
    /// kept beside each other, so many of them.
    static final int VARIANTS = 4;
    private static final long VARIANT_STEP = 0x9e37_79b9_7f4a_7c15L;
    /// It is written when so much of what is known, as a power of two, is new.
    private static final int GROWTH_SHIFT = 8;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /// The file, or nothing.
    private ByteBuffer known;
    private int slots;
    private int knownCount;
    /// The slots whose records were asked for in this run.
    private final BitSet used = new BitSet();
    private final Map<Long, byte[]> added = new HashMap<>();
    private int addedBytes;
    private long identity;

    /// Host code of an earlier run.
    public static final class Entry {
        private final byte[] record;
        private final int imageEnd;
        private int distance = CodeImage.OTHER_CODE;

        private Entry(byte[] record) {
            this.record = record;
            imageEnd = RECORD_HEADER_BYTES + CodeImage.get4(record, SUM_BYTES);
        }

        /// The offsets in their page of the blocks; the first is what was looked for.
        int[] starts() {
            return CodeImage.starts(record, RECORD_HEADER_BYTES, imageEnd);
        }

        private boolean beginsWith(CodeImage head) {
            return head.begins(record, RECORD_HEADER_BYTES, imageEnd);
        }

        /// Whether it is for code that is what it was, but for the place where the kernel is.
        boolean isOf(CodeImage image) {
            if (image.bytes().length == imageEnd - RECORD_HEADER_BYTES && beginsWith(image)) {
                int[] values = new int[CodeImage.get4(record, 2 * Integer.BYTES)];
                for (int n = 0; n < values.length; n++) {
                    values[n] = CodeImage.get4(record, imageEnd + Integer.BYTES * n);
                }
                distance = image.distance(values);
            }
            return distance != CodeImage.OTHER_CODE;
        }

        private boolean hasImage(CodeImage image) {
            return Arrays.equals(record, RECORD_HEADER_BYTES, imageEnd, image.bytes(), 0, image.bytes().length);
        }

        /// How far the kernel is from where it was.
        public int distance() {
            return distance;
        }

        /// What is kept, in which from [#codeAt] on there is what [KeptCode#keep] was given. Not to be changed.
        public byte[] bytes() {
            return record;
        }

        public int codeAt() {
            return imageEnd + Integer.BYTES * CodeImage.get4(record, 2 * Integer.BYTES);
        }
    }

    /// Nothing is known.
    public KeptCode() {
        this(NOTHING);
    }

    /// @param file that [#writeTo] wrote; anything else is as good as none. Not to be changed
    public KeptCode(ByteBuffer file) {
        known = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (known.capacity() >= HEADER_BYTES && known.getLong(0) == MAGIC) {
            identity = known.getLong(Long.BYTES);
            slots = known.getInt(2 * Long.BYTES);
            knownCount = known.getInt(2 * Long.BYTES + Integer.BYTES);
        }
        if (slots <= 0 || slots > MAX_SLOTS || Integer.bitCount(slots) != 1 || knownCount < 0
                || known.capacity() < HEADER_BYTES + slots * SLOT_BYTES) {
            forget();
        }
    }

    private void forget() {
        known = NOTHING;
        slots = 0;
        knownCount = 0;
    }

    /// Before anything is asked for: forgets what others made, or for other hosts.
    public synchronized void claim(long maker) {
        if (identity != maker) {
            identity = maker;
            forget();
        }
    }

    // ---- what is known ----

    /// Host code of a translation whose first block has an image, or null.
    ///
    /// @param variant which of them, below [#VARIANTS]; there may be one behind one that is not there
    synchronized Entry find(CodeImage head, int variant) {
        Entry entry = find(key(head, variant));
        return entry != null && entry.beginsWith(head) ? entry : null;
    }

    private static long key(CodeImage head, int variant) {
        return head.key() + variant * VARIANT_STEP;
    }

    private Entry find(long key) {
        byte[] record = added.get(key);
        if (record == null) {
            int slot = slot(key);
            record = slot < 0 ? null : read(slot);
            if (record == null) {
                return null;
            }
            used.set(slot);
        }
        return new Entry(record);
    }

    private static int at(int slot) {
        return HEADER_BYTES + slot * SLOT_BYTES;
    }

    private static int index(long key, int slots) {
        return (int) (key >>> 40) & slots - 1;
    }

    /// Where a key is, or -1.
    private int slot(long key) {
        for (int n = 0; n < slots; n++) {
            int slot = index(key, slots) + n & slots - 1;
            if (known.getInt(at(slot) + Long.BYTES) == 0) {
                return -1;
            }
            if (known.getLong(at(slot)) == key) {
                return slot;
            }
        }
        return -1;
    }

    /// The record of a slot, or null if it is none.
    private byte[] read(int slot) {
        long position = (long) known.getInt(at(slot) + Long.BYTES) * UNIT;
        int length = known.getInt(at(slot) + Long.BYTES + Integer.BYTES);
        if (position < at(slots) || length < RECORD_HEADER_BYTES || position > known.capacity() - length) {
            return null;
        }
        byte[] record = new byte[length];
        known.get((int) position, record);
        long image = CodeImage.get4(record, SUM_BYTES), values = CodeImage.get4(record, 2 * Integer.BYTES);
        boolean sound = CodeImage.get4(record, 0) == sum(record) && image > 0 && values >= 0
                && RECORD_HEADER_BYTES + image + Integer.BYTES * values <= length;
        return sound ? record : null;
    }

    private static int sum(byte[] record) {
        CRC32 sum = new CRC32();
        sum.update(record, SUM_BYTES, record.length - SUM_BYTES);
        return (int) sum.getValue();
    }

    // ---- what is added ----

    /// Keeps host code for later runs.
    ///
    /// @param head  image of the first block
    /// @param image of all
    /// @param first whether it is to be found before others that begin with the same block
    public synchronized void keep(CodeImage head, CodeImage image, boolean first, byte[] code) {
        int[] values = image.values();
        int end = RECORD_HEADER_BYTES + image.bytes().length;
        byte[] record = new byte[end + Integer.BYTES * values.length + code.length];
        CodeImage.put4(record, SUM_BYTES, image.bytes().length);
        CodeImage.put4(record, 2 * Integer.BYTES, values.length);
        System.arraycopy(image.bytes(), 0, record, RECORD_HEADER_BYTES, image.bytes().length);
        for (int n = 0; n < values.length; n++) {
            CodeImage.put4(record, end + Integer.BYTES * n, values[n]);
        }
        System.arraycopy(code, 0, record, record.length - code.length, code.length);
        CodeImage.put4(record, 0, sum(record));
        if (addedBytes + record.length <= MAX_ADDED_BYTES && 2 * (added.size() + 1) < MAX_SLOTS) {
            byte[] before = added.put(key(head, first ? 0 : variantFor(head, image)), record);
            addedBytes += record.length - (before == null ? 0 : before.length);
        }
    }

    /// The one that there is of an image, else one that is free, else the last.
    private int variantFor(CodeImage head, CodeImage image) {
        int free = VARIANTS - 1;
        for (int variant = VARIANTS - 1; variant >= 0; variant--) {
            Entry entry = find(key(head, variant));
            if (entry == null) {
                free = variant;
            } else if (entry.hasImage(image)) {
                return variant;
            }
        }
        return free;
    }

    /// Whether so much is new that it is worth being written.
    public synchronized boolean hasGrown() {
        return added.size() > knownCount >> GROWTH_SHIFT;
    }

    /// Writes what this run has added or used, and of the rest what there is room for.
    public synchronized void writeTo(WritableByteChannel channel) throws IOException {
        Map<Long, byte[]> all = new HashMap<>(added);
        long bytes = collect(true, addedBytes, all);
        collect(false, bytes, all);
        write(all, channel);
    }

    /// Adds what is known, and was used or not, to what will be written, which has so many bytes already.
    private long collect(boolean wanted, long already, Map<Long, byte[]> all) {
        long bytes = already;
        for (int slot = 0; slot < slots; slot++) {
            long key = known.getLong(at(slot));
            if (used.get(slot) != wanted || known.getInt(at(slot) + Long.BYTES) == 0 || all.containsKey(key)) {
                continue;
            }
            byte[] record = read(slot);
            if (record != null && bytes + record.length <= MAX_BYTES && 2 * (all.size() + 1) < MAX_SLOTS) {
                all.put(key, record);
                bytes += record.length;
            }
        }
        return bytes;
    }

    private void write(Map<Long, byte[]> all, WritableByteChannel channel) throws IOException {
        int size = Integer.highestOneBit(2 * all.size() + 1) * 2;
        ByteBuffer table = ByteBuffer.allocate(HEADER_BYTES + size * SLOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        table.putLong(MAGIC).putLong(identity).putInt(size).putInt(all.size());
        int position = table.capacity();
        for (Map.Entry<Long, byte[]> entry : all.entrySet()) {
            int slot = index(entry.getKey(), size);
            while (table.getInt(at(slot) + Long.BYTES) != 0) {
                slot = slot + 1 & size - 1;
            }
            table.putLong(at(slot), entry.getKey()).putInt(at(slot) + Long.BYTES, position / UNIT)
                    .putInt(at(slot) + Long.BYTES + Integer.BYTES, entry.getValue().length);
            position += padded(entry.getValue().length);
        }
        writeAll(channel, table.rewind());
        for (byte[] record : all.values()) {
            writeAll(channel, ByteBuffer.wrap(Arrays.copyOf(record, padded(record.length))));
        }
    }

    private static int padded(int length) {
        return length + UNIT - 1 & -UNIT;
    }

    private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
