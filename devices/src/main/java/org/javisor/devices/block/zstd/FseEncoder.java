// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

/// Encodes symbols with finite state entropy, such that a [FseTable] of the same counts reads them, the last one first.
///
/// For each symbol the states that stand for it divide the range of all states; which of them follows says the bits
/// that are written.
final class FseEncoder {
    /// A distribution of symbols, ready to encode with. Shared by all encoders.
    static final class Model {
        private final int accuracy;
        private final short[] states;
        private final int[] firsts;
        private final int[] counts;

        Model(int accuracy, int[] distribution) {
            this.accuracy = accuracy;
            this.counts = new int[distribution.length];
            this.firsts = new int[distribution.length];
            int total = 0;
            for (int symbol = 0; symbol < distribution.length; symbol++) {
                firsts[symbol] = total;
                counts[symbol] = Math.abs(distribution[symbol]);
                total += counts[symbol];
            }
            this.states = new short[1 << accuracy];
            try {
                FseTable table = FseTable.of(accuracy, distribution, distribution.length, 0);
                int[] next = firsts.clone();
                for (int state = 0; state < 1 << accuracy; state++) {
                    states[next[table.symbol(state)]++] = (short) state;
                }
            } catch (DamagedException e) {
                throw new AssertionError("a distribution that is none", e);
            }
        }
    }

    private final Model model;
    /// The state plus the number of states, as the arithmetic of it wants.
    private int state = -1;

    FseEncoder(Model model) {
        this.model = model;
    }

    /// Adds a symbol, before those that have been added.
    void encode(int symbol, ForwardWriter out) {
        int count = model.counts[symbol];
        int size = 1 << model.accuracy;
        if (state < 0) {
            // The first one may be any of the symbol's states.
            state = size + model.states[model.firsts[symbol]];
            return;
        }
        // So many bits are written that what is left of the state tells the symbol's states apart.
        int width = 0;
        while (state >>> width >= 2 * count) {
            width++;
        }
        out.write(state, width);
        state = size + model.states[model.firsts[symbol] + (state >>> width) - count];
    }

    /// Writes the state with which reading begins.
    void finish(ForwardWriter out) {
        out.write(state, model.accuracy);
    }
}
