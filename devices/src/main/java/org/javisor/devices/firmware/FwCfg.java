// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.GuestMemory;

/// QEMU's firmware configuration device: items of bytes, by number, some of them files with names. Read a byte at a
/// time through two ports, or at once by DMA.
///
/// An item is made when it is first selected after a reset: what depends on how the firmware has set up the board is
/// right by then.
///
/// @qemu docs/specs/fw_cfg.rst
public final class FwCfg implements BusDevice, Chip<FwCfg.State> {
    public static final int PORT = 0x510, PORTS = 12;

    /// A 16-bit write to the first selects an item; each read of the second gives its next byte. The address of a DMA
    /// request has its highest byte first; writing the lower half starts it.
    private static final int SELECTOR = 0, DATA = 1, ADDRESS = 4;

    // Items without names.
    private static final int SIGNATURE = 0, FEATURES = 1, CPUS = 5, BOOT_MENU = 0xe, MAX_CPUS = 0xf, DIRECTORY = 0x19,
            FIRST_FILE = 0x20;
    private static final int TRADITIONAL = 1, DMA = 2;
    private static final int NAME_BYTES = 56;
    private static final int KEY_BITS = 0xffff;

    // The control word of a DMA request.
    private static final int ERROR = 1, READ = 1 << 1, SKIP = 1 << 2, SELECT = 1 << 3, WRITE = 1 << 4;
    private static final int REQUEST_BYTES = 16;
    /// What the address registers read as.
    private static final long DMA_SIGNATURE = 0x5145_4d55_2043_4647L;

    /// @param selected the selected item
    /// @param position of the next byte in it
    /// @param address  upper half of the next DMA request's address
    public record State(int selected, int position, int address) {
        public State {
            if ((selected & ~KEY_BITS) != 0 || position < 0) {
                throw new IllegalArgumentException("firmware configuration item " + selected + " at " + position);
            }
        }
    }

    private record File(String name, int key) { }

    private final Object lock = new Object();
    private final GuestMemory memory;
    private final Map<Integer, Supplier<byte[]>> sources = new HashMap<>();
    private final List<File> files = new ArrayList<>();
    private final Set<Integer> writable = new HashSet<>();
    private final Map<Integer, Live> live = new HashMap<>();
    /// Made since the last reset.
    private final Map<Integer, byte[]> items = new HashMap<>();
    private int selected;
    private int position;
    private int addressHigh;

    public FwCfg(GuestMemory memory, int cpus) {
        this.memory = memory;
        item(SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        item(FEATURES, new byte[] {TRADITIONAL | DMA, 0, 0, 0});
        item(CPUS, new byte[] {(byte) cpus, (byte) (cpus >>> 8)});
        item(MAX_CPUS, new byte[] {(byte) cpus, (byte) (cpus >>> 8)});
        sources.put(DIRECTORY, this::directory);
    }

    /// Whether firmware is to offer a choice of what it starts; before the machine runs.
    public void bootMenu(boolean offered) {
        item(BOOT_MENU, new byte[] {(byte) (offered ? 1 : 0), 0});
    }

    private void item(int key, byte[] content) {
        sources.put(key, () -> content);
    }

    /// Adds a file; before the machine runs.
    ///
    /// @param name at most 55 characters
    public void file(String name, Supplier<byte[]> content) {
        if (name.length() >= NAME_BYTES) {
            throw new IllegalArgumentException("a name too long: " + name);
        }
        int key = FIRST_FILE + files.size();
        files.add(new File(name, key));
        sources.put(key, content);
    }

    /// As [#file], for what is not always of the same length: it gets zeros at its end, because firmware asks for
    /// lengths first.
    ///
    /// @param length more than it ever has
    public void file(String name, int length, Supplier<byte[]> content) {
        file(name, () -> Arrays.copyOf(content.get(), length));
    }

    /// As [#file], for what never changes.
    public void file(String name, byte[] content) {
        file(name, () -> content);
    }

    /// As [#file], for what firmware may write, too; its length stays.
    public void writableFile(String name, byte[] content) {
        writable.add(FIRST_FILE + files.size());
        file(name, () -> content);
    }

    /// What a file holds at the moment.
    @FunctionalInterface
    public interface Live {
        /// @param selected whether firmware has selected the file, and does not only ask how long it is
        byte[] content(boolean selected);
    }

    /// As [#file], for what is made anew each time that the file is selected.
    public void liveFile(String name, Live content) {
        live.put(FIRST_FILE + files.size(), content);
        file(name, () -> content.content(false));
    }

    private byte[] directory() {
        ByteBuffer directory = ByteBuffer.allocate(4 + files.size() * (8 + NAME_BYTES));
        directory.putInt(files.size());
        for (File file : files) {
            byte[] name = new byte[NAME_BYTES];
            byte[] text = file.name.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(text, 0, name, 0, text.length);
            // Not kept: it is asked for before the firmware sets the board up.
            int length = sources.get(file.key).get().length;
            directory.putInt(length).putShort((short) file.key).putShort((short) 0).put(name);
        }
        return directory.array();
    }

    private byte[] content(int key) {
        byte[] made = items.get(key);
        if (made == null) {
            Supplier<byte[]> source = sources.get(key);
            made = source == null ? new byte[0] : source.get();
            items.put(key, made);
        }
        return made;
    }

    // ---- ports ----

    @Override
    public long read(long offset, int size) {
        if (offset == DATA) {
            return next();
        }
        boolean signature = offset >= ADDRESS && offset + size <= PORTS;
        return signature ? Long.reverseBytes(DMA_SIGNATURE) >>> 8 * (offset - ADDRESS) : -1;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == SELECTOR && size == 2) {
            synchronized (lock) {
                select((int) value & KEY_BITS);
            }
        } else if (offset == ADDRESS && size == 4) {
            addressHigh(Integer.reverseBytes((int) value));
        } else if (offset == ADDRESS + 4 && size == 4) {
            request(Integer.reverseBytes((int) value));
        }
    }

    private void select(int key) {
        selected = key;
        position = 0;
        Live content = live.get(key);
        if (content != null) {
            items.put(key, content.content(true));
        }
    }

    private int next() {
        synchronized (lock) {
            byte[] item = content(selected);
            return position < item.length ? item[position++] & 0xff : 0;
        }
    }

    private void addressHigh(int value) {
        synchronized (lock) {
            addressHigh = value;
        }
    }

    private void request(int addressLow) {
        synchronized (lock) {
            long gpa = (long) addressHigh << 32 | addressLow & 0xffff_ffffL;
            addressHigh = 0;
            if (!memory.backs(gpa, REQUEST_BYTES)) {
                return;
            }
            int control = Integer.reverseBytes(memory.loadInt(gpa));
            int length = Integer.reverseBytes(memory.loadInt(gpa + 4));
            long address = Long.reverseBytes(memory.loadLong(gpa + 8));
            if ((control & SELECT) != 0) {
                select(control >>> 16);
            }
            boolean done = transfer(control, length & 0xffff_ffffL, address);
            try {
                memory.storeInt(gpa, Integer.reverseBytes(done ? 0 : ERROR));
            } catch (GuestMemory.OutOfRangeException _) {
                // The request is in memory that cannot be written: nobody can be told.
                return;
            }
        }
    }

    /// @return whether it could be done
    private boolean transfer(int control, long length, long address) {
        byte[] item = content(selected);
        int left = Math.max(0, item.length - position);
        int count = (int) Math.min(length, left);
        if ((control & READ) != 0) {
            if (!fill(address, item, count, length)) {
                return false;
            }
            position += count;
        } else if ((control & WRITE) != 0) {
            if (!writable.contains(selected) || length > left || !take(address, item, count)) {
                return false;
            }
            position += count;
        } else if ((control & SKIP) != 0) {
            position += count;
        }
        return true;
    }

    private boolean take(long address, byte[] item, int count) {
        if (!memory.backs(address, count)) {
            return false;
        }
        memory.load(address, item, position, count);
        return true;
    }

    /// Copies `count` bytes of an item and zeroes behind them, where memory is.
    private boolean fill(long address, byte[] item, int count, long length) {
        if (!memory.backs(address, length)) {
            return length == 0;
        }
        try {
            memory.store(address, item, position, count);
            byte[] zeroes = new byte[GuestMemory.PAGE_BYTES];
            for (long at = count; at < length; at += zeroes.length) {
                memory.store(address + at, zeroes, 0, (int) Math.min(zeroes.length, length - at));
            }
            return true;
        } catch (GuestMemory.OutOfRangeException _) {
            return false;
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        synchronized (lock) {
            items.clear();
            select(0);
            addressHigh = 0;
        }
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(selected, position, addressHigh);
        }
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            items.clear();
            selected = state.selected;
            position = state.position;
            addressHigh = state.address;
        }
    }
}
