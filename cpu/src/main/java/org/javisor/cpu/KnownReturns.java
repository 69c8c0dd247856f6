// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.SS;

import org.javisor.host.HostMemory;

/// The segments with which IRET usually returns from a 64-bit kernel: to 64-bit programs, and to the kernel itself.
///
/// What the interpreter has found permitted once is permitted again where selectors and descriptors are the same.
/// Translated code compares them, the descriptors with what the table in memory holds then, and leaves the rest to the
/// interpreter. CPL and the hidden parts follow when host code is left ([ModeDerivation#followHostCode]).
final class KnownReturns {
    private static final long ACCESSED = (long) Segments.ACCESSED << 40;

    private final Cpu cpu;
    private final long state;
    /// Which are known, as bits of IRET_USABLE, and of which table.
    private int known;
    private long tableBase;
    private int tableLimit;

    KnownReturns(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.state;
    }

    /// IRET in 64-bit mode at CPL 0 has found these segments in order.
    ///
    /// @param stack descriptor of SS, or 0 for a null selector
    void learn(int code, long codeDescriptor, int stackSelector, long stack) {
        boolean toUser = (code & DescriptorTables.RPL) == 3;
        boolean usual = Descriptor.longMode(codeDescriptor) && ((code | stackSelector) & DescriptorTables.TI) == 0
                && (toUser || (code & DescriptorTables.RPL) == 0);
        if (!usual || cpu.group.translator == null) {
            return;
        }
        DescriptorTables tables = cpu.tables;
        if (tables.gdtBase != tableBase || tables.gdtLimit != tableLimit) {
            known = 0;
            tableBase = tables.gdtBase;
            tableLimit = tables.gdtLimit;
        }
        int bit = toUser ? CpuLayout.USABLE_TO_USER : CpuLayout.USABLE_TO_KERNEL;
        long at = state + (toUser ? CpuLayout.IRET_TO_USER : CpuLayout.IRET_TO_KERNEL);
        describe(at, code, CpuLayout.IRET_CS, CpuLayout.IRET_CS_AT, CpuLayout.IRET_CS_DESCRIPTOR, codeDescriptor);
        if (stack != 0 || (known & bit) == 0) {
            describe(at, stackSelector, CpuLayout.IRET_SS, CpuLayout.IRET_SS_AT, CpuLayout.IRET_SS_DESCRIPTOR,
                    stack);
        }
        known |= bit;
    }

    private void describe(long at, int selector, int selectorAt, int addressAt, int descriptorAt, long descriptor) {
        HostMemory.storeInt(at + selectorAt, selector);
        HostMemory.storeLong(at + addressAt, tableBase + (selector & -8));
        HostMemory.storeLong(at + descriptorAt, descriptor | ACCESSED);
    }

    /// Tells translated code which may be used; before it is entered.
    void publish() {
        boolean usable = known != 0 && cpu.mode == ExecutionMode.LONG && !cpu.nmiBlocked && !cpu.debug.concerned()
                && !cpu.enforcement.inUse() && cpu.tables.gdtBase == tableBase && cpu.tables.gdtLimit == tableLimit;
        boolean toUser = cpu.segments.staysForPrograms && cpu.mmu.spaces.programIs64Bit();
        HostMemory.storeInt(state + CpuLayout.IRET_USABLE,
                !usable ? 0 : toUser ? known : known & ~CpuLayout.USABLE_TO_USER);
    }

    /// Follows translated code that has executed IRET last.
    void follow(boolean toUser) {
        long at = state + (toUser ? CpuLayout.IRET_TO_USER : CpuLayout.IRET_TO_KERNEL);
        int stack = HostMemory.loadInt(state + CpuLayout.SELECTORS + 4 * SS);
        if (DescriptorTables.isNull(stack)) {
            cpu.segmentLoader.loadNullStack(0);
        } else {
            cpu.segmentLoader.set(SS, stack, HostMemory.loadLong(at + CpuLayout.IRET_SS_DESCRIPTOR));
        }
        cpu.segmentLoader.setCode(HostMemory.loadInt(at + CpuLayout.IRET_CS),
                HostMemory.loadLong(at + CpuLayout.IRET_CS_DESCRIPTOR), toUser ? 3 : 0);
        cpu.segments.refreshSelectors();
    }
}
