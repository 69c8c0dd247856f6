// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import org.javisor.memory.BusDevice;
import org.javisor.memory.InterruptLine;

/// The PC's way to report x87 errors to software that leaves CR0.NE clear: FERR# raises IRQ 13, and a write to port
/// 0xf0 lowers it. Any thread.
final class CoprocessorError implements BusDevice {
    static final int PORT = 0xf0, IRQ = 13;

    private final InterruptLine irq;

    CoprocessorError(InterruptLine irq) {
        this.irq = irq;
    }

    /// A processor asserts FERR#.
    void raise() {
        irq.set(true);
    }

    @Override
    public long read(long offset, int size) {
        return -1;
    }

    @Override
    public void write(long offset, int size, long value) {
        irq.set(false);
    }
}
