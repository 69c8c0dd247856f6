// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// What a [Cpu] that is not running has between two instructions, beside its registers: what holds events back, and
/// what waits to be delivered.
public final class ProcessorEvents {
    /// An exception or interrupt that waits to be delivered before the next instruction.
    ///
    /// @param exception whether it is one of the processor's, which counts in the double-fault rules
    public record Queued(int vector, boolean exception, boolean hasErrorCode, int errorCode) { }

    private final Cpu cpu;

    public ProcessorEvents(Cpu cpu) {
        this.cpu = cpu;
    }

    /// What is to be delivered next, or null.
    public Queued queued() {
        Event event = cpu.exceptions.queued();
        return event == null ? null
                : new Queued(event.vector, event.exception, event.hasErrorCode, event.errorCode);
    }

    /// @param event or null, to forget what waits
    public void queue(Queued event) {
        if (event == null) {
            cpu.exceptions.forgetQueued();
        } else {
            cpu.exceptions.queue(event.vector, event.exception, event.hasErrorCode, event.errorCode);
        }
    }

    /// Whether the processor shuts down, as after a triple fault, before the next instruction.
    public boolean shutsDown() {
        return cpu.exceptions.shutsDown();
    }

    public void shutsDown(boolean whether) {
        cpu.exceptions.shutsDown(whether);
    }

    /// Whether the last instruction (STI, MOV SS, POP SS) holds interrupts back until the next is done.
    public boolean shadow() {
        return (cpu.slow & Cpu.SLOW_SHADOW) != 0;
    }

    public void shadow(boolean whether) {
        cpu.slow = whether ? cpu.slow | Cpu.SLOW_SHADOW : cpu.slow & ~Cpu.SLOW_SHADOW;
    }

    /// Whether an NMI is being handled: further ones wait for IRET.
    public boolean nmiBlocked() {
        return cpu.nmiBlocked;
    }

    public void nmiBlocked(boolean whether) {
        cpu.nmiBlocked = whether;
        cpu.attention.interruptibilityChanged();
    }

    /// Whether an NMI was being handled when system management mode was entered.
    public boolean nmiBlockedBehindManagement() {
        return cpu.management.nmiBlockedBehind();
    }

    /// Puts the processor into system management mode, or takes it out, with the registers that it has.
    ///
    /// @param nmiBlockedBehind whether NMIs are blocked again after RSM
    /// @param base             SMBASE
    public void systemManagement(boolean active, boolean nmiBlockedBehind, long base) {
        cpu.management.set(active, nmiBlockedBehind, base);
    }

    /// Whether the processor has left in the middle of an instruction, for an access.
    public boolean amidInstruction() {
        return (cpu.slow & Cpu.SLOW_REPLAY) != 0;
    }

    /// Whether an interrupt would be taken before the next instruction.
    public boolean takesInterrupts() {
        return (cpu.systemFlags() & Flags.IF) != 0 && !shadow() && !amidInstruction()
                && queued() == null && !shutsDown() && !awaitsStartup();
    }

    /// Takes an INIT that has come while the processor did not run.
    ///
    /// @return whether there was one
    public boolean acceptInit() {
        return cpu.reset.acceptInit();
    }

    /// Whether it waits for a start-up IPI.
    public boolean awaitsStartup() {
        return cpu.reset.waiting();
    }

    public void awaitsStartup(boolean whether) {
        cpu.reset.waitForStartup(whether);
    }

    /// Whether an INIT has come since power-on.
    public boolean initialized() {
        return cpu.reset.initialized();
    }

    public void initialized(boolean whether) {
        cpu.reset.initialized(whether);
    }

    /// The vector of the last start-up IPI.
    public int startupVector() {
        return cpu.reset.startupVector();
    }

    public void startupVector(int vector) {
        cpu.reset.startupVector(vector);
    }
}
