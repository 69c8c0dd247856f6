// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/// What a translation was made of, in the same form wherever it is: by it another run finds the host code again
/// ([KeptCode]).
///
/// It holds the bytes of the blocks, what they were decoded to, and what else decides about their host code. The
/// addresses of a kernel among the instructions' constants ([KernelConstants]) are left out: they are the [#values],
/// and where the kernel is elsewhere they all differ by the same.
public final class CodeImage {
    /// What [#distance] gives where it is not the same code.
    public static final int OTHER_CODE = Integer.MIN_VALUE;

    private static final int HEADER_BYTES = 3, BLOCK_BYTES = 5, MNEMONIC_BYTES = 2;
    private static final int LOGGED = 1, COUNTED = 2, BUS_LOCKS_LEAVE = 4;
    private static final int SEPARATE = 0x8000;

    private final byte[] bytes;
    private final int[] values;
    private final long headHash;

    private CodeImage(byte[] bytes, int[] values, long headHash) {
        this.bytes = bytes;
        this.values = values;
        this.headHash = headHash;
    }

    /// @param blocks  of one page and decode mode, in the order of the translation
    /// @param logged  as of [BlockTranslator#translate]
    /// @param counted likewise
    /// @param busLocksLeave as of [Translation#busLocksLeave]
    static CodeImage of(List<Block> blocks, boolean logged, boolean counted, boolean busLocksLeave) {
        return new Writer(blocks)
                .write((logged ? LOGGED : 0) | (counted ? COUNTED : 0) | (busLocksLeave ? BUS_LOCKS_LEAVE : 0));
    }

    private static final class Writer {
        private final List<Block> blocks;
        private final byte[] bytes;
        private int[] values = {};
        private int at;

        private Writer(List<Block> blocks) {
            this.blocks = blocks;
            int size = HEADER_BYTES;
            for (Block block : blocks) {
                size += BLOCK_BYTES + MNEMONIC_BYTES * block.insns.length + block.code.length;
            }
            bytes = new byte[size];
        }

        private CodeImage write(int how) {
            Block head = blocks.getFirst();
            put2(head.decodeMode);
            put1(how);
            for (Block block : blocks) {
                put(block);
            }
            return new CodeImage(bytes, values, head.hash);
        }

        private void put(Block block) {
            put2(block.start);
            put2(block.code.length);
            put1(block.insns.length);
            for (Insn insn : block.insns) {
                boolean separate = block.page != null && block.page.isSeparate(insn.end - insn.length);
                put2(insn.mnemonic().ordinal() | (separate ? SEPARATE : 0));
            }
            int from = at;
            System.arraycopy(block.code, 0, bytes, at, block.code.length);
            at += block.code.length;
            for (Insn insn : block.insns) {
                takeOut(insn, from + insn.end - block.start);
            }
        }

        /// Takes the constants out of the instruction that ends at `end`.
        private void takeOut(Insn insn, int end) {
            if (KernelConstants.hasDisplacement(insn)) {
                int field = KernelConstants.displacementAt(insn, bytes, end);
                if (field >= 0) {
                    takeOut(field, KernelConstants.movesBackwards(insn));
                }
            }
            if (KernelConstants.hasImmediate(insn)) {
                takeOut(KernelConstants.immediateAt(insn, end), false);
            }
        }

        private void takeOut(int field, boolean backwards) {
            int value = get4(bytes, field);
            put4(bytes, field, 0);
            values = Arrays.copyOf(values, values.length + 1);
            values[values.length - 1] = backwards ? -value : value;
        }

        private void put1(int value) {
            bytes[at++] = (byte) value;
        }

        private void put2(int value) {
            put1(value);
            put1(value >> 8);
        }
    }

    static int get4(byte[] from, int at) {
        return from[at] & 0xff | (from[at + 1] & 0xff) << 8 | (from[at + 2] & 0xff) << 16 | from[at + 3] << 24;
    }

    static void put4(byte[] to, int at, int value) {
        for (int n = 0; n < 4; n++) {
            to[at + n] = (byte) (value >> 8 * n);
        }
    }

    byte[] bytes() {
        return bytes;
    }

    int[] values() {
        return values;
    }

    /// Whether there are constants that move with the kernel.
    public boolean moves() {
        return values.length != 0;
    }

    /// Of an image of the first block alone: what to look for.
    long key() {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return headHash ^ sum.getValue();
    }

    /// Whether a longer image begins with this one.
    ///
    /// @param other bytes that contain it
    /// @param from  where it starts
    boolean begins(byte[] other, int from, int to) {
        return to - from >= bytes.length && Arrays.equals(bytes, 0, bytes.length, other, from, from + bytes.length);
    }

    /// How far the kernel is from where it was when an image with the same bytes had `earlier` values: 0 if the code
    /// has no such constants, [#OTHER_CODE] if it is another one.
    int distance(int[] earlier) {
        if (earlier.length != values.length) {
            return OTHER_CODE;
        }
        int distance = values.length == 0 ? 0 : values[0] - earlier[0];
        for (int n = 1; n < values.length; n++) {
            if (values[n] - earlier[n] != distance) {
                return OTHER_CODE;
            }
        }
        return distance;
    }

    /// The offsets in their page of the blocks of an image.
    ///
    /// @return null if it is none
    static int[] starts(byte[] image, int from, int to) {
        int[] starts = new int[4];
        int count = 0;
        for (int at = from + HEADER_BYTES; at < to; count++) {
            if (at + BLOCK_BYTES > to) {
                return null;
            }
            starts = count == starts.length ? Arrays.copyOf(starts, 2 * count) : starts;
            starts[count] = image[at] & 0xff | (image[at + 1] & 0xff) << 8;
            int length = image[at + 2] & 0xff | (image[at + 3] & 0xff) << 8;
            at += BLOCK_BYTES + MNEMONIC_BYTES * (image[at + 4] & 0xff) + length;
        }
        return Arrays.copyOf(starts, count);
    }
}
