// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;

/// The least that a processor can be plugged into: memory from address 0, buses on which nothing is, and nobody who
/// interrupts. For code that is looked at, measured or tested without a machine around it.
public class BareBoard implements CpuEnvironment, AutoCloseable {
    private final Ram ram;
    private final GuestMemory memory = new GuestMemory();
    private final IoBus ports = new IoBus("port", 0xffff);
    private final IoBus mmio = new IoBus("MMIO address", -1);
    private final CpuGroup group;

    /// @param bytes of memory, a multiple of 4 KiB
    public BareBoard(long bytes) {
        ram = Ram.allocate(bytes);
        memory.addSlot(0, 0, ram);
        group = new CpuGroup(memory);
    }

    public final Ram ram() {
        return ram;
    }

    @Override
    public final GuestMemory memory() {
        return memory;
    }

    @Override
    public final IoBus ports() {
        return ports;
    }

    @Override
    public final IoBus mmio() {
        return mmio;
    }

    @Override
    public final CpuGroup group() {
        return group;
    }

    @Override
    public long tsc() {
        return System.nanoTime();
    }

    @Override
    public InterruptController interruptController() {
        throw new IllegalStateException("no interrupt is ever asked for");
    }

    /// Frees the memory. Processors have to be closed before.
    @Override
    public void close() {
        ram.close();
    }
}
