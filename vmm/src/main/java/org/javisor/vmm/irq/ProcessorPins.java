// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// What a local APIC does to the processor it belongs to. All but [#dropInterrupt] and [#tsc] are called from any
/// thread, wake a halted processor, and return at once.
public interface ProcessorPins {
    /// Asserts INTR: [LocalApic#acknowledge] is worth asking.
    void raiseInterrupt();

    /// Takes INTR back. The processor's own thread.
    void dropInterrupt();

    void nmi();

    void smi();

    void init();

    /// A level-triggered interrupt has been ended, in a machine whose I/O APIC is its owner's. The processor's own
    /// thread.
    default void endOfInterrupt(int vector) { }

    /// A start-up IPI for code at `vector` << 12.
    void startup(int vector);

    /// The processor's time stamp counter now. Any thread.
    long tsc();

    /// How many nanoseconds so many ticks of it take. Any thread.
    default long tscNanos(long ticks) {
        return ticks;
    }
}
