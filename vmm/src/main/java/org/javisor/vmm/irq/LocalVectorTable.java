// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.EXTINT;
import static org.javisor.vmm.irq.ApicLayout.FIXED;
import static org.javisor.vmm.irq.ApicLayout.LVT_MASKED;
import static org.javisor.vmm.irq.ApicLayout.LVT_REMOTE_IRR;
import static org.javisor.vmm.irq.ApicLayout.NMI;
import static org.javisor.vmm.irq.ApicLayout.TRIGGER_LEVEL;
import static org.javisor.vmm.irq.ApicLayout.VECTOR;

import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.javisor.vmm.events.InterruptInjectedEvent;
import org.javisor.vmm.irq.ApicLayout.Lvt;

/// The interrupts that a local APIC has from its own processor: what each is, and the two pins that bring some of them.
///
/// Entries are atomic. The pins have a lock, under which nothing else is locked.
///
/// @sdm vol. 3A §11.5 "Handling Local Interrupts"
final class LocalVectorTable {
    private final LocalApic apic;
    private final AtomicIntegerArray entries = new AtomicIntegerArray(Lvt.values().length);
    private final boolean[] pins = new boolean[2];

    LocalVectorTable(LocalApic apic) {
        this.apic = apic;
    }

    int get(Lvt entry) {
        return entries.get(entry.ordinal());
    }

    /// Raises the interrupt that an entry describes, unless it is masked. Any thread.
    void raise(Lvt entry) {
        int value = get(entry);
        if ((value & LVT_MASKED) == 0) {
            boolean timerOrError = entry == Lvt.TIMER || entry == Lvt.ERROR;
            int message = timerOrError ? value & VECTOR : value & (VECTOR | ApicLayout.MODE);
            if (InterruptInjectedEvent.on()) {
                InterruptInjectedEvent.record(entry.name(), apic.id(), apic.id(), message);
            }
            apic.accept(message);
        }
    }

    /// As [#raise], after which the entry is masked.
    void raiseOnce(Lvt entry) {
        raise(entry);
        entries.accumulateAndGet(entry.ordinal(), LVT_MASKED, (a, b) -> a | b);
    }

    // ---- pins ----

    /// Drives a pin. Any thread.
    ///
    /// @return whether an NMI is the processor's own, because the APIC is switched off
    boolean drive(int pin, boolean level, boolean enabled) {
        Lvt entry = pin == 0 ? Lvt.LINT0 : Lvt.LINT1;
        synchronized (pins) {
            boolean rising = level && !pins[pin];
            pins[pin] = level;
            int value = get(entry);
            if (!enabled) {
                return pin == 1 && rising;
            }
            if (ApicLayout.mode(value) != EXTINT && (rising || level && isLevel(entry, value))) {
                raisePin(entry, value);
            }
            return false;
        }
    }

    private static boolean isLevel(Lvt entry, int value) {
        return entry == Lvt.LINT0 && ApicLayout.mode(value) == FIXED && (value & TRIGGER_LEVEL) != 0;
    }

    /// Raises a pin's interrupt that does not come from the PIC; a level-triggered one only when none is under way.
    private void raisePin(Lvt entry, int value) {
        if (!isLevel(entry, value)) {
            raise(entry);
        } else if ((value & (LVT_MASKED | LVT_REMOTE_IRR)) == 0 && apic.acceptVector(value & VECTOR, true)) {
            entries.accumulateAndGet(entry.ordinal(), LVT_REMOTE_IRR, (a, b) -> a | b);
        }
    }

    /// Whether pin LINT0 is asserted.
    boolean lint0() {
        return pins[0];
    }

    /// Whether LINT0 leads the PIC's interrupts to the processor.
    boolean takesExternal() {
        int value = get(Lvt.LINT0);
        return (value & LVT_MASKED) == 0 && ApicLayout.mode(value) == EXTINT;
    }

    /// A level-triggered interrupt has ended, which may be LINT0's.
    void ended(int vector) {
        synchronized (pins) {
            int value = get(Lvt.LINT0);
            if ((value & LVT_REMOTE_IRR) == 0 || (value & VECTOR) != vector) {
                return;
            }
            value = entries.accumulateAndGet(Lvt.LINT0.ordinal(), ~LVT_REMOTE_IRR, (a, b) -> a & b);
            if (pins[0]) {
                raisePin(Lvt.LINT0, value);
            }
        }
    }

    // ---- registers ----

    /// @param masked whether nothing may be unmasked now
    void set(Lvt entry, int value, boolean masked) {
        synchronized (pins) {
            int kept = get(entry) & LVT_REMOTE_IRR;
            int written = value & entry.writable | (masked ? LVT_MASKED : 0);
            boolean level = isLevel(entry, written);
            entries.set(entry.ordinal(), level ? written | kept : written);
            if (level && pins[0]) {
                raisePin(entry, written | kept);
            }
        }
    }

    void maskAll() {
        for (int i = 0; i < entries.length(); i++) {
            entries.accumulateAndGet(i, LVT_MASKED, (a, b) -> a | b);
        }
    }

    /// As of [LocalApic#connectVirtualWire].
    void connectVirtualWire() {
        entries.set(Lvt.LINT0.ordinal(), EXTINT << ApicLayout.MODE_SHIFT);
        entries.set(Lvt.LINT1.ordinal(), NMI << ApicLayout.MODE_SHIFT);
    }

    /// The pins stay as they are.
    void reset() {
        for (int i = 0; i < entries.length(); i++) {
            entries.set(i, LVT_MASKED);
        }
    }

    List<Integer> save() {
        return IntStream.range(0, entries.length()).mapToObj(entries::get).toList();
    }

    void restore(List<Integer> saved) {
        for (Lvt entry : Lvt.values()) {
            entries.set(entry.ordinal(), saved.get(entry.ordinal()) & (entry.writable | LVT_REMOTE_IRR));
        }
    }
}
