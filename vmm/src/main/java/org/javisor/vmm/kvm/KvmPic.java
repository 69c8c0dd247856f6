// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.ChipLayout.PIC_AUTO_EOI;
import static org.javisor.vmm.kvm.ChipLayout.PIC_ELCR;
import static org.javisor.vmm.kvm.ChipLayout.PIC_ELCR_MASK;
import static org.javisor.vmm.kvm.ChipLayout.PIC_FULLY_NESTED;
import static org.javisor.vmm.kvm.ChipLayout.PIC_IMR;
import static org.javisor.vmm.kvm.ChipLayout.PIC_INIT4;
import static org.javisor.vmm.kvm.ChipLayout.PIC_INIT_STATE;
import static org.javisor.vmm.kvm.ChipLayout.PIC_IRQ_BASE;
import static org.javisor.vmm.kvm.ChipLayout.PIC_IRR;
import static org.javisor.vmm.kvm.ChipLayout.PIC_ISR;
import static org.javisor.vmm.kvm.ChipLayout.PIC_LAST_IRR;
import static org.javisor.vmm.kvm.ChipLayout.PIC_POLL;
import static org.javisor.vmm.kvm.ChipLayout.PIC_PRIORITY_ADD;
import static org.javisor.vmm.kvm.ChipLayout.PIC_READ_REG_SELECT;
import static org.javisor.vmm.kvm.ChipLayout.PIC_ROTATE_ON_AUTO_EOI;
import static org.javisor.vmm.kvm.ChipLayout.PIC_SPECIAL_MASK;

import org.javisor.vmm.irq.I8259;

/// One 8259 of KVM's as one of ours, and back.
///
/// KVM requests level-triggered inputs in IRR, as the chip shows them; ours keeps there what has been an edge, and the
/// levels beside it. KVM names the input of the highest priority, ours that of the lowest, which is one before.
final class KvmPic {
    private KvmPic() { }

    static I8259.State read(byte[] raw) {
        int elcr = raw[PIC_ELCR] & 0xff;
        int step = raw[PIC_INIT_STATE] == 0 ? 0 : raw[PIC_INIT_STATE] + 1;
        return new I8259.State(raw[PIC_LAST_IRR] & 0xff, raw[PIC_IRR] & 0xff & ~elcr, raw[PIC_ISR] & 0xff,
                raw[PIC_IMR] & 0xff, elcr, raw[PIC_IRQ_BASE] & 0xf8, raw[PIC_PRIORITY_ADD] + 7 & 7, step, false,
                is(raw, PIC_INIT4), is(raw, PIC_AUTO_EOI), is(raw, PIC_ROTATE_ON_AUTO_EOI), is(raw, PIC_FULLY_NESTED),
                is(raw, PIC_SPECIAL_MASK), is(raw, PIC_READ_REG_SELECT), is(raw, PIC_POLL));
    }

    private static boolean is(byte[] raw, int at) {
        return raw[at] != 0;
    }

    /// @param raw what the chip holds, which is changed
    static void write(I8259.State state, byte[] raw) {
        raw[PIC_LAST_IRR] = (byte) state.inputs();
        raw[PIC_IRR] = (byte) (state.irr() | state.inputs() & state.elcr());
        raw[PIC_ISR] = (byte) state.isr();
        raw[PIC_IMR] = (byte) state.imr();
        raw[PIC_ELCR] = (byte) (state.elcr() & raw[PIC_ELCR_MASK]);
        raw[PIC_IRQ_BASE] = (byte) state.vectorBase();
        raw[PIC_PRIORITY_ADD] = (byte) (state.lowest() + 1 & 7);
        raw[PIC_INIT_STATE] = (byte) (state.step() == 0 ? 0 : state.step() - 1);
        set(raw, PIC_INIT4, state.needsIcw4());
        set(raw, PIC_AUTO_EOI, state.autoEoi());
        set(raw, PIC_ROTATE_ON_AUTO_EOI, state.rotateOnAutoEoi());
        set(raw, PIC_FULLY_NESTED, state.fullyNested());
        set(raw, PIC_SPECIAL_MASK, state.specialMask());
        set(raw, PIC_READ_REG_SELECT, state.readIsr());
        set(raw, PIC_POLL, state.poll());
    }

    private static void set(byte[] raw, int at, boolean value) {
        raw[at] = (byte) (value ? 1 : 0);
    }
}
