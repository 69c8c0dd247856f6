// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.Arena;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.cpu.CpuExit;
import org.javisor.host.HostMemory;
import org.javisor.host.KickSignal;
import org.javisor.memory.DirtyRing;
import org.javisor.vmm.GuestDebug;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.MachineCheckError;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.SmiState;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.VcpuStats;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.engine.EngineVcpu;
import org.javisor.vmm.engine.EngineVm;
import org.javisor.vmm.irq.LapicState;
import org.javisor.vmm.stats.Statistics;

/// A vCPU that the host's processor executes, through KVM.
///
/// KVM lets one thread at a time make requests of a processor, and holds the others up while it runs. So whoever asks
/// something of one that runs leaves word here and gets it out of the guest; its own thread does the rest before it
/// enters again. Getting it out is `immediate_exit`, which the next entry sees, and a signal for the entry under way:
/// whatever the order, one of the two arrives.
final class KvmVcpu extends EngineVcpu {
    private static final int NOTHING_HELD = -1;
    private static final int MOST_NMIS = 2;

    private final VcpuFd fd;
    private final Arena arena = Arena.ofShared();
    private final KvmRegisters registers;
    private final KvmAccess access;
    private final KvmPowerOn powerOn;
    private final KvmState state;
    /// Null where writes are logged in bitmaps.
    private final KvmDirtyRing dirtyRing;
    private final KvmMachineChecks machineChecks;
    private final KvmStatistics statistics;
    private final KvmDebug debug;
    private final KvmCoalesced coalesced;
    /// Whose interrupts from the PIC this processor takes; null if it does not.
    private final KvmLocalApics apics;
    private final AtomicInteger nmis = new AtomicInteger();
    private volatile boolean smiWanted;
    private volatile boolean windowWanted;
    /// The kernel's number of the thread that is in [#run]; 0 if none is.
    private volatile int thread;
    /// The thread that ran last, and its number.
    private Thread lastThread;
    private int lastNumber;
    /// A reason to exit that KVM gave when it was only to complete an access.
    private int held = NOTHING_HELD;
    private boolean closed;

    KvmVcpu(EngineVm vm, int id, SystemFd system, VcpuFd fd, int[] msrs, KvmCoalesced coalesced, KvmLocalApics apics,
            KvmDirtyRing dirtyRing) {
        super(vm, id);
        this.dirtyRing = dirtyRing;
        this.apics = id == 0 ? apics : null;
        this.coalesced = coalesced;
        this.fd = fd;
        this.registers = new KvmRegisters(fd, arena, this::settle, msrs);
        this.state = new KvmState(fd, id, vm.config().irqchip());
        this.machineChecks = new KvmMachineChecks(fd, system.machineCheckCapabilities());
        this.statistics = new KvmStatistics(fd);
        this.debug = new KvmDebug(fd);
        counters().identify(id, registers::rip);
        this.access = new KvmAccess(vm, fd.run());
        registers.general(Registers.RDX, registers.cpuid(1, 0).eax());
        registers.flush();
        this.powerOn = new KvmPowerOn(fd, arena, msrs, vm.hasChips());
    }

    // ---- running ----

    @Override
    protected VmExit begin() {
        thread = threadNumber();
        return access.goOn();
    }

    @Override
    protected void end() {
        thread = 0;
    }

    private int threadNumber() {
        Thread current = Thread.currentThread();
        if (current != lastThread) {
            lastThread = current;
            lastNumber = KickSignal.thread();
        }
        return lastNumber;
    }

    @Override
    protected void listen() {
        fd.immediateExit(false);
        // Whoever left word before we took the flag back is heard below; who comes later sets it again.
        VarHandle.fullFence();
    }

    @Override
    protected VmExit waiting() {
        return dirtyRing != null && dirtyRing.ring().full() ? VmExit.DirtyRingFull.INSTANCE : null;
    }

    @Override
    protected VmExit step() {
        return exitFor(held == NOTHING_HELD ? enter() : takeHeld());
    }

    @Override
    protected int execute() {
        return fd.enter();
    }

    private int takeHeld() {
        int reason = held;
        held = NOTHING_HELD;
        return reason;
    }

    private int enter() {
        deliverEvents();
        registers.flush();
        registers.leave();
        fd.requestInterruptWindow(windowWanted || apics != null && apics.stillWaits(fd, counters()));
        counters().entering();
        int reason = watched();
        access.completed();
        coalesced.exited();
        if (dirtyRing != null) {
            dirtyRing.drain();
        }
        return reason;
    }

    private void deliverEvents() {
        machineChecks.deliver();
        if (smiWanted) {
            smiWanted = false;
            fd.smi();
        }
        while (nmis.get() > 0) {
            nmis.getAndDecrement();
            counters().nmi();
            fd.nmi();
        }
    }

    /// What the caller of [#run] is told, or null when the processor is to go on.
    private VmExit exitFor(int reason) {
        return switch (reason) {
            case RunLayout.EXIT_IO -> {
                access.beginPorts();
                counters().exited(access.isWrite() ? CpuExit.PORT_WRITE : CpuExit.PORT_READ);
                yield access.goOn();
            }
            case RunLayout.EXIT_MMIO -> {
                access.beginMmio();
                counters().exited(access.isWrite() ? CpuExit.MMIO_WRITE : CpuExit.MMIO_READ);
                yield access.goOn();
            }
            case RunLayout.EXIT_HLT -> told(CpuExit.HALT, VmExit.Halt.INSTANCE);
            case RunLayout.EXIT_INTR, RunLayout.EXIT_SET_TPR, RunLayout.EXIT_TPR_ACCESS, RunLayout.EXIT_NMI ->
                told(CpuExit.KICK, null);
            case RunLayout.EXIT_IRQ_WINDOW_OPEN ->
                told(CpuExit.INTERRUPT_WINDOW, windowWanted ? VmExit.InterruptWindow.INSTANCE : null);
            case RunLayout.EXIT_DEBUG -> told(CpuExit.DEBUG, debug.exit(registers));
            case RunLayout.EXIT_X86_BUS_LOCK -> told(CpuExit.BUS_LOCK, VmExit.BusLock.INSTANCE);
            case RunLayout.EXIT_DIRTY_RING_FULL -> told(CpuExit.KICK, VmExit.DirtyRingFull.INSTANCE);
            case RunLayout.EXIT_IOAPIC_EOI -> {
                int vector = HostMemory.loadByte(fd.run() + RunLayout.EOI_VECTOR) & 0xff;
                yield told(CpuExit.KICK,
                        vm().chips().endOfInterrupt(vector) ? null : new VmExit.EndOfInterrupt(vector));
            }
            case RunLayout.EXIT_SYSTEM_EVENT -> told(CpuExit.MSR_WRITE, KvmSystemEvent.read(fd.run()));
            case RunLayout.EXIT_HYPERV -> told(CpuExit.HYPERCALL, KvmHyperv.answer(fd.run()));
            case RunLayout.EXIT_X86_RDMSR -> told(CpuExit.MSR_READ, access.beginMsr(false));
            case RunLayout.EXIT_X86_WRMSR -> told(CpuExit.MSR_WRITE, access.beginMsr(true));
            case RunLayout.EXIT_SHUTDOWN -> told(CpuExit.SHUTDOWN, new VmExit.Shutdown(registers.rip()));
            case RunLayout.EXIT_HYPERCALL -> told(CpuExit.HYPERCALL, access.beginCall());
            default -> told(CpuExit.INTERNAL_ERROR, KvmFailure.exit(reason, registers.rip(), fd.run()));
        };
    }

    /// KVM ends it when anybody looks at its registers, or enters the guest.
    @Override
    protected VmExit endInstruction() {
        return null;
    }

    private VmExit told(int why, VmExit exit) {
        counters().exited(why);
        return exit;
    }

    /// Has KVM complete an access that has been answered: until it has, registers are those before the instruction.
    private void settle() {
        requireOpen();
        machineChecks.deliver();
        if (!access.isToBeCompleted()) {
            return;
        }
        registers.flush();
        registers.leave();
        fd.immediateExit(true);
        int reason = fd.enter();
        access.completed();
        // A longer instruction may want its next access instead.
        held = reason == RunLayout.EXIT_INTR ? NOTHING_HELD : reason;
    }

    @Override
    public void completeRead(long value) {
        requireOpen();
        access.answer(value);
    }

    @Override
    public void refuse() {
        access.refuse();
    }

    // ---- from other threads ----

    @Override
    protected synchronized void hurry() {
        if (closed) {
            return;
        }
        fd.immediateExit(true);
        VarHandle.fullFence();
        int running = thread;
        if (running != 0 && Thread.currentThread() != lastThread) {
            KickSignal.send(running);
        }
    }

    @Override
    public void injectNmi() {
        nmis.updateAndGet(n -> Math.min(n + 1, MOST_NMIS));
        hurry();
    }

    @Override
    public void injectMachineCheck(MachineCheckError error) {
        if (error.bank() >= machineChecks.banks()) {
            throw new IllegalArgumentException("there are " + machineChecks.banks()
                    + " machine-check banks, and no bank " + error.bank());
        }
        machineChecks.add(error);
        hurry();
    }

    private void requireManagement() {
        if (!fd.has(KvmCapability.X86_SMM)) {
            throw new UnsupportedOperationException("the host's KVM lacks " + KvmCapability.X86_SMM.constant());
        }
    }

    @Override
    public void injectSmi() {
        requireManagement();
        smiWanted = true;
        hurry();
    }

    @Override
    public SmiState smi() {
        requireManagement();
        settle();
        deliverEvents();
        return state.smi();
    }

    @Override
    public void smi(SmiState wanted) {
        requireManagement();
        settle();
        smiWanted = false;
        registers.flush();
        registers.leave();
        state.smi(wanted);
    }

    /// As it was when the processor last left the guest.
    @Override
    public boolean inSystemManagement() {
        requireOpen();
        return (HostMemory.loadShort(fd.run() + RunLayout.FLAGS) & RunLayout.IN_SYSTEM_MANAGEMENT) != 0;
    }

    private void requireNested() {
        if (!fd.has(KvmCapability.NESTED_STATE)) {
            throw new UnsupportedOperationException("the host's KVM lacks " + KvmCapability.NESTED_STATE.constant());
        }
    }

    @Override
    public byte[] nestedState() {
        requireNested();
        settle();
        return fd.nestedState();
    }

    @Override
    public void nestedState(byte[] nested) {
        requireNested();
        if (nested.length < StateLayout.NESTED_BYTES) {
            throw new IllegalArgumentException(nested.length + " bytes are fewer than nested state has");
        }
        settle();
        registers.flush();
        registers.leave();
        try {
            fd.nestedState(nested);
        } catch (KvmException e) {
            throw new IllegalArgumentException("the host's processor cannot hold this nested state", e);
        }
    }

    @Override
    public void requestInterruptWindow(boolean wanted) {
        windowWanted = wanted;
        hurry();
    }

    // ---- state ----

    @Override
    public void injectInterrupt(int vector) {
        settle();
        state.injectInterrupt(vector, registers);
    }

    @Override
    public boolean readyForInterrupt() {
        settle();
        return state.readyForInterrupt(registers);
    }

    @Override
    public VcpuEvents events() {
        settle();
        deliverEvents();
        return state.events();
    }

    @Override
    public void events(VcpuEvents events) {
        settle();
        nmis.set(0);
        state.events(events);
    }

    @Override
    public MpState mpState() {
        // KVM takes an INIT and a start-up IPI now, which change registers.
        settle();
        registers.flush();
        registers.leave();
        return state.mpState();
    }

    @Override
    public void mpState(MpState wanted) {
        requireOpen();
        state.mpState(wanted);
    }

    @Override
    public LapicState lapic() {
        settle();
        registers.flush();
        return state.lapic();
    }

    @Override
    public void lapic(LapicState page) {
        settle();
        registers.flush();
        registers.leave();
        state.lapic(page);
    }

    @Override
    public int tscKhz() {
        requireOpen();
        return fd.tscKhz();
    }

    @Override
    public void tscKhz(int khz) {
        requireOpen();
        if (khz == fd.tscKhz()) {
            return;
        }
        // Without the capability KVM moves the counter now and then, and calls that another speed.
        if (khz <= 0 || !fd.has(KvmCapability.TSC_CONTROL)) {
            throw new InvalidRegisterException("tsc", khz + " kHz is no speed that this host's processor gives guests");
        }
        try {
            fd.tscKhz(khz);
        } catch (KvmException e) {
            throw new InvalidRegisterException("tsc", khz + " kHz is no speed that this host gives guests: "
                    + e.getMessage());
        }
    }

    @Override
    public boolean guestStopped() {
        requireOpen();
        return fd.guestStopped();
    }

    @Override
    public long tscOffset() {
        requireOpen();
        return fd.tscOffset();
    }

    @Override
    public void tscOffset(long offset) {
        requireOpen();
        fd.tscOffset(offset);
    }

    @Override
    public Optional<DirtyRing> dirtyRing() {
        return Optional.ofNullable(dirtyRing).map(KvmDirtyRing::ring);
    }

    @Override
    public Registers registers() {
        return registers;
    }

    @Override
    public void debug(GuestDebug wanted) {
        settle();
        debug.set(wanted);
    }

    @Override
    public long translate(long gva) {
        settle();
        registers.flush();
        return fd.translate(gva);
    }

    @Override
    public VcpuStats stats() {
        return counters().read(0);
    }

    @Override
    public Statistics statistics() {
        return statistics.read();
    }

    /// Back to the state after power-on; it is not running.
    void reset() {
        access.reset();
        held = NOTHING_HELD;
        nmis.set(0);
        smiWanted = false;
        machineChecks.reset();
        registers.forget();
        powerOn.restore();
    }

    /// The monitor keeps a late kick from the shared page, which goes away.
    synchronized void close() {
        closed = true;
        statistics.close();
        fd.close();
        arena.close();
    }
}
