// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.ESR_RECEIVE_ILLEGAL_VECTOR;
import static org.javisor.vmm.irq.ApicLayout.EXTINT;
import static org.javisor.vmm.irq.ApicLayout.FIRST_LEGAL_VECTOR;
import static org.javisor.vmm.irq.ApicLayout.FIXED;
import static org.javisor.vmm.irq.ApicLayout.INIT;
import static org.javisor.vmm.irq.ApicLayout.LEVEL_ASSERT;
import static org.javisor.vmm.irq.ApicLayout.LOWEST_PRIORITY;
import static org.javisor.vmm.irq.ApicLayout.NMI;
import static org.javisor.vmm.irq.ApicLayout.SMI;
import static org.javisor.vmm.irq.ApicLayout.STARTUP;
import static org.javisor.vmm.irq.ApicLayout.SVR_ENABLE;
import static org.javisor.vmm.irq.ApicLayout.SVR_SUPPRESS_EOI_BROADCAST;
import static org.javisor.vmm.irq.ApicLayout.TRIGGER_LEVEL;
import static org.javisor.vmm.irq.ApicLayout.VECTOR;

import java.util.List;
import java.util.function.IntConsumer;
import org.javisor.cpu.InterruptController;
import org.javisor.memory.Clock;
import org.javisor.vmm.events.InterruptDeliveredEvent;
import org.javisor.vmm.irq.ApicLayout.Lvt;

/// A local APIC: takes interrupts from its pins, its timer and the [ApicBus], and hands them to its processor by
/// priority. Its registers as a guest sees them are [ApicRegisters]; whether it is switched on, and how it is reached,
/// is [ApicBase]. What messages call it is [ApicAddress]; its pins and the interrupts of its own are
/// [LocalVectorTable].
///
/// Messages and end of interrupt take no lock; the pins have one and the timer has one, under which nothing else is
/// locked. What others set is atomic ([ApicVectors]); everything else is changed by the processor's thread alone, and
/// volatile where senders look at it.
///
/// @sdm vol. 3A chapter 11 "Advanced Programmable Interrupt Controller (APIC)"
public final class LocalApic implements InterruptController {
    private final int id;
    private final ApicBus bus;
    private final ProcessorPins processor;
    private final IntConsumer endOfInterrupt;
    private final I8259Pair pic;
    final ApicTimer timer;

    private final ApicVectors vectors = new ApicVectors();
    final ApicAddress address;
    final LocalVectorTable table = new LocalVectorTable(this);
    final InterruptCommands commands;
    final ApicErrors errors = new ApicErrors(() -> table.raise(Lvt.ERROR));

    private volatile boolean enabled = true;
    private volatile int spurious;
    /// The PIC's INTR came in as a message, and has not been acknowledged.
    private volatile boolean externalPending;
    /// How the guest may end interrupts without telling this APIC; null if it cannot.
    private LazyEoi lazyEoi;
    /// Who else has to do with vectors; null for nobody.
    private SyntheticVectors synthetic;
    /// The guest has been allowed to end the interrupt in service that way, and may have.
    private volatile boolean endsLazily;

    /// @param id             its number, which is also the processor's
    /// @param endOfInterrupt told of the vectors of level-triggered interrupts that end: the I/O APICs
    /// @param pic            asked for the vector of interrupts that come from the PIC, or null where there is none
    public LocalApic(int id, ApicBus bus, ProcessorPins processor, Clock clock, IntConsumer endOfInterrupt,
            I8259Pair pic) {
        this.id = id;
        this.address = new ApicAddress(id);
        this.bus = bus;
        this.commands = new InterruptCommands(this, bus);
        this.processor = processor;
        this.endOfInterrupt = endOfInterrupt;
        this.pic = pic;
        this.timer = new ApicTimer(clock, processor, () -> table.raise(Lvt.TIMER));
        resetRegisters();
        bus.add(this);
    }

    /// How long it is until the timer expires, in nanoseconds; less than 0 if that is overdue.
    public long untilTimer() {
        return timer.until();
    }

    /// Leaves the bus, and stops the timer.
    public void close() {
        bus.remove(this);
        timer.reset();
    }

    public int id() {
        return id;
    }

    // ---- what senders look at ----

    boolean matches(int destination, boolean logical) {
        return enabled && address.matches(destination, logical);
    }

    boolean softwareEnabled() {
        return enabled && (spurious & SVR_ENABLE) != 0;
    }

    int processorPriority() {
        return vectors.processorPriority();
    }

    boolean requests(int vector) {
        return vectors.requests(vector);
    }

    // ---- taking interrupts ----

    /// Takes a message, from any thread.
    ///
    /// @param message laid out as the interrupt command register
    /// @return false if it is one that this APIC, as it is programmed now, does not take
    boolean accept(int message) {
        if (!enabled) {
            return false;
        }
        switch (ApicLayout.mode(message)) {
            case FIXED, LOWEST_PRIORITY -> {
                return acceptVector(message & VECTOR, (message & TRIGGER_LEVEL) != 0);
            }
            case SMI -> processor.smi();
            case NMI -> processor.nmi();
            case INIT -> {
                // INIT level de-assert once synchronised arbitration ids, and does nothing since.
                if ((message & TRIGGER_LEVEL) == 0 || (message & LEVEL_ASSERT) != 0) {
                    processor.init();
                }
            }
            case STARTUP -> processor.startup(message & VECTOR);
            case EXTINT -> {
                externalPending = true;
                processor.raiseInterrupt();
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /// @return as of [#accept]
    boolean acceptVector(int vector, boolean level) {
        if (!softwareEnabled()) {
            return false;
        }
        if (vector < FIRST_LEGAL_VECTOR) {
            errors.note(ESR_RECEIVE_ILLEGAL_VECTOR);
            return false;
        }
        if (vectors.request(vector, level) || endsLazily) {
            processor.raiseInterrupt();
        }
        return true;
    }

    /// A counter of the performance monitor overflowed; any thread. The entry is masked with the interrupt.
    ///
    /// @sdm vol. 3B §20.6.3 "Generating an Interrupt on Overflow"
    public void performanceInterrupt() {
        table.raiseOnce(Lvt.PERFORMANCE);
    }

    /// A hardware error has been logged; any thread.
    ///
    /// @sdm vol. 3B §16.5 "Corrected Machine Check Error Interrupt"
    @Override
    public void machineCheckInterrupt() {
        table.raise(Lvt.CMCI);
    }

    /// Drives pin LINT0 or LINT1, from any thread. The wire carries whether the interrupt is asserted, so the entry's
    /// polarity says nothing. With the APIC switched off they are the processor's pins INTR and NMI.
    ///
    /// @param pin 0 or 1
    public void lint(int pin, boolean level) {
        if (table.drive(pin, level, enabled)) {
            processor.nmi();
        }
        if (level && externalInterrupt()) {
            processor.raiseInterrupt();
        }
    }

    /// Whether the PIC's interrupt request reaches the processor: through LINT0, directly when the APIC is switched
    /// off, or as a message.
    private boolean externalInterrupt() {
        if (pic == null || !pic.interruptRequested()) {
            return false;
        }
        return externalPending || table.lint0() && takesExternalInterrupts();
    }

    /// Whether an interrupt from a PIC would reach the processor, were there one.
    public boolean takesExternalInterrupts() {
        return !enabled || table.takesExternal();
    }

    // ---- the processor's side ----

    /// @sdm vol. 3A §11.8.4 "Interrupt Acceptance for Fixed Interrupts"
    @Override
    public int acknowledge() {
        settle();
        if (externalInterrupt()) {
            externalPending = false;
            int vector = pic.acknowledge();
            update();
            return delivered(vector, "PIC");
        }
        int vector = deliverable();
        boolean serves = vector >= 0 && (synthetic == null || !synthetic.endsItself(vector));
        if (vector >= 0) {
            vectors.take(vector, serves);
        }
        update();
        if (serves && lazyEoi != null) {
            allowLazyEnd(vector);
        }
        return delivered(vector, "local APIC");
    }

    private int delivered(int vector, String source) {
        if (vector >= 0 && InterruptDeliveredEvent.on()) {
            InterruptDeliveredEvent.record(id, vector, source);
        }
        return vector;
    }

    /// Has the guest end an interrupt without telling, if nobody else wants to know and nothing waits behind it. Who
    /// adds to IRR looks at [#endsLazily] afterwards.
    private void allowLazyEnd(int vector) {
        if (vectors.isLevelTriggered(vector) || synthetic != null && synthetic.watches(vector)
                || vectors.anyRequested() || !lazyEoi.set()) {
            return;
        }
        endsLazily = true;
        if (vectors.anyRequested()) {
            settle();
        }
    }

    /// Finds out whether the interrupt that may end without telling has; if not, the guest has to tell. The processor's
    /// own thread, before anything that depends on what is in service.
    void settle() {
        if (!endsLazily) {
            return;
        }
        endsLazily = false;
        if (!lazyEoi.clear()) {
            endOfInterrupt();
        }
    }

    /// Lets the guest end interrupts through `area`; with null no longer.
    public void lazyEndOfInterrupt(LazyEoi area) {
        settle();
        lazyEoi = area;
    }

    /// Names who else has to do with vectors. The processor's own thread, or before it runs.
    public void syntheticVectors(SyntheticVectors controller) {
        synthetic = controller;
    }

    /// The vector that may interrupt the processor now, or -1.
    private int deliverable() {
        return enabled ? vectors.deliverable() : -1;
    }

    /// Derives the processor priority, and drives INTR as it says. After anything that may have changed either.
    void update() {
        vectors.derive();
        processor.dropInterrupt();
        if (deliverable() >= 0 || externalInterrupt()) {
            processor.raiseInterrupt();
        }
    }

    /// As [#update], but leaves an INTR that is right as it is.
    public void refresh() {
        settle();
        if (deliverable() < 0 && !externalInterrupt()) {
            update();
        }
    }

    @Override
    public int taskPriority() {
        return vectors.taskPriority() >> 4;
    }

    @Override
    public void taskPriority(int cr8) {
        tpr(cr8 << 4);
    }

    /// Ends the interrupt in service that has the highest priority.
    ///
    /// @sdm vol. 3A §11.8.5 "Signaling Interrupt Servicing Completion"
    public void endOfInterrupt() {
        settle();
        int vector = vectors.end();
        if (vector < 0) {
            return;
        }
        if (vectors.isLevelTriggered(vector)) {
            if ((spurious & SVR_SUPPRESS_EOI_BROADCAST) == 0) {
                endOfInterrupt.accept(vector);
            }
            table.ended(vector);
        }
        if (synthetic != null && synthetic.watches(vector)) {
            synthetic.ended(vector);
        }
        update();
    }

    /// Sends the interrupt that `value` of the interrupt command register describes.
    public void send(long value) {
        commands.send(value);
    }

    // ---- registers, for ApicRegisters and ApicBase ----

    boolean enabled() {
        return enabled;
    }

    /// Switches the APIC on or off, and between its modes. Switching it off loses all state.
    void mode(boolean on, boolean x2Mode) {
        if (enabled && !on) {
            resetRegisters();
        }
        enabled = on;
        address.x2(x2Mode);
        update();
    }

    /// The processor's time stamp counter was set.
    public void tscChanged() {
        timer.tscChanged();
    }

    public int tpr() {
        return vectors.taskPriority();
    }

    public void tpr(int value) {
        settle();
        vectors.taskPriority(value);
        update();
    }

    int arbitrationPriority() {
        return vectors.arbitrationPriority();
    }

    int spurious() {
        return spurious;
    }

    /// SVR. Disabling by software masks the whole local vector table.
    ///
    /// @sdm vol. 3A §11.4.7.2 "Local APIC State After It Has Been Software Disabled"
    void spurious(int value) {
        spurious = value & ApicLayout.SVR_WRITABLE;
        if ((spurious & SVR_ENABLE) == 0) {
            table.maskAll();
        }
    }

    public long command() {
        return commands.register();
    }

    void lvt(Lvt entry, int value) {
        table.set(entry, value, (spurious & SVR_ENABLE) == 0);
        switch (entry) {
            case TIMER -> timer.mode(value >>> ApicLayout.LVT_TIMER_MODE_SHIFT & 3);
            case LINT0 -> update();
            default -> { }
        }
    }

    /// Word `index` of ISR, TMR or IRR.
    int vectors(int register, int index) {
        return vectors.word(register, index);
    }

    // ---- reset and state ----

    /// INIT: everything but id, mode and pins is as after power-on. The processor's own thread.
    ///
    /// @sdm vol. 3A §11.4.7.3 "Local APIC State After an INIT Reset (Wait-for-SIPI State)"
    @Override
    public void initialize() {
        int kept = address.xapicId();
        resetRegisters();
        address.xapicId(kept);
        update();
    }

    /// Connects the PIC through LINT0 and NMIs through LINT1, as firmware leaves the boot processor.
    ///
    /// MultiProcessor Specification 1.4 §3.6.2.2 "Virtual Wire Mode".
    public void connectVirtualWire() {
        table.connectVirtualWire();
        update();
    }

    private void resetRegisters() {
        endsLazily = false;
        vectors.reset();
        table.reset();
        timer.reset();
        address.reset();
        spurious = 0xff;
        externalPending = false;
        commands.register(0);
        errors.restore(0, 0);
    }

    /// What a local APIC holds. Lists are in the order of registers.
    public record State(boolean enabled, boolean x2, int xapicId, int taskPriority, int logicalId,
            int destinationFormat, int spurious, List<Integer> requested, List<Integer> inService,
            List<Integer> levelTriggered, List<Integer> lvt, long command, int errors, int newErrors,
            boolean externalPending, ApicTimer.State timer) {
        public State {
            requested = List.copyOf(requested);
            inService = List.copyOf(inService);
            levelTriggered = List.copyOf(levelTriggered);
            lvt = List.copyOf(lvt);
            if (requested.size() != VectorSet.WORDS || inService.size() != VectorSet.WORDS
                    || levelTriggered.size() != VectorSet.WORDS || lvt.size() != Lvt.values().length) {
                throw new IllegalArgumentException("a local APIC has 8 words of IRR, ISR and TMR and 7 LVT entries");
            }
            if (x2 && !enabled) {
                throw new IllegalArgumentException("x2APIC mode without the APIC being enabled");
            }
            if ((requested.getFirst() | inService.getFirst()) << FIRST_LEGAL_VECTOR != 0) {
                throw new IllegalArgumentException("vectors below 16 in IRR or ISR");
            }
        }
    }

    /// What it holds now; its processor does not run.
    public State save() {
        settle();
        return new State(enabled, address.x2(), address.xapicId(), vectors.taskPriority(),
                address.writtenLogicalId(), address.destinationFormat(), spurious, vectors.words(ApicLayout.IRR),
                vectors.words(ApicLayout.ISR), vectors.words(ApicLayout.TMR),
                table.save(), commands.register(), errors.readable(), errors.since(), externalPending, timer.save());
    }

    /// Takes over what [#save] gave; its processor does not run.
    public void restore(State saved) {
        enabled = saved.enabled;
        address.restore(saved.x2, saved.xapicId, saved.logicalId, saved.destinationFormat);
        vectors.restore(saved);
        spurious = saved.spurious & ApicLayout.SVR_WRITABLE;
        table.restore(saved.lvt);
        commands.register(saved.command);
        errors.restore(saved.errors, saved.newErrors);
        externalPending = saved.externalPending;
        timer.restore(saved.timer);
        update();
    }
}
