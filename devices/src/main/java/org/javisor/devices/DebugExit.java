// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.function.IntConsumer;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;

/// The port through which a test program ends its machine with an exit status, known as `isa-debug-exit`
/// elsewhere.
///
/// Writing `value` ends with status `value * 2 + 1`, which is never 0: a machine that ended by itself can be
/// told from one that its guest ended. Reads give 0.
public final class DebugExit implements BusDevice, Chip<DebugExit.State> {
    /// Where guests expect it unless told otherwise.
    public static final int DEFAULT_PORT = 0xf4, DEFAULT_PORTS = 4;

    /// It remembers nothing.
    public record State() { }

    private final IntConsumer onExit;

    /// @param onExit gets the status on the vCPU's thread, and returns: the guest may run on a little
    public DebugExit(IntConsumer onExit) {
        this.onExit = onExit;
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        onExit.accept((int) value << 1 | 1);
    }

    @Override
    public void reset() { }

    @Override
    public State save() {
        return new State();
    }

    @Override
    public void load(State state) { }
}
