// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

/// A decoding table for literals.
///
/// RFC 8878, "Huffman Tree Description" and "Huffman-Coded Streams".
final class HuffmanTable {
    private static final int MOST_BITS = 11, MOST_SYMBOLS = 256, WEIGHTS_ACCURACY = 6;

    private final int bits;
    private final byte[] symbols;
    private final byte[] lengths;
    /// How many bytes the table's description took.
    final int described;

    private HuffmanTable(byte[] weights, int count, int described) throws DamagedException {
        int sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[i] == 0 ? 0 : 1 << weights[i] - 1;
        }
        if (sum == 0 || sum >= 1 << MOST_BITS) {
            throw new DamagedException();
        }
        this.bits = 32 - Integer.numberOfLeadingZeros(sum);
        this.described = described;
        int left = (1 << bits) - sum;
        // The last symbol's weight is not written: it is what makes the sum a power of two.
        if (Integer.bitCount(left) != 1) {
            throw new DamagedException();
        }
        weights[count] = (byte) (Integer.numberOfTrailingZeros(left) + 1);
        this.symbols = new byte[1 << bits];
        this.lengths = new byte[1 << bits];
        fill(weights, count + 1);
    }

    private void fill(byte[] weights, int count) {
        int at = 0;
        for (int weight = 1; weight <= bits; weight++) {
            for (int symbol = 0; symbol < count; symbol++) {
                if (weights[symbol] == weight) {
                    for (int i = 0; i < 1 << weight - 1; i++) {
                        symbols[at] = (byte) symbol;
                        lengths[at++] = (byte) (bits + 1 - weight);
                    }
                }
            }
        }
    }

    static HuffmanTable read(byte[] bytes, int from, int end) throws DamagedException {
        int header = bytes[from] & 0xff;
        byte[] weights = new byte[MOST_SYMBOLS + 1];
        if (header < 128) {
            if (from + 1 + header > end) {
                throw new DamagedException();
            }
            int count = readWeights(bytes, from + 1, header, weights);
            return new HuffmanTable(weights, count, 1 + header);
        }
        int count = header - 127;
        for (int i = 0; i < count; i++) {
            int pair = bytes[from + 1 + i / 2];
            weights[i] = (byte) (i % 2 == 0 ? pair >>> 4 & 15 : pair & 15);
            requireWeight(weights[i]);
        }
        return new HuffmanTable(weights, count, 1 + (count + 1) / 2);
    }

    private static void requireWeight(int weight) throws DamagedException {
        if (weight > MOST_BITS) {
            throw new DamagedException();
        }
    }

    /// Two states take turns, until there are not enough bits for the next.
    private static int readWeights(byte[] bytes, int from, int length, byte[] weights) throws DamagedException {
        FseTable table = FseTable.read(bytes, from, from + length, WEIGHTS_ACCURACY, MOST_BITS + 1);
        BackwardBits in = new BackwardBits(bytes, from + table.described, length - table.described);
        int[] states = {(int) in.read(table.accuracy), (int) in.read(table.accuracy)};
        int count = 0;
        int turn = 0;
        while (true) {
            if (count > MOST_SYMBOLS - 3) {
                throw new DamagedException();
            }
            int state = states[turn];
            weights[count++] = (byte) table.symbol(state);
            turn ^= 1;
            if (table.bits(state) > in.left()) {
                weights[count++] = (byte) table.symbol(states[turn]);
                return count;
            }
            states[turn ^ 1] = table.next(state, in.read(table.bits(state)));
        }
    }

    /// Decodes a stream into `count` bytes of `target`.
    void decode(byte[] bytes, int from, int length, byte[] target, int at, int count) throws DamagedException {
        BackwardBits in = new BackwardBits(bytes, from, length);
        for (int i = 0; i < count; i++) {
            int code = (int) in.peek(bits);
            target[at + i] = symbols[code];
            in.skip(lengths[code]);
        }
        if (in.left() != 0) {
            throw new DamagedException();
        }
    }
}
