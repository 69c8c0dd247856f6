// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;
import org.javisor.memory.InterruptLine;

/// Interrupt inputs that several devices drive: each asks for an input of its own, and the wire behind them
/// is high while any of them is.
public final class SharedLines implements IntFunction<InterruptLine> {
    private final IntFunction<InterruptLine> lines;
    private final Map<Integer, Gate> gates = new HashMap<>();

    /// @param lines the wires by their numbers
    public SharedLines(IntFunction<InterruptLine> lines) {
        this.lines = lines;
    }

    /// A new input to the OR gate in front of wire `number`. It is to be driven to a level it does not have.
    @Override
    public synchronized InterruptLine apply(int number) {
        Gate gate = gates.computeIfAbsent(number, n -> new Gate(lines.apply(n)));
        return gate::change;
    }

    private static final class Gate {
        private final Pin output;
        private int high;

        Gate(InterruptLine line) {
            output = new Pin(line);
        }

        void change(boolean level) {
            synchronized (this) {
                high = Math.max(0, high + (level ? 1 : -1));
                output.set(high > 0);
            }
            output.drive();
        }
    }
}
