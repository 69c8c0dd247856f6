// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Makes frames of what repeats: copies are found by a table of hashes and written with the predefined distributions;
/// literals stay as they are. Less small than what zstd makes, and simple.
public final class ZstdEncoder {
    private static final int MAGIC = 0xfd2fb528, SINGLE_WITH_FOUR_BYTES = 0xa0, BLOCK = 128 << 10;
    private static final int RAW = 0, COMPRESSED = 2, HASH_BITS = 15, LEAST_MATCH = 4, HEADER_ROOM = 16;

    private final byte[] in;
    private final int[] heads = new int[1 << HASH_BITS];
    private final ByteBuffer out;
    private final Sequences sequences = new Sequences();

    private ZstdEncoder(byte[] in, byte[] out) {
        this.in = in;
        this.out = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.fill(heads, -1);
    }

    /// Encodes all of `in`.
    ///
    /// @return how many bytes of `out` it takes, or -1 if there is not enough room
    public static int encode(byte[] in, byte[] out) {
        try {
            return new ZstdEncoder(in, out).frame();
        } catch (IndexOutOfBoundsException | java.nio.BufferOverflowException _) {
            // It would not become smaller.
            return -1;
        }
    }

    private int frame() {
        out.putInt(MAGIC).put((byte) SINGLE_WITH_FOUR_BYTES).putInt(in.length);
        for (int from = 0; from < in.length || from == 0; from += BLOCK) {
            int to = Math.min(in.length, from + BLOCK);
            block(from, to, to == in.length);
        }
        return out.position();
    }

    private void block(int from, int to, boolean last) {
        sequences.clear();
        int literalsFrom = from;
        for (int at = from; at + LEAST_MATCH <= to; ) {
            int hash = hash(at);
            int earlier = heads[hash];
            heads[hash] = at;
            int length = earlier < 0 ? 0 : matchLength(earlier, at, to);
            if (length < LEAST_MATCH) {
                at++;
                continue;
            }
            sequences.add(in, literalsFrom, at - literalsFrom, at - earlier, length);
            at += length;
            literalsFrom = at;
        }
        sequences.addLast(in, literalsFrom, to - literalsFrom);
        byte[] block = new byte[to - from + HEADER_ROOM];
        int size = sequences.write(block);
        boolean smaller = size > 0 && size < to - from;
        header(last, smaller ? COMPRESSED : RAW, smaller ? size : to - from);
        out.put(smaller ? block : in, smaller ? 0 : from, smaller ? size : to - from);
    }

    private void header(boolean last, int type, int size) {
        int header = (last ? 1 : 0) | type << 1 | size << 3;
        out.put((byte) header).put((byte) (header >>> 8)).put((byte) (header >>> 16));
    }

    private int hash(int at) {
        int word = in[at] & 0xff | (in[at + 1] & 0xff) << 8 | (in[at + 2] & 0xff) << 16 | in[at + 3] << 24;
        return word * 0x9e3779b1 >>> 32 - HASH_BITS;
    }

    private int matchLength(int earlier, int at, int to) {
        int different = Arrays.mismatch(in, earlier, to - (at - earlier), in, at, to);
        return different < 0 ? to - at : different;
    }

    /// A block's sequences and literals, on their way into bytes.
    private static final class Sequences {
        private static final int MOST = 0x7f00;

        private final byte[] literals = new byte[BLOCK];
        private int literalCount;
        private final int[] runs = new int[BLOCK / LEAST_MATCH];
        private final int[] offsets = new int[BLOCK / LEAST_MATCH];
        private final int[] matches = new int[BLOCK / LEAST_MATCH];
        private int count;

        void clear() {
            count = 0;
            literalCount = 0;
        }

        void add(byte[] in, int from, int run, int offset, int match) {
            addLast(in, from, run);
            runs[count] = run;
            offsets[count] = offset;
            matches[count++] = match;
        }

        void addLast(byte[] in, int from, int run) {
            System.arraycopy(in, from, literals, literalCount, run);
            literalCount += run;
        }

        /// @return how many bytes, or 0 if they are too many
        int write(byte[] block) {
            if (count == 0 || count >= MOST) {
                return 0;
            }
            try {
                int at = writeHeaders(block);
                return SequenceWriter.write(block, at, count, runs, offsets, matches);
            } catch (IndexOutOfBoundsException _) {
                return 0;
            }
        }

        /// Raw literals with a length of 20 bits; predefined distributions.
        private int writeHeaders(byte[] block) {
            int header = RAW | 3 << 2 | literalCount << 4;
            block[0] = (byte) header;
            block[1] = (byte) (header >>> 8);
            block[2] = (byte) (header >>> 16);
            System.arraycopy(literals, 0, block, 3, literalCount);
            int at = 3 + literalCount;
            if (count < 128) {
                block[at++] = (byte) count;
            } else {
                block[at++] = (byte) ((count >>> 8) + 128);
                block[at++] = (byte) count;
            }
            block[at++] = 0;
            return at;
        }
    }
}
