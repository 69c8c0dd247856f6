// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// The stack that the current TSS holds for a more privileged level.
///
/// @sdm vol. 3A §5.8.5 "Stack Switching", §8.2.1 "Task-State Segment (TSS)"
final class InnerStack {
    private final Cpu cpu;

    /// What [#load] found.
    int selector;
    long descriptor;
    long pointer;

    InnerStack(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Loads and checks SS and ESP (or SP) for `cpl`, outside IA-32e mode.
    ///
    /// @throws GuestFault #TS or #SS, as the manual says for a stack from a TSS
    void load(int cpl) {
        boolean wide = (cpu.segments.attributes[Segments.TR] & Descriptor.WIDE) != 0;
        int bytes = wide ? 4 : 2;
        int at = bytes + 2 * bytes * cpl;
        pointer = loadTss(at, bytes, bytes + 2);
        selector = (int) loadTss(at + bytes, 2, 2);
        if (DescriptorTables.isNull(selector)) {
            throw cpu.fault(GuestFault.TS, 0);
        }
        descriptor = cpu.segmentLoader.checkStack(selector, cpl, GuestFault.TS);
    }

    /// RSP for `cpl`, in IA-32e mode.
    long load64(int cpl) {
        return canonical(loadTss(4 + 8 * cpl, 8, 8));
    }

    /// Interrupt stack 1 to 7, in IA-32e mode.
    long loadInterruptStack(int number) {
        return canonical(loadTss(28 + 8 * number, 8, 8));
    }

    private long canonical(long pointer) {
        if (!cpu.mmu.canonical(pointer)) {
            throw cpu.fault(GuestFault.SS, 0);
        }
        return pointer;
    }

    private long loadTss(int offset, int bytes, int neededBytes) {
        Segments segments = cpu.segments;
        if (offset + neededBytes - 1 > Integer.toUnsignedLong(segments.limit[Segments.TR])) {
            throw cpu.fault(GuestFault.TS, segments.selector[Segments.TR] & DescriptorTables.ERROR_MASK);
        }
        return cpu.mmu.loadSystem(cpu.tables.linear(segments.base[Segments.TR] + offset), bytes);
    }
}
