// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.DFR;
import static org.javisor.vmm.irq.ApicLayout.ESR;
import static org.javisor.vmm.irq.ApicLayout.ICR;
import static org.javisor.vmm.irq.ApicLayout.ICR_HIGH;
import static org.javisor.vmm.irq.ApicLayout.ID;
import static org.javisor.vmm.irq.ApicLayout.IRR;
import static org.javisor.vmm.irq.ApicLayout.ISR;
import static org.javisor.vmm.irq.ApicLayout.LDR;
import static org.javisor.vmm.irq.ApicLayout.PPR;
import static org.javisor.vmm.irq.ApicLayout.SVR;
import static org.javisor.vmm.irq.ApicLayout.TIMER_CURRENT;
import static org.javisor.vmm.irq.ApicLayout.TIMER_DIVIDE;
import static org.javisor.vmm.irq.ApicLayout.TIMER_INITIAL;
import static org.javisor.vmm.irq.ApicLayout.TMR;
import static org.javisor.vmm.irq.ApicLayout.TPR;
import static org.javisor.vmm.irq.ApicLayout.VERSION;

import java.util.ArrayList;
import java.util.List;
import org.javisor.vmm.irq.ApicLayout.Lvt;

/// A local APIC's state as the registers of its page, and back. The processor does not run.
///
/// The page has no place for what is not a register: whether the APIC is on and in which mode (IA32_APIC_BASE), and
/// the deadline of its timer (IA32_TSC_DEADLINE). These stay as they are.
public final class ApicPage {
    /// Words of ISR, TMR and IRR are registers of their own.
    private static final int WORD_STRIDE = 16;

    private ApicPage() { }

    public static LapicState read(LocalApic apic) {
        LocalApic.State state = apic.save();
        LapicState page = new LapicState(new byte[LapicState.BYTES])
                .with(ID, state.x2() ? apic.id() : state.xapicId() << 24)
                .with(VERSION, ApicLayout.VERSION_VALUE)
                .with(TPR, state.taskPriority())
                .with(PPR, apic.processorPriority())
                .with(LDR, apic.address.logicalId())
                .with(DFR, state.destinationFormat())
                .with(SVR, state.spurious())
                .with(ESR, state.errors())
                .with(ICR, (int) state.command())
                .with(ICR_HIGH, (int) (state.command() >>> 32))
                .with(TIMER_INITIAL, state.timer().initialCount())
                .with(TIMER_CURRENT, apic.timer.currentCount())
                .with(TIMER_DIVIDE, state.timer().divide());
        for (int word = 0; word < VectorSet.WORDS; word++) {
            page = page.with(ISR + WORD_STRIDE * word, state.inService().get(word))
                    .with(TMR + WORD_STRIDE * word, state.levelTriggered().get(word))
                    .with(IRR + WORD_STRIDE * word, state.requested().get(word));
        }
        for (Lvt entry : Lvt.values()) {
            page = page.with(entry.offset, state.lvt().get(entry.ordinal()));
        }
        return page;
    }

    /// @throws IllegalArgumentException if an APIC cannot hold it; it is as it was then
    public static void write(LocalApic apic, LapicState page) {
        LocalApic.State now = apic.save();
        int id = page.register(ID);
        if (now.x2() && id != apic.id()) {
            throw new IllegalArgumentException("an x2APIC's id is its processor's: " + apic.id() + ", not " + id);
        }
        List<Integer> lvt = new ArrayList<>();
        for (Lvt entry : Lvt.values()) {
            lvt.add(page.register(entry.offset));
        }
        int timerMode = page.register(Lvt.TIMER.offset) >>> ApicLayout.LVT_TIMER_MODE_SHIFT & 3;
        ApicTimer.State timer = apic.timer.stateOf(timerMode, page.register(TIMER_INITIAL),
                page.register(TIMER_CURRENT), page.register(TIMER_DIVIDE));
        long command = (long) page.register(ICR_HIGH) << 32 | page.register(ICR) & 0xffff_ffffL;
        apic.restore(new LocalApic.State(now.enabled(), now.x2(), now.x2() ? now.xapicId() : id >>> 24,
                page.register(TPR), page.register(LDR), page.register(DFR), page.register(SVR), words(page, IRR),
                words(page, ISR), words(page, TMR), lvt, command, page.register(ESR), now.newErrors(),
                now.externalPending(), timer));
    }

    private static List<Integer> words(LapicState page, int first) {
        List<Integer> words = new ArrayList<>();
        for (int word = 0; word < VectorSet.WORDS; word++) {
            words.add(page.register(first + WORD_STRIDE * word));
        }
        return words;
    }
}
