// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;

import org.javisor.host.HostMemory;

/// What DS and ES were last loaded with by 64-bit code: loading the same again changes nothing, as long as the
/// descriptor is what it was, which translated code compares with what the table in memory holds then.
final class KnownSegments {
    private static final int[] SEGMENTS = {DS, ES};
    private static final int[] SLOTS = {CpuLayout.DATA_DS, CpuLayout.DATA_ES};
    /// No selector.
    private static final int NONE = -1;
    private static final long ACCESSED = (long) Segments.ACCESSED << 40;

    private final Cpu cpu;
    private final int[] selectors = {NONE, NONE};
    private final long[] descriptors = new long[SEGMENTS.length];
    private boolean known;
    private long tableBase;
    private int tableLimit;

    KnownSegments(Cpu cpu) {
        this.cpu = cpu;
        for (int slot : SLOTS) {
            HostMemory.storeInt(cpu.state + slot + CpuLayout.DATA_SELECTOR, NONE);
        }
    }

    /// A segment register has been loaded.
    void learn(int segment) {
        int selector = cpu.segments.selector[segment];
        if (segment != DS && segment != ES || cpu.mode != ExecutionMode.LONG || cpu.group.translator == null
                || DescriptorTables.isNull(selector) || (selector & DescriptorTables.TI) != 0) {
            return;
        }
        if (cpu.tables.gdtBase != tableBase || cpu.tables.gdtLimit != tableLimit) {
            selectors[0] = NONE;
            selectors[1] = NONE;
            tableBase = cpu.tables.gdtBase;
            tableLimit = cpu.tables.gdtLimit;
        }
        int n = segment == DS ? 0 : 1;
        selectors[n] = selector;
        descriptors[n] = cpu.tables.fetch(selector, GuestFault.GP) | ACCESSED;
        known = true;
        long at = cpu.state + SLOTS[n];
        HostMemory.storeLong(at + CpuLayout.DATA_DESCRIPTOR_AT, tableBase + (selector & -8));
        HostMemory.storeLong(at + CpuLayout.DATA_DESCRIPTOR, descriptors[n]);
    }

    /// Tells translated code which may be loaded; before it is entered.
    void publish() {
        if (known) {
            boolean usable = cpu.mode == ExecutionMode.LONG && cpu.tables.gdtBase == tableBase
                    && cpu.tables.gdtLimit == tableLimit;
            for (int n = 0; n < SEGMENTS.length; n++) {
                HostMemory.storeInt(cpu.state + SLOTS[n] + CpuLayout.DATA_SELECTOR,
                        usable && isLoaded(SEGMENTS[n], n) ? selectors[n] : NONE);
            }
        }
    }

    /// Whether the register's hidden part is what loading it would make of that.
    private boolean isLoaded(int segment, int n) {
        Segments segments = cpu.segments;
        long descriptor = descriptors[n];
        return segments.selector[segment] == selectors[n]
                && segments.attributes[segment] == Descriptor.attributes(descriptor)
                && segments.base[segment] == Descriptor.base(descriptor)
                && segments.limit[segment] == Descriptor.limit(descriptor);
    }
}
