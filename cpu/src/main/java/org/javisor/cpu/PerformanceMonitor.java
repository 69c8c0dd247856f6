// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;
import org.javisor.host.HostMemory;

/// Architectural performance monitoring, version 2: general and fixed counters that count instructions, branches, or
/// cycles, and interrupt when they overflow.
///
/// Nothing ticks. A counter holds what it had counted when it was last looked at, and what the total of its event was
/// then. Totals of instructions and branches are kept, by privilege, while an active counter needs them: by
/// interpreted code ([#retired]), and by host code that is translated for it (a decode mode of its own). Time costs
/// nothing; what of it was user mode's is estimated, from the instructions that each privilege executed meanwhile.
/// A cycle is as long as a tick of the processor's time stamp counter, at whatever speed that is;
/// cycles pass while the host executes for the processor.
///
/// An overflow that is to interrupt is noticed when time is due ([CpuEnvironment#alarm]), or when a total reaches its
/// limit: at the end of an interpreted block, and where host code polls. Others are noticed when somebody looks.
///
/// @sdm vol. 3B §20.2.2 "Architectural Performance Monitoring Version 2"
final class PerformanceMonitor {
    static final int VERSION = 2, GENERAL = 8, FIXED = 3, WIDTH = 48;
    private static final int COUNTERS = GENERAL + FIXED;
    private static final long MASK = (1L << WIDTH) - 1;
    /// Of IA32_PERF_GLOBAL_CTRL and its companions: the general counters, and above them the fixed ones.
    private static final int FIXED_POSITION = 32;
    private static final long ALL = (1L << GENERAL) - 1 | (1L << FIXED) - 1 << FIXED_POSITION;
    /// Status bits that can be cleared though they are never set: of a buffer, and of the status itself.
    private static final long UNUSED_STATUS = 3L << 62;

    // Bits of IA32_PERFEVTSELx. AnyThread is none, as there is one thread a core.
    private static final long USER = 1 << 16, KERNEL = 1 << 17, EDGE = 1 << 18, INTERRUPT = 1 << 20,
            ENABLE = 1 << 22, INVERT = 1 << 23;
    private static final int THRESHOLD_POSITION = 24;
    private static final long SELECT_RESERVED = -1L << 32 | 1 << 21;
    // Fields of IA32_FIXED_CTR_CTRL.
    private static final int FIXED_FIELD = 4, FIXED_KERNEL = 1, FIXED_USER = 2, FIXED_INTERRUPT = 8;
    private static final long FIXED_CONTROL_RESERVED = ~0xbbbL;

    /// What is counted. The first two are kinds of [CpuLayout#RETIRED].
    private static final int INSTRUCTIONS = 0, BRANCHES = 1, TIME = 2, CACHE_MISSES = 3, BRANCH_MISSES = 4,
            NOTHING = 5;
    // Privileges, as bits; and their places in RETIRED.
    private static final int IN_USER = 1, IN_KERNEL = 2, EVERYWHERE = IN_USER | IN_KERNEL;
    private static final long NEVER = Long.MAX_VALUE;
    /// Interrupts for time are not closer to each other than this, in ticks.
    private static final long SHORTEST_ALARM = 20_000;
    /// How often events are looked at that have neither time nor limit, in ticks.
    private static final long LOOK_EVERY = 1_000_000;

    private final Cpu cpu;
    private final long retired, limits;
    private final long[] select = new long[GENERAL];
    private final long[] value = new long[COUNTERS];
    /// By counter, while it is active: its event's total when `value` was right.
    private final long[] base = new long[COUNTERS];
    /// By counter: what it counts now, [#NOTHING] while it is not active, and where.
    private final int[] kind = new int[COUNTERS], where = new int[COUNTERS];
    private long fixedControl, control, status;
    /// IA32_DEBUGCTL.FREEZE_PERFMON_ON_PMI.
    boolean freezes;

    /// Whether instructions and branches are to be counted.
    boolean counting;
    private boolean timing;
    /// Time that has been divided among privileges, and what each got.
    private long divided, userTicks, kernelTicks;
    private long userBefore, kernelBefore;
    /// In user mode, and in supervisor mode.
    private final long[] cacheMisses = new long[2], branchMisses = new long[2];
    /// How many instructions of the current block are counted already, see [#reached].
    private int ahead;

    PerformanceMonitor(Cpu cpu) {
        this.cpu = cpu;
        this.retired = cpu.state + CpuLayout.RETIRED;
        this.limits = cpu.state + CpuLayout.RETIRED_LIMITS;
        reset();
    }

    /// RESET.
    void reset() {
        for (int n = 0; n < COUNTERS; n++) {
            value[n] = base[n] = 0;
            kind[n] = NOTHING;
        }
        Arrays.fill(select, 0);
        for (int slot = 0; slot < 4; slot++) {
            HostMemory.storeLong(retired + 8L * slot, 0);
            HostMemory.storeLong(limits + 8L * slot, NEVER);
        }
        fixedControl = control = status = 0;
        counting = timing = freezes = false;
        divided = userTicks = kernelTicks = userBefore = kernelBefore = 0;
        cpu.environment.alarm(NEVER);
    }

    // ---- totals ----

    private static int slot(int event, boolean kernel) {
        return 16 * event + (kernel ? 8 : 0);
    }

    private long total(int event, int privileges) {
        if (event == TIME) {
            return (privileges & IN_USER) == 0 ? kernelTicks : (privileges & IN_KERNEL) == 0 ? userTicks : divided;
        }
        return ((privileges & IN_USER) == 0 ? 0 : total(event, false))
                + ((privileges & IN_KERNEL) == 0 ? 0 : total(event, true));
    }

    private long total(int event, boolean kernel) {
        return switch (event) {
            case CACHE_MISSES -> cacheMisses[kernel ? 1 : 0];
            case BRANCH_MISSES -> branchMisses[kernel ? 1 : 0];
            default -> HostMemory.loadLong(retired + slot(event, kernel));
        };
    }

    private void add(int event, boolean kernel, long count) {
        long at = retired + slot(event, kernel);
        HostMemory.storeLong(at, HostMemory.loadLong(at) + count);
    }

    /// Gives the time since the last call to the privileges.
    private void divideTime() {
        long now = timing ? Math.max(divided, cpu.tsc.scaled(cpu.environment.busyTicks())) : divided;
        long ticks = now - divided;
        long user = total(INSTRUCTIONS, IN_USER), kernel = total(INSTRUCTIONS, IN_KERNEL);
        double inUser = user - userBefore, inKernel = kernel - kernelBefore;
        long users = inUser + inKernel != 0 ? (long) (ticks * (inUser / (inUser + inKernel)))
                : cpu.cpl != 0 ? ticks : 0;
        userTicks += users;
        kernelTicks += ticks - users;
        divided = now;
        userBefore = user;
        kernelBefore = kernel;
    }

    // ---- from the processor ----

    /// Instructions have been executed, one after the other, at privilege level `cpl`; only while [#counting].
    ///
    /// @param last the last of them, or null if it is no branch
    void retired(int executed, Insn last, int cpl) {
        boolean kernel = cpl == 0;
        add(INSTRUCTIONS, kernel, executed - ahead);
        ahead = 0;
        if (last != null && isBranch(last)) {
            add(BRANCHES, kernel, 1);
        }
        check();
    }

    /// Host code has stopped before it executed some instructions that it has counted.
    ///
    /// @param branch whether the last of them is one
    void takeBack(int count, boolean branch, boolean kernel) {
        add(INSTRUCTIONS, kernel, -count);
        if (branch) {
            add(BRANCHES, kernel, -1);
        }
    }

    /// An instruction that looks at counters, or changes them, is being executed: those before it in its block count
    /// already.
    void reached(Insn insn) {
        int before = insn.ordinal - 1 - cpu.begun;
        if (counting) {
            add(INSTRUCTIONS, cpu.cpl == 0, before - ahead);
        }
        ahead = before;
    }

    /// Page tables were walked, or a cache line was flushed: what is nearest to a last-level cache here is the TLB.
    void cacheMissed() {
        cacheMisses[cpu.cpl == 0 ? 1 : 0]++;
    }

    /// Nothing was known of where a branch led; or what was known had to be forgotten.
    void branchMissed() {
        branchMisses[cpu.cpl == 0 ? 1 : 0]++;
    }

    /// The present instruction will be executed again, from where it is.
    void interrupted() {
        ahead += counting ? 1 : 0;
    }

    /// Looks whether a total has reached its limit.
    void check() {
        for (int slot = 0; slot < 4; slot++) {
            if (HostMemory.loadLong(retired + 8L * slot) >= HostMemory.loadLong(limits + 8L * slot)) {
                due();
                return;
            }
        }
    }

    /// Something may be about to overflow.
    void due() {
        settle();
        aim();
    }

    /// The processor begins to run, or goes on.
    void running() {
        ahead = 0;
    }

    static boolean isBranch(Insn insn) {
        return switch (insn.row.mnemonic()) {
            case JO, JNO, JB, JAE, JE, JNE, JBE, JA, JS, JNS, JP, JNP, JL, JGE, JLE, JG, JCXZ, LOOP, LOOPE, LOOPNE,
                    JMP, JMP_FAR, CALL, CALL_FAR, RET, RET_FAR, IRET, INT, INT1, INT3, INTO, SYSCALL, SYSRET,
                    SYSENTER, SYSEXIT -> true;
            default -> false;
        };
    }

    // ---- counters ----

    private static long bit(int counter) {
        return 1L << (counter < GENERAL ? counter : FIXED_POSITION + counter - GENERAL);
    }

    private int fixedField(int counter) {
        return (int) (fixedControl >>> FIXED_FIELD * (counter - GENERAL)) & 0xf;
    }

    private boolean interrupts(int counter) {
        return counter < GENERAL ? (select[counter] & INTERRUPT) != 0 : (fixedField(counter) & FIXED_INTERRUPT) != 0;
    }

    /// Brings counters and status up to date, and interrupts if one has overflowed that is to.
    private void settle() {
        divideTime();
        boolean interrupt = false;
        for (int n = 0; n < COUNTERS; n++) {
            if (kind[n] != NOTHING) {
                long now = total(kind[n], where[n]);
                long sum = value[n] + now - base[n];
                base[n] = now;
                value[n] = sum & MASK;
                if (sum >>> WIDTH != 0) {
                    status |= bit(n);
                    interrupt |= interrupts(n);
                }
            }
        }
        if (interrupt) {
            if (freezes) {
                control = 0;
                derive();
            }
            cpu.environment.interruptController().performanceInterrupt();
        }
    }

    /// Follows a change of what is to be counted. Counters are up to date.
    private void derive() {
        boolean counts = false;
        boolean times = false;
        for (int n = 0; n < COUNTERS; n++) {
            where[n] = (control & bit(n)) == 0 ? 0 : n < GENERAL ? selectedPrivileges(n) : fixedPrivileges(n);
            kind[n] = where[n] == 0 ? NOTHING : n < GENERAL ? event(select[n]) : n == GENERAL ? INSTRUCTIONS : TIME;
            times |= kind[n] == TIME;
            counts |= kind[n] < TIME || kind[n] == TIME && where[n] != EVERYWHERE;
        }
        if (times && !timing) {
            timing = true;
            divideTime();
        }
        timing = times;
        for (int n = 0; n < COUNTERS; n++) {
            base[n] = kind[n] == NOTHING ? 0 : total(kind[n], where[n]);
        }
        aim();
        if (counts != counting) {
            counting = counts;
            cpu.modeChanged();
        }
    }

    private int selectedPrivileges(int counter) {
        long bits = select[counter];
        return (bits & ENABLE) == 0 ? 0 : ((bits & USER) != 0 ? IN_USER : 0) | ((bits & KERNEL) != 0 ? IN_KERNEL : 0);
    }

    private int fixedPrivileges(int counter) {
        int field = fixedField(counter);
        return ((field & FIXED_USER) != 0 ? IN_USER : 0) | ((field & FIXED_KERNEL) != 0 ? IN_KERNEL : 0);
    }

    /// What a general counter counts. With a threshold it counts the cycles in which the event happens so often, or
    /// less often; here it happens once in a cycle at most.
    private static int event(long select) {
        int event = switch ((int) select & 0xffff) {
            case 0x003c, 0x013c -> TIME;
            case 0x00c0 -> INSTRUCTIONS;
            case 0x00c4 -> BRANCHES;
            case 0x00c5 -> BRANCH_MISSES;
            case 0x412e, 0x4f2e -> CACHE_MISSES;
            default -> NOTHING;
        };
        int threshold = (int) (select >>> THRESHOLD_POSITION) & 0xff;
        boolean inverted = (select & INVERT) != 0 && threshold != 0;
        if ((select & EDGE) != 0) {
            return NOTHING;
        }
        return threshold <= 1 ? inverted ? NOTHING : event : inverted ? TIME : NOTHING;
    }

    /// Sees to it that the next overflow is noticed that is to interrupt.
    private void aim() {
        long alarm = NEVER;
        for (int slot = 0; slot < 4; slot++) {
            HostMemory.storeLong(limits + 8L * slot, NEVER);
        }
        for (int n = 0; n < COUNTERS; n++) {
            if (kind[n] != NOTHING && interrupts(n)) {
                long left = MASK + 1 - value[n];
                if (kind[n] == TIME) {
                    alarm = Math.min(alarm, Math.max(left, SHORTEST_ALARM));
                } else if (kind[n] > TIME) {
                    alarm = Math.min(alarm, LOOK_EVERY);
                } else {
                    // Where two totals are added the sum is not reached before one has done half of the way.
                    long part = where[n] == EVERYWHERE ? Math.max(1, left / 2) : left;
                    limit(kind[n], false, where[n] & IN_USER, part);
                    limit(kind[n], true, where[n] & IN_KERNEL, part);
                }
            }
        }
        cpu.environment.alarm(alarm == NEVER ? NEVER : cpu.environment.tsc() + cpu.tsc.nanos(alarm));
    }

    private void limit(int event, boolean kernel, int concerned, long distance) {
        if (concerned != 0) {
            int slot = slot(event, kernel);
            long at = HostMemory.loadLong(retired + slot) + distance;
            HostMemory.storeLong(limits + slot, Math.min(HostMemory.loadLong(limits + slot), at));
        }
    }

    // ---- registers ----

    /// What a counter has counted: the general ones first.
    long read(int counter) {
        settle();
        return value[counter];
    }

    private void write(int counter, long count) {
        settle();
        value[counter] = count & MASK;
        aim();
    }

    /// RDPMC.
    ///
    /// @return the counter that `index` names, or -1
    static int counter(int index) {
        int number = index & 0x3fff_ffff;
        return switch (index >>> 30) {
            case 0 -> number < GENERAL ? number : -1;
            case 1 -> number < FIXED ? GENERAL + number : -1;
            default -> -1;
        };
    }

    void define(MsrTable table) {
        for (int n = 0; n < GENERAL; n++) {
            int counter = n;
            table.define(Msrs.PERFCTR0 + n, () -> read(counter), count -> {
                write(counter, (int) count);
                return true;
            });
            table.define(Msrs.PMC0 + n, () -> read(counter), count -> {
                boolean fits = (count & ~MASK) == 0;
                if (fits) {
                    write(counter, count);
                }
                return fits;
            });
            table.define(Msrs.PERFEVTSEL0 + n, () -> select[counter], bits -> writeSelect(counter, bits));
        }
        for (int n = 0; n < FIXED; n++) {
            int counter = GENERAL + n;
            table.define(Msrs.FIXED_CTR0 + n, () -> read(counter), count -> {
                write(counter, count);
                return true;
            });
        }
        table.define(Msrs.FIXED_CTR_CTRL, () -> fixedControl, this::writeFixedControl);
        table.define(Msrs.PERF_GLOBAL_CTRL, () -> control, this::writeControl);
        table.define(Msrs.PERF_GLOBAL_STATUS, this::readStatus, MsrTable.READ_ONLY);
        table.restoredBy(Msrs.PERF_GLOBAL_STATUS, this::restoreStatus);
        table.define(Msrs.PERF_GLOBAL_OVF_CTRL, () -> 0, this::clearStatus);
        // Counters can be written in their full width.
        table.define(Msrs.PERF_CAPABILITIES, () -> 1 << 13, MsrTable.READ_ONLY);
    }

    private boolean writeSelect(int counter, long bits) {
        if ((bits & SELECT_RESERVED) != 0) {
            return false;
        }
        settle();
        select[counter] = bits;
        derive();
        return true;
    }

    private boolean writeFixedControl(long bits) {
        if ((bits & FIXED_CONTROL_RESERVED) != 0) {
            return false;
        }
        settle();
        fixedControl = bits;
        derive();
        return true;
    }

    private boolean writeControl(long bits) {
        if ((bits & ~ALL) != 0) {
            return false;
        }
        settle();
        control = bits;
        derive();
        return true;
    }

    private long readStatus() {
        settle();
        return status;
    }

    private boolean restoreStatus(long bits) {
        if ((bits & ~(ALL | UNUSED_STATUS)) != 0) {
            return false;
        }
        settle();
        status = bits;
        return true;
    }

    private boolean clearStatus(long bits) {
        if ((bits & ~(ALL | UNUSED_STATUS)) != 0) {
            return false;
        }
        settle();
        status &= ~bits;
        return true;
    }
}
