// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

/// A decoding table for finite state entropy: each state has a symbol, and how to find the next state.
///
/// RFC 8878, "FSE" and "FSE Table Description".
final class FseTable {
    final int accuracy;
    private final byte[] symbols;
    private final byte[] bits;
    private final short[] bases;
    /// How many bytes the table's description took.
    final int described;

    private FseTable(int accuracy, int described) {
        this.accuracy = accuracy;
        this.described = described;
        this.symbols = new byte[1 << accuracy];
        this.bits = new byte[1 << accuracy];
        this.bases = new short[1 << accuracy];
    }

    int symbol(int state) {
        return symbols[state] & 0xff;
    }

    int bits(int state) {
        return bits[state];
    }

    int next(int state, long more) {
        return (bases[state] & 0xffff) + (int) more;
    }

    /// A table with one state.
    static FseTable of(int symbol) {
        FseTable table = new FseTable(0, 1);
        table.symbols[0] = (byte) symbol;
        return table;
    }

    /// @param counts how many states each symbol has; -1 for less than one
    static FseTable of(int accuracy, int[] counts, int symbolCount, int described) throws DamagedException {
        FseTable table = new FseTable(accuracy, described);
        int size = 1 << accuracy;
        int[] next = new int[symbolCount];
        int high = size - 1;
        for (int symbol = 0; symbol < symbolCount; symbol++) {
            next[symbol] = Math.abs(counts[symbol]);
            if (counts[symbol] < 0) {
                table.symbols[high--] = (byte) symbol;
            }
        }
        int step = (size >> 1) + (size >> 3) + 3;
        int at = 0;
        for (int symbol = 0; symbol < symbolCount; symbol++) {
            for (int i = 0; i < counts[symbol]; i++) {
                table.symbols[at] = (byte) symbol;
                do {
                    at = at + step & size - 1;
                } while (at > high);
            }
        }
        if (at != 0) {
            throw new DamagedException();
        }
        for (int state = 0; state < size; state++) {
            int count = next[table.symbols[state] & 0xff]++;
            int needed = accuracy - (31 - Integer.numberOfLeadingZeros(count));
            table.bits[state] = (byte) needed;
            table.bases[state] = (short) ((count << needed) - size);
        }
        return table;
    }

    /// Reads a table's description from the bytes at `from`.
    static FseTable read(byte[] bytes, int from, int end, int mostAccuracy, int mostSymbols) throws DamagedException {
        ForwardBits in = new ForwardBits(bytes, from, end);
        int accuracy = in.read(4) + 5;
        if (accuracy > mostAccuracy) {
            throw new DamagedException();
        }
        int[] counts = new int[mostSymbols];
        int symbol = 0;
        int remaining = (1 << accuracy) + 1;
        int threshold = 1 << accuracy;
        int width = accuracy + 1;
        while (remaining > 1) {
            int small = 2 * threshold - 1 - remaining;
            int value = in.peek(width - 1);
            if (value < small) {
                in.read(width - 1);
            } else {
                value = in.read(width);
                value -= value >= threshold ? small : 0;
            }
            int count = value - 1;
            remaining -= Math.abs(count);
            if (symbol >= mostSymbols || remaining < 1) {
                throw new DamagedException();
            }
            counts[symbol++] = count;
            if (count == 0) {
                symbol += in.zeroes();
            }
            while (remaining < threshold && threshold > 1) {
                width--;
                threshold >>= 1;
            }
        }
        if (symbol > mostSymbols) {
            throw new DamagedException();
        }
        return of(accuracy, counts, symbol, in.bytesRead());
    }

    /// Bits from the low end of each byte up.
    private static final class ForwardBits {
        private final byte[] bytes;
        private final int from;
        private final int end;
        private int position;

        ForwardBits(byte[] bytes, int from, int end) {
            this.bytes = bytes;
            this.from = from;
            this.end = end;
        }

        int peek(int count) {
            int value = 0;
            for (int i = 0; i < count; i++) {
                int at = from + (position + i >>> 3);
                int bit = at < end ? bytes[at] >>> (position + i & 7) & 1 : 0;
                value |= bit << i;
            }
            return value;
        }

        int read(int count) throws DamagedException {
            int value = peek(count);
            position += count;
            if (bytesRead() > end - from) {
                throw new DamagedException();
            }
            return value;
        }

        /// How many further symbols have no state: groups of two bits, as long as they are 3.
        int zeroes() throws DamagedException {
            int count = 0;
            int more;
            do {
                more = read(2);
                count += more;
            } while (more == 3);
            return count;
        }

        int bytesRead() {
            return position + 7 >>> 3;
        }
    }
}
