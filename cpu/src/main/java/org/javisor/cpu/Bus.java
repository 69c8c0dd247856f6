// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.events.EventBudget;
import org.javisor.cpu.events.ExitEvent;
import org.javisor.memory.IoBus;

/// A processor's accesses to devices: ports, and guest-physical addresses that no memory backs.
///
/// While a device works, the processor counts as outside its run loop ([CpuGroup]), so that a slow device holds nobody
/// up. When the environment wants unclaimed accesses as exits, one unwinds the instruction that makes it; the answers
/// are kept and given again, in order, when the instruction is executed anew.
final class Bus {
    /// More than any instruction makes: XSAVE and the longest string element stay below it.
    private static final int MAX_ACCESSES = 512;
    private static final long ALL_ONES = -1;

    private final Cpu cpu;
    private final IoBus ports;
    private final IoBus mmio;
    private final boolean exits;

    /// Answers to the accesses of the current instruction that somebody outside gave.
    private final long[] answers = new long[MAX_ACCESSES];
    private int answered;
    private int next;
    private boolean awaitsAnswer;
    /// Without an answer the access is refused; else it reads as all-ones.
    private boolean refusable;
    /// The access that was asked about is #GP(0).
    private boolean refused;

    /// Accesses that devices answered, by the kind of exit that they would otherwise be, and the time that took.
    private final EventBudget recorded = new EventBudget(ExitEvent.MOST_A_SECOND);
    private final Durations[] answeredByKind = new Durations[CpuExit.MMIO_WRITE + 1];

    Bus(Cpu cpu) {
        this.cpu = cpu;
        this.ports = cpu.environment.ports();
        this.mmio = cpu.environment.mmio();
        this.exits = cpu.environment.exitsOnUnclaimedAccess();
        for (int kind = CpuExit.PORT_READ; kind <= CpuExit.MMIO_WRITE; kind++) {
            answeredByKind[kind] = new Durations();
        }
    }

    /// IN; 1, 2 or 4 bytes, zero-extended.
    long readPort(int port, int bytes) {
        return read(ports, CpuExit.PORT_READ, port, bytes);
    }

    void writePort(int port, int bytes, long value) {
        write(ports, CpuExit.PORT_WRITE, port, bytes, value);
    }

    /// 1, 2, 4 or 8 bytes, zero-extended.
    long readMemory(long gpa, int bytes) {
        return read(mmio, CpuExit.MMIO_READ, gpa, bytes);
    }

    void writeMemory(long gpa, int bytes, long value) {
        write(mmio, CpuExit.MMIO_WRITE, gpa, bytes, value);
    }

    private long read(IoBus bus, int exit, long address, int bytes) {
        if (exits && next < answered) {
            return answers[next++] & Cpu.mask(bytes);
        }
        if (exits && bus.unclaimed(address, bytes)) {
            awaitsAnswer = true;
            cpu.slow |= Cpu.SLOW_REPLAY;
            cpu.exits.ask(exit, address, bytes, 0);
            throw cpu.unwind();
        }
        ExitEvent event = event(exit);
        long start = System.nanoTime();
        cpu.group.leave(cpu);
        long value;
        try {
            value = bus.read(address, bytes);
        } finally {
            cpu.group.enter(cpu);
        }
        account(exit, start);
        if (event != null) {
            event.access(address, bytes, value);
            event.commit();
        }
        remember(value);
        return value;
    }

    private void write(IoBus bus, int exit, long address, int bytes, long value) {
        if (exits && next < answered) {
            next++;
            return;
        }
        boolean unclaimed = exits && bus.unclaimed(address, bytes);
        if (unclaimed && !bus.tapped(address, bytes, value & Cpu.mask(bytes))) {
            record(0);
            cpu.exits.ask(exit, address, bytes, value & Cpu.mask(bytes));
            throw cpu.unwind();
        }
        ExitEvent event = event(exit);
        long start = System.nanoTime();
        cpu.group.leave(cpu);
        try {
            if (!unclaimed) {
                bus.write(address, bytes, value);
            }
        } finally {
            cpu.group.enter(cpu);
        }
        account(exit, start);
        if (event != null) {
            event.access(address, bytes, value & Cpu.mask(bytes));
            event.commit();
        }
        remember(0);
    }

    /// Has somebody outside answer an access to a model-specific register.
    ///
    /// @return what he answered: for a write, anything
    /// @throws GuestFault #GP(0) if he refused, and to unwind the instruction until he has answered
    long ask(int exit, int index, int reason, long value) {
        if (refused) {
            refused = false;
            throw cpu.gp(0);
        }
        if (next < answered) {
            return answers[next++];
        }
        awaitsAnswer = true;
        refusable = true;
        cpu.slow |= Cpu.SLOW_REPLAY;
        cpu.exits.ask(exit, Integer.toUnsignedLong(index), reason, value);
        throw cpu.unwind();
    }

    /// @return null if nobody records this one
    private ExitEvent event(int exit) {
        return ExitEvent.on() && recorded.take() ? ExitEvent.start(cpu.id, CpuExit.name(exit), cpu.rip()) : null;
    }

    private void account(int exit, long start) {
        answeredByKind[exit].add(System.nanoTime() - start);
    }

    /// The accesses of a kind ([CpuExit#PORT_READ] to [CpuExit#MMIO_WRITE]) that devices have answered.
    Durations answered(int kind) {
        return answeredByKind[kind];
    }

    private void remember(long answer) {
        if (exits) {
            record(answer);
            next = answered;
        }
    }

    private void record(long answer) {
        if (answered < MAX_ACCESSES) {
            answers[answered++] = answer;
        }
        cpu.slow |= Cpu.SLOW_REPLAY;
        cpu.blockEnd = 0;
    }

    /// Answers the read that made [Cpu#run] return.
    void complete(long value) {
        if (awaitsAnswer) {
            awaitsAnswer = false;
            refusable = false;
            record(value);
        }
    }

    /// As [#complete], for accesses that can fault; others read as all-ones.
    void refuse() {
        refused |= awaitsAnswer && refusable;
        complete(ALL_ONES);
    }

    /// Before an instruction that may have been unwound is executed anew. What nobody answered is refused.
    void rewind() {
        refuse();
        next = 0;
    }

    /// The instruction that waits for answers will not be executed again: the processor is being reset.
    void reset() {
        awaitsAnswer = false;
        refusable = false;
        refused = false;
        forget();
    }

    /// When the instruction is done, or has faulted.
    void forget() {
        answered = 0;
        next = 0;
        cpu.slow &= ~Cpu.SLOW_REPLAY;
    }
}
