// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

/// Puts a block together: literals, and copies of what came before. Tables and offsets last from block to block.
///
/// RFC 8878, "Sequences Section", "Sequence Execution" and "Repeat Offsets".
final class SequenceDecoder {
    static final int[] LITERAL_COUNTS = {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1};
    static final int[] MATCH_COUNTS = {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1};
    static final int[] OFFSET_COUNTS = {1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        -1, -1, -1, -1, -1};
    static final int[] LITERAL_BITS = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3,
        4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static final int[] MATCH_BITS = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static final int[] LITERAL_BASES = bases(LITERAL_BITS, 0), MATCH_BASES = bases(MATCH_BITS, 3);
    static final int LITERAL_ACCURACY = 6, MATCH_ACCURACY = 6, OFFSET_ACCURACY = 5;
    private static final int MOST_LITERAL_ACCURACY = 9, MOST_MATCH_ACCURACY = 9, MOST_OFFSET_ACCURACY = 8;
    private static final int MOST_OFFSET_CODES = 32;
    private static final int PREDEFINED = 0, RLE = 1, DESCRIBED = 2;

    private FseTable literalTable;
    private FseTable offsetTable;
    private FseTable matchTable;
    private int recent = 1;
    private int second = 4;
    private int third = 8;
    private int at;
    private byte[] literals;
    private int literalsUsed;
    private int literalsLeft;

    /// Each code's range begins where the one before it ends.
    private static int[] bases(int[] bits, int first) {
        int[] bases = new int[bits.length];
        int next = first;
        for (int code = 0; code < bits.length; code++) {
            bases[code] = next;
            next += 1 << bits[code];
        }
        return bases;
    }

    /// Decodes the sequences of the block that ends at `end`, and does what they say.
    ///
    /// @return how much of `out` is filled then
    int decode(byte[] in, int from, int end, byte[] literals, int literalCount, byte[] out, int produced)
            throws DamagedException {
        at = from;
        this.literals = literals;
        this.literalsLeft = literalCount;
        this.literalsUsed = 0;
        int count = sequenceCount(in);
        int to = produced;
        if (count > 0) {
            readTables(in, end);
            to = execute(new BackwardBits(in, at, end - at), count, out, to);
        }
        return copyLiterals(literalsLeft, out, to);
    }

    private void readTables(byte[] in, int end) throws DamagedException {
        int modes = in[at++];
        literalTable = table(in, end, modes >>> 6 & 3, literalTable, LITERAL_ACCURACY, LITERAL_COUNTS,
                MOST_LITERAL_ACCURACY, LITERAL_BITS.length);
        offsetTable = table(in, end, modes >>> 4 & 3, offsetTable, OFFSET_ACCURACY, OFFSET_COUNTS,
                MOST_OFFSET_ACCURACY, MOST_OFFSET_CODES);
        matchTable = table(in, end, modes >>> 2 & 3, matchTable, MATCH_ACCURACY, MATCH_COUNTS,
                MOST_MATCH_ACCURACY, MATCH_BITS.length);
    }

    private int execute(BackwardBits bits, int count, byte[] out, int produced) throws DamagedException {
        int to = produced;
        int literalState = (int) bits.read(literalTable.accuracy);
        int offsetState = (int) bits.read(offsetTable.accuracy);
        int matchState = (int) bits.read(matchTable.accuracy);
        for (int i = 0; i < count; i++) {
            int offsetCode = offsetTable.symbol(offsetState);
            long offsetValue = (1L << offsetCode) + bits.read(offsetCode);
            int matchCode = matchTable.symbol(matchState);
            int match = MATCH_BASES[matchCode] + (int) bits.read(MATCH_BITS[matchCode]);
            int literalCode = literalTable.symbol(literalState);
            int run = LITERAL_BASES[literalCode] + (int) bits.read(LITERAL_BITS[literalCode]);
            if (i + 1 < count) {
                literalState = literalTable.next(literalState, bits.read(literalTable.bits(literalState)));
                matchState = matchTable.next(matchState, bits.read(matchTable.bits(matchState)));
                offsetState = offsetTable.next(offsetState, bits.read(offsetTable.bits(offsetState)));
            }
            to = copyLiterals(run, out, to);
            to = copyMatch(out, to, offset(offsetValue, run), match);
        }
        if (bits.left() != 0) {
            throw new DamagedException();
        }
        return to;
    }

    private int copyLiterals(int count, byte[] out, int to) throws DamagedException {
        if (count > literalsLeft) {
            throw new DamagedException();
        }
        System.arraycopy(literals, literalsUsed, out, to, count);
        literalsUsed += count;
        literalsLeft -= count;
        return to + count;
    }

    private int sequenceCount(byte[] in) {
        int first = in[at++] & 0xff;
        if (first < 128) {
            return first;
        }
        int next = in[at++] & 0xff;
        return first < 255 ? (first - 128 << 8) + next : next + ((in[at++] & 0xff) << 8) + 0x7f00;
    }

    private FseTable table(byte[] in, int end, int mode, FseTable before, int accuracy, int[] counts, int mostAccuracy,
                           int mostSymbols) throws DamagedException {
        FseTable table = switch (mode) {
            case PREDEFINED -> FseTable.of(accuracy, counts, counts.length, 0);
            case RLE -> FseTable.of(requireCode(in[at] & 0xff, mostSymbols));
            case DESCRIBED -> FseTable.read(in, at, end, mostAccuracy, mostSymbols);
            default -> before;
        };
        if (table == null) {
            throw new DamagedException();
        }
        at += table == before ? 0 : table.described;
        return table;
    }

    private static int requireCode(int code, int codes) throws DamagedException {
        if (code >= codes) {
            throw new DamagedException();
        }
        return code;
    }

    /// Small values stand for one of the last three offsets.
    private int offset(long value, int run) {
        if (value > 3) {
            third = second;
            second = recent;
            recent = (int) Math.min(value - 3, Integer.MAX_VALUE);
            return recent;
        }
        int which = (int) value - 1 + (run == 0 ? 1 : 0);
        int offset = switch (which) {
            case 0 -> recent;
            case 1 -> second;
            case 2 -> third;
            default -> recent - 1;
        };
        if (which > 1) {
            third = second;
        }
        if (which > 0) {
            second = recent;
        }
        recent = offset;
        return offset;
    }

    /// Byte by byte where source and target overlap: what has just been copied is copied on.
    private static int copyMatch(byte[] out, int to, int offset, int length) throws DamagedException {
        if (offset <= 0 || offset > to || length > out.length - to) {
            throw new DamagedException();
        }
        if (offset >= length) {
            System.arraycopy(out, to - offset, out, to, length);
        } else {
            for (int i = 0; i < length; i++) {
                out[to + i] = out[to - offset + i];
            }
        }
        return to + length;
    }
}
