// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import org.javisor.cpu.MsrTable;
import org.javisor.memory.IoBus;

/// IA32_APIC_BASE: whether a processor's local APIC is on, in which mode, and where its page is. Puts the registers
/// where it says: the page into the processor's view of the MMIO bus, or x2APIC's rows into its MSR table.
///
/// Confined to the processor's thread.
///
/// @sdm vol. 3A §11.4.4 "Local APIC Status and Location", §11.12.5 "x2APIC State Transitions"
public final class ApicBase {
    /// IA32_APIC_BASE.
    public static final int MSR = 0x1b;
    /// IA32_TSC_DEADLINE.
    public static final int MSR_TSC_DEADLINE = 0x6e0;

    static final long BSP = 1 << 8, EXTD = 1 << 10, EN = 1 << 11;
    /// Where the page is after power-on.
    static final long DEFAULT_PAGE = 0xfee0_0000L;

    private final LocalApic apic;
    private final ApicRegisters registers;
    private final IoBus mmio;
    private final MsrTable msrs;
    private final long pageMask;
    private final long writable;
    private long value;
    private IoBus.Range page;

    /// @param mmio         the processor's own view of the MMIO bus
    /// @param physicalBits how wide a guest-physical address is
    /// @param hasX2        whether there is an x2APIC mode
    public ApicBase(LocalApic apic, IoBus mmio, MsrTable msrs, int physicalBits, boolean hasX2) {
        this.apic = apic;
        this.registers = new ApicRegisters(apic);
        this.mmio = mmio;
        this.msrs = msrs;
        this.pageMask = (1L << physicalBits) - 1 & -ApicRegisters.PAGE_BYTES;
        msrs.define(MSR, () -> value, this::write);
        this.writable = pageMask | EN | BSP | (hasX2 ? EXTD : 0);
        reset();
    }

    /// Adds IA32_TSC_DEADLINE.
    public void defineTscDeadline() {
        msrs.define(MSR_TSC_DEADLINE, apic.timer::tscDeadline, this::writeTscDeadline);
    }

    public long value() {
        return value;
    }

    /// Power-on: enabled at the usual place, in xAPIC mode; the processor with id 0 is the boot processor.
    public void reset() {
        apic.mode(false, false);
        place(DEFAULT_PAGE | EN | (apic.id() == 0 ? BSP : 0));
    }

    /// Writes the register as WRMSR does.
    ///
    /// @return false for reserved bits and for steps between modes that do not exist, which are #GP(0)
    boolean write(long written) {
        if ((written & ~writable) != 0 || !stepExists(value & (EN | EXTD), written & (EN | EXTD))) {
            return false;
        }
        place(written & ~BSP | value & BSP);
        return true;
    }

    private static boolean stepExists(long from, long to) {
        if (to == EXTD) {
            return false;
        }
        boolean fromX2 = (from & EXTD) != 0;
        boolean toX2 = (to & EXTD) != 0;
        return fromX2 ? toX2 || to == 0 : !toX2 || (from & EN) != 0;
    }

    private void place(long newValue) {
        boolean hadMsrs = apic.address.x2();
        value = newValue;
        apic.mode((value & EN) != 0, (value & EXTD) != 0);
        if (page != null) {
            mmio.detach(page);
            page = null;
        }
        if (apic.enabled() && !apic.address.x2()) {
            page = mmio.attach(value & pageMask, ApicRegisters.PAGE_BYTES, registers, "local APIC");
        }
        if (apic.address.x2() != hadMsrs) {
            placeMsrs();
        }
    }

    private void placeMsrs() {
        for (int index = ApicRegisters.FIRST_MSR; index <= ApicRegisters.LAST_MSR; index++) {
            int msr = index;
            boolean readable = ApicRegisters.readable(msr);
            boolean writable = ApicRegisters.writable(msr);
            if (!apic.address.x2() || !readable && !writable) {
                msrs.undefine(msr);
            } else {
                msrs.define(msr, readable ? () -> registers.readMsr(msr) : null,
                        writable ? written -> registers.writeMsr(msr, written) : MsrTable.READ_ONLY);
            }
        }
    }

    private boolean writeTscDeadline(long deadline) {
        apic.timer.tscDeadline(deadline);
        return true;
    }

    /// Puts back what [#value] gave; the local APIC's own state is restored beside.
    ///
    /// @throws IllegalArgumentException for a value that the register cannot have
    public void restore(long saved) {
        if ((saved & ~writable) != 0 || (saved & (EN | EXTD)) == EXTD) {
            throw new IllegalArgumentException(String.format("0x%x is no value of IA32_APIC_BASE", saved));
        }
        place(saved);
    }
}
