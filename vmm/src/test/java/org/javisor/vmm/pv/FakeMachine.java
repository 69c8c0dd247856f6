// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.javisor.cpu.BareBoard;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.MsrTable;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.testkit.ManualClock;
import org.javisor.vmm.irq.LazyEoi;
import org.javisor.vmm.irq.SyntheticVectors;

/// A machine of one processor that only remembers what paravirtual interfaces ask of it.
final class FakeMachine implements PvMachine, PvProcessor, AutoCloseable {
    static final long RAM_BYTES = 1 << 20;
    /// When the machine was switched on, by its clock.
    static final long SWITCHED_ON = 1_000;

    private static final int PROCESSORS = 4;

    final List<String> asked = new ArrayList<>();
    final ManualClock clock = new ManualClock();
    private final BareBoard board = new BareBoard(RAM_BYTES) {
        @Override
        public long tsc() {
            return 0;
        }
    };
    private final GuestMemory memory = board.memory();
    private final Cpu cpu;
    long tscOffset;
    int tscKhz = 1_000_000;
    boolean owner;
    long stolen;
    long executed;
    long command;
    int priority;
    int index;
    SyntheticVectors synthetic;
    LazyEoi lazyEoi;

    FakeMachine() {
        clock.advance(SWITCHED_ON);
        cpu = new Cpu(0, CpuidModel.builder().build(), board);
    }

    /// What RDMSR reads.
    long read(int msr) {
        return new CpuRegisters(cpu).msr(msr);
    }

    boolean write(int msr, long value) {
        return cpu.msrs().write(msr, value);
    }

    // ---- the machine ----

    @Override
    public int processors() {
        return PROCESSORS;
    }

    @Override
    public void forgetTranslations(IntPredicate which) {
        asked.add("forget " + IntStream.range(0, PROCESSORS).filter(which).boxed().toList());
    }

    @Override
    public void forgetTranslations(IntPredicate which, long[] gvas) {
        asked.add("forget " + IntStream.range(0, PROCESSORS).filter(which).boxed().toList() + " at "
                + Arrays.stream(gvas).mapToObj(Long::toHexString).toList());
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public long tscAt(long nanos) {
        return nanos - SWITCHED_ON;
    }

    @Override
    public boolean interrupt(int apicId, int command) {
        asked.add("interrupt " + apicId + " " + Integer.toHexString(command));
        return apicId < PROCESSORS;
    }

    @Override
    public void unhalt(int apicId) {
        asked.add("unhalt " + apicId);
    }

    // ---- the processor ----

    @Override
    public int index() {
        return index;
    }

    @Override
    public long executedNanos() {
        return executed;
    }

    @Override
    public void syntheticVectors(SyntheticVectors controller) {
        synthetic = controller;
    }

    @Override
    public void endOfInterrupt() {
        asked.add("end of interrupt");
    }

    @Override
    public long interruptCommand() {
        return command;
    }

    @Override
    public void interruptCommand(long value) {
        command = value;
    }

    @Override
    public int taskPriority() {
        return priority;
    }

    @Override
    public void taskPriority(int value) {
        priority = value;
    }

    @Override
    public boolean accessedByOwner() {
        return owner;
    }

    @Override
    public void idle() {
        asked.add("idle");
    }

    @Override
    public MsrTable msrs() {
        return cpu.msrs();
    }

    @Override
    public long tscOf(long machine) {
        return machine / 1_000_000 * tscKhz + machine % 1_000_000 * tscKhz / 1_000_000 + tscOffset;
    }

    @Override
    public int tscKhz() {
        return tscKhz;
    }

    @Override
    public long guestNanos(long nanos) {
        return nanos;
    }

    @Override
    public long stolenNanos() {
        return stolen;
    }

    @Override
    public void lazyEndOfInterrupt(LazyEoi area) {
        lazyEoi = area;
    }

    @Override
    public void close() {
        cpu.close();
        board.close();
    }
}
