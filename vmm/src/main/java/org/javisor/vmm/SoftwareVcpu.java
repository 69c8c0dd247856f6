// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuEnvironment;
import org.javisor.cpu.CpuExit;
import org.javisor.cpu.CpuGroup;
import org.javisor.cpu.InterruptController;
import org.javisor.cpu.Requests;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;

/// A vCPU whose processor is software.
///
/// Its thread never sleeps on anything but its [WakeSignal] and the [RunGate]; whoever asks something of the processor
/// signals afterwards, and a processor that has run out of work sleeps only if nobody signalled since it started to
/// look.
final class SoftwareVcpu implements Vcpu, CpuEnvironment {
    private final Vm vm;
    private final int id;
    private final CpuGroup group;
    private final IoBus mmio;
    private final Cpu cpu;
    private final SoftwareRegisters registers;
    private final RunGate.Pass pass;
    private final WakeSignal wake = new WakeSignal();
    private final RunCounters counters = new RunCounters();
    private volatile boolean kicked;
    private final NoInterrupts noInterrupts = new NoInterrupts();

    SoftwareVcpu(Vm vm, int id, CpuGroup group) {
        this.vm = vm;
        this.id = id;
        this.group = group;
        this.pass = vm.gate().newPass();
        this.mmio = new IoBus(vm.mmio());
        this.cpu = new Cpu(id, vm.config().cpuid(), this);
        this.registers = new SoftwareRegisters(cpu);
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public VmExit run() {
        long start = System.nanoTime();
        pass.enter();
        try {
            return runInside();
        } finally {
            pass.leave();
            counters.ran(System.nanoTime() - start);
        }
    }

    private VmExit runInside() {
        while (true) {
            int seen = wake.sequence();
            if (takeKick()) {
                return VmExit.Interrupted.INSTANCE;
            }
            if (vm.gate().closed()) {
                pass.leave();
                pass.enter();
            }
            int exit = cpu.run();
            counters.exited(exit);
            VmExit reason = exitFor(exit, seen);
            if (reason != null) {
                return reason;
            }
        }
    }

    private boolean takeKick() {
        if (Thread.currentThread().isInterrupted()) {
            return true;
        }
        boolean was = kicked;
        kicked = false;
        return was;
    }

    /// What the caller of [#run] is told, or null when the processor is to go on.
    private VmExit exitFor(int exit, int seen) {
        return switch (exit) {
            case CpuExit.HALT -> vm.config().chips() ? sleep(seen) : VmExit.Halt.INSTANCE;
            case CpuExit.WAIT_FOR_STARTUP -> sleep(seen);
            case CpuExit.KICK -> null;
            case CpuExit.SHUTDOWN -> new VmExit.Shutdown(registers.rip());
            case CpuExit.PORT_READ -> new VmExit.PortRead((int) cpu.exitAddress(), cpu.exitBytes());
            case CpuExit.PORT_WRITE ->
                    new VmExit.PortWrite((int) cpu.exitAddress(), cpu.exitBytes(), (int) cpu.exitValue());
            case CpuExit.MMIO_READ -> new VmExit.MmioRead(cpu.exitAddress(), cpu.exitBytes());
            case CpuExit.MMIO_WRITE -> new VmExit.MmioWrite(cpu.exitAddress(), cpu.exitBytes(), cpu.exitValue());
            case CpuExit.HYPERCALL -> new VmExit.Hypercall(registers.general(Registers.RAX));
            default -> new VmExit.InternalError(registers.rip(), cpu.failure());
        };
    }

    private VmExit sleep(int seen) {
        long start = System.nanoTime();
        wake.await(seen);
        counters.halted(System.nanoTime() - start);
        return null;
    }

    /// Asks something of the processor, from any thread.
    ///
    /// @param bits of [Requests]
    void request(int bits) {
        cpu.request(bits);
        wake.signal();
    }

    @Override
    public void completeRead(long value) {
        cpu.completeRead(value);
    }

    @Override
    public void kick() {
        kicked = true;
        request(Requests.KICK);
    }

    /// Makes the run under way look at the gate.
    void hurry() {
        request(Requests.KICK);
    }

    @Override
    public void injectNmi() {
        request(Requests.NMI);
    }

    @Override
    public Registers registers() {
        return registers;
    }

    @Override
    public VcpuStats stats() {
        return counters.read(cpu.instructions());
    }

    void reset() {
        request(Requests.INIT);
    }

    void close() {
        cpu.close();
    }

    // ---- what the processor is plugged into ----

    @Override
    public GuestMemory memory() {
        return vm.memory();
    }

    @Override
    public IoBus ports() {
        return vm.ports();
    }

    @Override
    public IoBus mmio() {
        return mmio;
    }

    @Override
    public CpuGroup group() {
        return group;
    }

    @Override
    public long tsc() {
        return vm.clock().nanos();
    }

    @Override
    public InterruptController interruptController() {
        return noInterrupts;
    }

    @Override
    public boolean exitsOnUnclaimedAccess() {
        return vm.config().exitsOnUnclaimed();
    }
}
