// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;

import org.javisor.memory.GuestMemory;

/// System management mode: what an SMI makes of a processor, and RSM takes back.
///
/// In the mode the processor sees memory through a view of its own ([org.javisor.memory.GuestMemory#management]), so
/// everything that it knows of addresses is forgotten on the way in and out. SMIs and INIT wait until RSM, NMIs until
/// that or an IRET.
///
/// @sdm vol. 3C chapter 33 "System Management Mode"
/// @amd vol. 2 chapter 10 "System-Management Mode"
final class SystemManagement {
    static final long DEFAULT_BASE = 0x3_0000;
    private static final int ENTRY = 0x8000;
    private static final long CLEARED_CR0 = ControlBits.CR0_PE | ControlBits.CR0_EM | ControlBits.CR0_TS
            | ControlBits.CR0_PG;
    /// Data segments, readable and writable; of 4 GiB, unlike those of real mode.
    private static final int ATTRIBUTES = Segments.PRESENT | Segments.S | Segments.WRITABLE | Segments.ACCESSED
            | Segments.GRANULARITY;

    private final Cpu cpu;
    private final SavedState state;
    private boolean active;
    private long base = DEFAULT_BASE;
    private boolean nmiWasBlocked;
    private int debugTraps;
    private long entries;

    SystemManagement(Cpu cpu) {
        this.cpu = cpu;
        this.state = new SavedState(cpu);
    }

    /// Whether the processor is in the mode. Its own thread, or when it does not run.
    boolean active() {
        return active;
    }

    long base() {
        return base;
    }

    boolean nmiBlockedBehind() {
        return active && nmiWasBlocked;
    }

    /// Who owns the processor says so.
    void set(boolean whether, boolean nmiBlockedBehind, long newBase) {
        active = whether;
        nmiWasBlocked = nmiBlockedBehind;
        base = newBase;
        see();
        cpu.modeChanged();
        cpu.mmu.flush();
    }

    /// Has the processor see memory, and its registers, as the mode says.
    private void see() {
        GuestMemory memory = cpu.environment.memory();
        cpu.mmu.fill.see(active ? memory.management() : memory);
        if (active) {
            cpu.msrs.define(Msrs.SMBASE, () -> base, MsrTable.READ_ONLY);
        } else {
            cpu.msrs.undefine(Msrs.SMBASE);
        }
    }

    /// How many SMIs were taken.
    long entries() {
        return entries;
    }

    /// RESET; [Cpu#modeChanged] and a flush of the TLBs follow.
    void reset() {
        active = false;
        base = DEFAULT_BASE;
        nmiWasBlocked = false;
        entries = 0;
        debugTraps = 0;
        see();
    }

    /// Takes an SMI.
    ///
    /// @param halted whether it ends HLT
    void enter(boolean halted) {
        entries++;
        active = true;
        see();
        state.save(new SaveArea(cpu.mmu.fill.memory(), base), base, halted, cpu.nmiBlocked);
        nmiWasBlocked = cpu.nmiBlocked;
        cpu.nmiBlocked = true;
        debugTraps = cpu.debug.suspendTraps();
        setEntryState();
        cpu.modeChanged();
        cpu.mmu.flush();
    }

    private void setEntryState() {
        cpu.arithmeticFlags(0);
        cpu.systemFlags(2);
        cpu.rip(ENTRY);
        cpu.cr0 &= ~CLEARED_CR0;
        cpu.cr4 = 0;
        cpu.efer = 0;
        cpu.cpl = 0;
        for (int n = 0; n < Segments.LDTR; n++) {
            segment(n, 0, 0);
        }
        segment(CS, (int) (base >>> 4) & 0xffff, base);
        // The manual leaves the table where it is; processors empty it, so that no handler of the interrupted system
        // is ever executed here.
        cpu.tables.idtBase = 0;
        cpu.tables.idtLimit = 0;
        cpu.debug.write(7, 0);
    }

    private void segment(int segment, int selector, long segmentBase) {
        cpu.segments.selector[segment] = selector;
        cpu.segments.base[segment] = segmentBase;
        cpu.segments.limit[segment] = -1;
        cpu.segments.attributes[segment] = ATTRIBUTES;
    }

    /// RSM: goes on where the SMI came.
    ///
    /// @throws GuestFault #UD outside the mode
    void resume() {
        if (!active) {
            throw cpu.ud();
        }
        SaveArea area = new SaveArea(cpu.mmu.fill.memory(), base);
        if (!state.isValid(area)) {
            cpu.exits.ask(CpuExit.SHUTDOWN);
            return;
        }
        active = false;
        see();
        cpu.nmiBlocked = nmiWasBlocked;
        base = area.load(SaveArea.SMBASE, 4);
        boolean paged = state.restore(area);
        cpu.debug.resumeTraps(debugTraps);
        cpu.modeChanged();
        cpu.mmu.flush();
        if (!paged) {
            cpu.exits.ask(CpuExit.SHUTDOWN);
        } else if ((area.load(SaveArea.AUTO_HALT, 1) & 1) != 0) {
            cpu.exits.ask(CpuExit.HALT);
        }
    }

    // ---- restarting I/O instructions ----

    /// An I/O instruction begins, or the next step of a repeated one.
    void beginsIo() {
        state.io.begins();
    }

    /// It has been done; an SMI that it has led to is taken behind it.
    void io(Insn insn, int port, int bytes, boolean input) {
        if ((cpu.requests() & cpu.attention.mask() & Requests.SMI) != 0) {
            state.io.done(insn, port, bytes, input);
            cpu.blockEnd = 0;
        }
    }
}
