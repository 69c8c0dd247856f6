// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;

import org.javisor.host.HostMemory;

/// The states that RESET, INIT and a start-up IPI leave.
///
/// INIT and start-up IPIs come from other threads, and their order matters: a start-up IPI is for a processor that
/// waits for one, or is to once it has looked at the INIT that came before. So a start-up IPI that is requested has
/// come behind the last INIT; others are not requested at all. On a busy host INIT and start-up IPI may both have
/// come before the processor's thread looks. The monitor guards that; nothing else is locked under it.
///
/// @sdm vol. 3A §10.1.1 "Processor State After Reset", vol. 3A §9.4.3 "MP Initialization Protocol Algorithm
///     for MP Systems"
final class Reset {
    private static final int DATA = Segments.PRESENT | Segments.S | Segments.WRITABLE | Segments.ACCESSED;
    private static final long RESET_VECTOR = 0xfff0;

    private final Cpu cpu;
    private volatile boolean waiting;
    private volatile int startupVector;
    /// An INIT has come since power-on.
    private boolean initialized;

    Reset(Cpu cpu) {
        this.cpu = cpu;
    }

    /// RESET.
    void powerUp() {
        cpu.cr0 = ControlBits.CR0_ET | ControlBits.CR0_NW | ControlBits.CR0_CD;
        initialize();
        LegacyRegion.initializeX87(cpu);
        HostMemory.storeShort(cpu.state + CpuLayout.FCW, (short) 0x40);
        HostMemory.storeShort(cpu.state + CpuLayout.FTW, (short) 0x5555);
        for (long at = CpuLayout.FPR; at < CpuLayout.XMM + 16L * CpuLayout.XMM_STRIDE; at += 8) {
            HostMemory.storeLong(cpu.state + at, 0);
        }
        HostMemory.storeInt(cpu.state + CpuLayout.MXCSR, Mxcsr.INITIAL);
        cpu.system.reset();
        cpu.monitor.reset();
        cpu.modelSpecific.reset();
        cpu.management.reset();
        waiting = false;
        initialized = false;
        cpu.modeChanged();
    }

    /// INIT, which a processor other than the first answers by waiting for a start-up IPI.
    ///
    /// @return [CpuExit#NONE] or [CpuExit#WAIT_FOR_STARTUP]
    int init() {
        takeInit();
        // CD and NW keep their values.
        cpu.cr0 = cpu.cr0 & (ControlBits.CR0_NW | ControlBits.CR0_CD) | ControlBits.CR0_ET;
        initialize();
        cpu.modeChanged();
        cpu.mmu.flush();
        cpu.environment.interruptController().initialize();
        initialized = true;
        return !waiting || takeStartup() ? CpuExit.NONE : CpuExit.WAIT_FOR_STARTUP;
    }

    private synchronized void takeInit() {
        waiting = (cpu.msrs.peek(Msrs.APIC_BASE) & SystemRegisters.APIC_BASE_BSP) == 0;
        cpu.cancel(Requests.INIT | Requests.NMI | (waiting ? 0 : Requests.STARTUP));
    }

    /// What RESET and INIT have in common.
    private void initialize() {
        for (int reg = 0; reg < 16; reg++) {
            cpu.reg64(reg, 0);
        }
        cpu.reg64(CpuLayout.RDX, cpu.cpuid.vendor().signature);
        cpu.arithmeticFlags(0);
        cpu.systemFlags(2);
        cpu.cr3 = cpu.cr4 = cpu.efer = 0;
        cpu.cpl = 0;
        cpu.nmiBlocked = false;
        cpu.slow = 0;
        cpu.exits.resume();
        cpu.bus.reset();
        cpu.exceptions.forgetQueued();
        for (int segment = 0; segment < Segments.COUNT; segment++) {
            segment(segment, 0, 0, DATA);
        }
        segment(CS, 0xf000, 0xffff_0000L, DATA);
        segment(Segments.LDTR, 0, 0, Segments.PRESENT | Descriptor.LDT);
        segment(Segments.TR, 0, 0, Segments.PRESENT | Descriptor.TSS32_BUSY);
        cpu.tables.gdtBase = cpu.tables.idtBase = 0;
        cpu.tables.gdtLimit = cpu.tables.idtLimit = 0xffff;
        cpu.debug.reset();
        cpu.rip(RESET_VECTOR);
    }

    private void segment(int segment, int selector, long base, int attributes) {
        cpu.segments.selector[segment] = selector;
        cpu.segments.base[segment] = base;
        cpu.segments.limit[segment] = 0xffff;
        cpu.segments.attributes[segment] = attributes;
    }

    void waitForStartup(boolean whether) {
        waiting = whether;
    }

    /// Says that an INIT has come since power-on, or has not.
    void initialized(boolean whether) {
        initialized = whether;
    }

    boolean initialized() {
        return initialized;
    }

    boolean waiting() {
        return waiting;
    }

    /// Of the last start-up IPI.
    int startupVector() {
        return startupVector;
    }

    /// Who owns the processor says so.
    void startupVector(int vector) {
        startupVector = vector & 0xff;
    }

    /// An INIT comes; from any thread.
    synchronized void sendInit() {
        cpu.cancel(Requests.STARTUP);
        cpu.request(Requests.INIT);
    }

    /// A start-up IPI comes; from any thread. A processor that runs, and goes on running, ignores it.
    synchronized void startup(int vector) {
        if (waiting || (cpu.requests() & Requests.INIT) != 0) {
            startupVector(vector);
            cpu.request(Requests.STARTUP);
        }
    }

    /// Takes an INIT that waits, and a start-up IPI behind it; the processor is between two instructions.
    ///
    /// @return whether there was one that could be taken
    boolean acceptInit() {
        if ((cpu.requests() & Requests.INIT) == 0 || cpu.management.active()) {
            return false;
        }
        init();
        return true;
    }

    /// Before the processor runs: while it waits for a start-up IPI, only that, INIT and a kick reach it.
    ///
    /// @return [CpuExit#NONE] if it is to run
    int awaitStartup() {
        if (!waiting) {
            return CpuExit.NONE;
        }
        int requests = cpu.requests();
        if ((requests & Requests.INIT) != 0 && init() == CpuExit.NONE || takeStartup()) {
            return CpuExit.NONE;
        }
        if ((requests & Requests.KICK) != 0) {
            cpu.cancel(Requests.KICK);
            return CpuExit.KICK;
        }
        return CpuExit.WAIT_FOR_STARTUP;
    }

    /// Starts, if a start-up IPI has come.
    private boolean takeStartup() {
        int vector;
        synchronized (this) {
            if ((cpu.requests() & Requests.STARTUP) == 0) {
                return false;
            }
            cpu.cancel(Requests.STARTUP);
            waiting = false;
            vector = startupVector;
        }
        segment(CS, vector << 8, (long) vector << 12, DATA);
        cpu.rip(0);
        cpu.modeChanged();
        return true;
    }
}
