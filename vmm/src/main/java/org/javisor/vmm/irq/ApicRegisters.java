// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.APR;
import static org.javisor.vmm.irq.ApicLayout.DFR;
import static org.javisor.vmm.irq.ApicLayout.EOI;
import static org.javisor.vmm.irq.ApicLayout.ESR;
import static org.javisor.vmm.irq.ApicLayout.ESR_ILLEGAL_REGISTER;
import static org.javisor.vmm.irq.ApicLayout.ICR;
import static org.javisor.vmm.irq.ApicLayout.ICR_HIGH;
import static org.javisor.vmm.irq.ApicLayout.ICR_WRITABLE;
import static org.javisor.vmm.irq.ApicLayout.ID;
import static org.javisor.vmm.irq.ApicLayout.IRR;
import static org.javisor.vmm.irq.ApicLayout.ISR;
import static org.javisor.vmm.irq.ApicLayout.LDR;
import static org.javisor.vmm.irq.ApicLayout.LVT_DELIVERY_PENDING;
import static org.javisor.vmm.irq.ApicLayout.LVT_REMOTE_IRR;
import static org.javisor.vmm.irq.ApicLayout.PPR;
import static org.javisor.vmm.irq.ApicLayout.RRD;
import static org.javisor.vmm.irq.ApicLayout.SELF_IPI;
import static org.javisor.vmm.irq.ApicLayout.SVR;
import static org.javisor.vmm.irq.ApicLayout.SVR_WRITABLE;
import static org.javisor.vmm.irq.ApicLayout.TIMER_CURRENT;
import static org.javisor.vmm.irq.ApicLayout.TIMER_DIVIDE;
import static org.javisor.vmm.irq.ApicLayout.TIMER_INITIAL;
import static org.javisor.vmm.irq.ApicLayout.TMR;
import static org.javisor.vmm.irq.ApicLayout.TPR;
import static org.javisor.vmm.irq.ApicLayout.VERSION;

import org.javisor.memory.BusDevice;
import org.javisor.vmm.irq.ApicLayout.Lvt;

/// A local APIC's registers as its processor reaches them: a page of memory, or MSRs in x2APIC mode.
///
/// The page's registers are 32 bits wide at multiples of 16. Of accesses that hit one otherwise, reads give the bytes
/// that are there and zeros, writes are lost.
///
/// @sdm vol. 3A §11.4.1, §11.12.1
final class ApicRegisters implements BusDevice {
    static final int PAGE_BYTES = 0x1000;
    /// The MSR of register offset 0.
    static final int FIRST_MSR = 0x800;
    static final int LAST_MSR = 0x8ff;

    private final LocalApic apic;

    ApicRegisters(LocalApic apic) {
        this.apic = apic;
    }

    // ---- memory-mapped ----

    @Override
    public long read(long offset, int size) {
        int register = (int) offset & 0xff0;
        int at = (int) offset & 0xf;
        if (offset >= 0x400 || !exists(register, false)) {
            apic.errors.note(ESR_ILLEGAL_REGISTER);
            return 0;
        }
        return at >= 4 ? 0 : (get(register) & 0xffff_ffffL) >>> 8 * at;
    }

    @Override
    public void write(long offset, int size, long value) {
        int register = (int) offset & 0xff0;
        if (offset >= 0x400 || !exists(register, true)) {
            apic.errors.note(ESR_ILLEGAL_REGISTER);
        } else if ((offset & 0xf) == 0 && size >= 4) {
            set(register, (int) value);
        }
    }

    /// Whether the memory-mapped page has a register that can be read, or written. Writes to read-only registers are
    /// ignored, not errors.
    private static boolean exists(int register, boolean write) {
        return switch (register) {
            case ID, VERSION, TPR, APR, PPR, EOI, RRD, LDR, DFR, SVR, ESR, ICR, ICR_HIGH, TIMER_INITIAL, TIMER_CURRENT,
                    TIMER_DIVIDE -> true;
            default -> register >= ISR && register < ESR || Lvt.at(register) != null;
        };
    }

    private int get(int register) {
        apic.settle();
        return switch (register) {
            case ID -> apic.address.xapicId() << 24;
            case VERSION -> ApicLayout.VERSION_VALUE;
            case TPR -> apic.tpr();
            case APR -> apic.arbitrationPriority();
            case PPR -> apic.processorPriority();
            case LDR -> apic.address.logicalId();
            case DFR -> apic.address.destinationFormat();
            case SVR -> apic.spurious();
            case ESR -> apic.errors.readable();
            case ICR -> (int) apic.commands.register();
            case ICR_HIGH -> (int) (apic.commands.register() >>> 32);
            case TIMER_INITIAL -> apic.timer.initialCount();
            case TIMER_CURRENT -> apic.timer.currentCount();
            case TIMER_DIVIDE -> apic.timer.divide();
            default -> tabled(register);
        };
    }

    private int tabled(int register) {
        Lvt entry = Lvt.at(register);
        if (entry != null) {
            return apic.table.get(entry);
        }
        return register >= ISR && register < ESR
                ? apic.vectors(register < TMR ? ISR : register < IRR ? TMR : IRR, register >> 4 & 7)
                : 0;
    }

    private void set(int register, int value) {
        switch (register) {
            case ID -> apic.address.xapicId(value >>> 24);
            case TPR -> apic.tpr(value);
            case EOI -> apic.endOfInterrupt();
            case LDR -> apic.address.logicalId(value);
            case DFR -> apic.address.destinationFormat(value);
            case SVR -> apic.spurious(value);
            case ESR -> apic.errors.latch();
            case ICR -> apic.send(apic.commands.register() & 0xffff_ffff_0000_0000L
                    | Integer.toUnsignedLong(value & ICR_WRITABLE));
            case ICR_HIGH ->
                    apic.commands.register((value & 0xff00_0000L) << 32 | apic.commands.register() & 0xffff_ffffL);
            case TIMER_INITIAL -> apic.timer.initialCount(value);
            case TIMER_DIVIDE -> apic.timer.divide(value);
            default -> {
                Lvt entry = Lvt.at(register);
                if (entry != null) {
                    apic.lvt(entry, value);
                }
            }
        }
    }

    // ---- x2APIC ----

    private static int register(int msr) {
        return msr - FIRST_MSR << 4;
    }

    /// Whether RDMSR of `msr` finds a register.
    static boolean readable(int msr) {
        int register = register(msr);
        return switch (register) {
            case EOI, SELF_IPI, APR, RRD, DFR, ICR_HIGH -> false;
            default -> exists(register, false);
        };
    }

    /// Whether WRMSR to `msr` can do anything but fault.
    static boolean writable(int msr) {
        int register = register(msr);
        return switch (register) {
            case TPR, EOI, SVR, ESR, ICR, TIMER_INITIAL, TIMER_DIVIDE, SELF_IPI -> true;
            default -> Lvt.at(register) != null;
        };
    }

    /// Reads an MSR that is [#readable].
    long readMsr(int msr) {
        int register = register(msr);
        return switch (register) {
            case ID -> Integer.toUnsignedLong(apic.id());
            case ICR -> apic.commands.register();
            default -> Integer.toUnsignedLong(get(register));
        };
    }

    /// Writes an MSR that is [#writable].
    ///
    /// @return false for a value with reserved bits set, which is #GP(0)
    boolean writeMsr(int msr, long value) {
        int register = register(msr);
        if ((value & ~writableBits(register)) != 0) {
            return false;
        }
        switch (register) {
            case ICR -> apic.send(value);
            case SELF_IPI -> apic.send(value | ApicLayout.SELF << ApicLayout.SHORTHAND_SHIFT);
            default -> set(register, (int) value);
        }
        return true;
    }

    /// @sdm vol. 3A Table 11-6 "Local APIC Register Address Map Supported by x2APIC", §11.12.1.3 "Reserved Bit
    ///     Checking"
    private static long writableBits(int register) {
        return switch (register) {
            case TPR, SELF_IPI -> 0xff;
            case EOI, ESR -> 0;
            case SVR -> SVR_WRITABLE;
            case ICR -> 0xffff_ffff_0000_0000L | ICR_WRITABLE;
            case TIMER_INITIAL -> 0xffff_ffffL;
            case TIMER_DIVIDE -> 0xb;
            // What can only be read is no reserved bit: Linux writes it when it gives LINT0 back to the PIC.
            default -> Lvt.at(register).writable | LVT_DELIVERY_PENDING | LVT_REMOTE_IRR;
        };
    }
}
