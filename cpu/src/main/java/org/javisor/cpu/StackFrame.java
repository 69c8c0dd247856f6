// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.SS;

import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;

/// Values on their way onto a stack that need not be the current one yet. Everything is checked before
/// anything is written, so that a transfer that faults leaves no trace. One per processor.
final class StackFrame {
    /// The longest: 31 parameters, old stack and return address of a call gate.
    private static final int CAPACITY = 40;

    private final Cpu cpu;
    private final long[] values = new long[CAPACITY];
    private int count;
    private int bytes;

    private long base;
    private int limit;
    private int attributes;
    private long pointer;
    private long mask;
    private int cpl;
    private int error;
    private boolean flat;

    StackFrame(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Begins a frame of `bytes`-wide values on the current stack.
    void onCurrentStack(int bytes) {
        Segments segments = cpu.segments;
        begin(bytes, cpu.reg64(CpuLayout.RSP), cpu.cpl, 0);
        base = segments.base[SS];
        limit = segments.limit[SS];
        attributes = segments.attributes[SS];
        mask = cpu.stackMask;
        flat = cpu.mode == ExecutionMode.LONG;
    }

    /// Begins a frame on the stack that `descriptor` describes, for code at `cpl`.
    void onStack(int selector, long descriptor, long pointer, int cpl, int bytes) {
        begin(bytes, pointer, cpl, selector & DescriptorTables.ERROR_MASK);
        base = Descriptor.base(descriptor);
        limit = Descriptor.limit(descriptor);
        attributes = Descriptor.attributes(descriptor);
        mask = Descriptor.wide(descriptor) ? 0xffff_ffffL : 0xffffL;
        flat = false;
    }

    /// Begins a frame of 8-byte values on a stack of 64-bit mode.
    void onFlatStack(long pointer, int cpl) {
        begin(8, pointer, cpl, 0);
        mask = -1;
        flat = true;
    }

    private void begin(int bytes, long pointer, int cpl, int error) {
        this.bytes = bytes;
        this.pointer = pointer;
        this.cpl = cpl;
        this.error = error;
        count = 0;
    }

    StackFrame push(long value) {
        values[count++] = value;
        return this;
    }

    /// The stack pointer behind all pushes.
    long pointer() {
        return pointer & ~mask | pointer - (long) bytes * count & mask;
    }

    /// Writes the frame, with the privilege of the level it is for.
    ///
    /// @throws GuestFault #SS for the stack's limit, #PF
    void write() {
        int current = cpu.cpl;
        if (current == cpl) {
            writeAtCurrentLevel();
            return;
        }
        cpu.cpl = cpl;
        cpu.mmu.followPrivilege();
        try {
            writeAtCurrentLevel();
        } finally {
            cpu.cpl = current;
            cpu.mmu.followPrivilege();
        }
    }

    private void writeAtCurrentLevel() {
        if (flat) {
            linear(0);
            if (writeAtOnce(linear(count - 1))) {
                return;
            }
            cpu.mmu.probe(SS, linear(count - 1), bytes * count, true);
        } else {
            for (int i = 0; i < count; i++) {
                cpu.mmu.probe(SS, linear(i), bytes, true);
            }
        }
        for (int i = 0; i < count; i++) {
            cpu.mmu.store(SS, linear(i), bytes, values[i]);
        }
    }

    /// Writes a frame of 8-byte values where the TLB permits all of it.
    ///
    /// @param lowest its linear address
    /// @return whether it did
    private boolean writeAtOnce(long lowest) {
        boolean inPage = (lowest & GuestMemory.PAGE_BYTES - 1) + (long) Long.BYTES * count <= GuestMemory.PAGE_BYTES;
        long hva = bytes == Long.BYTES && inPage ? cpu.mmu.writeWindow(lowest) : 0;
        if (hva == 0) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            HostMemory.storeLong(hva + (long) Long.BYTES * (count - 1 - i), values[i]);
        }
        return true;
    }

    private long linear(int i) {
        long offset = pointer - (long) bytes * (i + 1) & mask;
        if (flat) {
            if (!cpu.mmu.canonical(offset)) {
                throw cpu.fault(GuestFault.SS, error);
            }
            return offset;
        }
        if ((attributes & Segments.NULL) != 0 || !Segments.holds(attributes, limit, offset, bytes)) {
            throw cpu.fault(GuestFault.SS, error);
        }
        return base + offset & 0xffff_ffffL;
    }
}
