// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Why and when [Cpu#run] is to return: asked for while an instruction executes, taken behind it.
final class PendingExit {
    private final Cpu cpu;
    /// HLT was executed last, and the processor has not gone on since.
    private boolean halted;
    private long haltedAt;
    private int exit;
    private long address;
    private int bytes;
    private long value;
    private String failure;
    private Throwable failureCause;

    PendingExit(Cpu cpu) {
        this.cpu = cpu;
    }

    /// The processor goes on.
    void resume() {
        halted = false;
    }

    /// Makes [Cpu#run] return `exit` after the current instruction.
    void ask(int exit) {
        this.exit = exit;
        cpu.slow |= Cpu.SLOW_EXIT;
        cpu.blockEnd = 0;
    }

    /// As [#ask], for an access that somebody outside has to answer.
    void ask(int exit, long address, int bytes, long value) {
        this.address = address;
        this.bytes = bytes;
        this.value = value;
        ask(exit);
    }

    /// Takes the exit that was asked for.
    int take() {
        cpu.slow &= ~Cpu.SLOW_EXIT;
        halted = exit == CpuExit.HALT;
        haltedAt = cpu.rip();
        return exit;
    }

    /// Stops with [CpuExit#INTERNAL_ERROR].
    void fail(String reason) {
        failure = reason;
        ask(CpuExit.INTERNAL_ERROR);
    }

    /// As [#fail], with the Java exception that says more.
    void fail(String reason, Throwable cause) {
        failureCause = cause;
        fail(reason);
    }

    /// Whether HLT has been executed and [Cpu#run] is to return for it.
    boolean halting() {
        return (cpu.slow & Cpu.SLOW_EXIT) != 0 && exit == CpuExit.HALT;
    }

    /// Whether an exit for something else has come before that for HLT, which will not be made any more.
    boolean takeHalt() {
        boolean halts = halting();
        if (halts) {
            take();
        }
        return halts;
    }

    /// Whether HLT is what it is doing, and nobody outside has had it do something else since.
    boolean isHalted() {
        return halting() || halted && cpu.rip() == haltedAt;
    }

    /// An exception or interrupt ends HLT, even if it comes with the HLT itself.
    void wake() {
        if (halting()) {
            cpu.slow &= ~Cpu.SLOW_EXIT;
        }
    }

    /// The port, or the guest-physical address, of the access that made [Cpu#run] return.
    long address() {
        return address;
    }

    int bytes() {
        return bytes;
    }

    /// What was to be written.
    long value() {
        return value;
    }

    /// What went wrong, after [CpuExit#INTERNAL_ERROR].
    String failure() {
        return failure;
    }

    /// The Java exception behind [#failure], or null.
    Throwable failureCause() {
        return failureCause;
    }
}
