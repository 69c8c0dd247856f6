// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.javisor.isa.Instruction.FS;
import static org.javisor.isa.Instruction.GS;
import static org.javisor.isa.Instruction.SS;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.javisor.host.HostMemory;
import org.javisor.memory.Ram;
import org.javisor.testkit.RandomOperands;

/// A guest in 64-bit mode, or in compatibility mode with a 64-bit kernel, that executes [RandomProgram]s. Its exception
/// handlers are here: who faults goes on behind the instruction, and NMIs and kicks, which come when they like, leave
/// no trace.
///
/// ```
/// 0x400000  data, in pages that differ: see [#PAGES]
/// 0x500000  stack             0x510000 counters
/// 0x600000  code, writable
/// ```
/// All else is for the supervisor.
final class ProgramGuest implements AutoCloseable {
    static final long DATA = 0x40_0000, STACK = 0x50_2000, COUNTERS = 0x51_0000, CODE = 0x60_0000;
    static final int CALL_VECTOR = 0x80;
    static final int DATA_PAGES = 16, CODE_PAGES = 4;
    /// What RFLAGS may have in 64-bit mode, without RF. A program that has jumped to a handler has left anything on the
    /// stack.
    private static final long POSSIBLE_FLAGS = 0x3c_7fd7;
    private static final int PAGE_BYTES = 4096, TABLE = 0x3_8000, NMI_STACK = 0x7_e000, INTERRUPT_STACK = 0x7_f000,
            MAX_STOPS = 400;
    /// Behind those of exceptions. What SYSRET makes selectors of: of data 8 bytes behind it, and then of code.
    private static final int SYSCALL_HANDLER = SystemGuest.HANDLERS + 16 * 257,
            SYSRET_SELECTOR = SystemGuest.FREE - 8 | 3;
    private static final int COMPATIBILITY0 = SystemGuest.FREE + 16;
    private static final int SYSCALL_VECTOR = 255, INTERRUPT_VECTOR = 0x60;
    /// Of the data pages: writable, read-only, supervisor's, not present, and another view of the first.
    private static final String PAGES = "wwwwrwwswnwwawww";
    private static final long PRESENT = 1, WRITABLE = 2, USER = 4, LARGE = 0x80, NO_EXECUTE = 1L << 63;
    private static final byte[] BREAKPOINTS = new byte[CODE_PAGES * PAGE_BYTES];
    /// What the kernel writes to when it is called.
    private static final long SYSCALLS = 0x51_8000;
    /// What an exception puts on the stack, with an error code.
    private static final int FRAME_BYTES = 6 * 8;
    private static final int END_OF_PROGRAM = -1;
    /// What is compared: the general registers; and the x87 and vector registers.
    private static final int FIRST_FLOAT = CpuLayout.FPR, LAST_FLOAT = CpuLayout.OPERAND;
    private static final int CONDITION_CODES = 0x4700;

    static {
        Arrays.fill(BREAKPOINTS, (byte) 0xcc);
    }

    private final SystemGuest guest;
    private final Ram smram = Ram.allocate(64 << 10);
    final Cpu cpu;
    private RandomProgram program;
    private boolean user;
    private int stops;
    /// Why it stopped last: a vector, and where.
    private int vector;
    private long at;
    private long flags;
    private int errorCode;
    private boolean ended;
    private boolean stepping;
    private final InstructionDecoder decoder;

    ProgramGuest(CpuidModel cpuid, BlockTranslator translator, boolean inLockStep) {
        guest = SystemGuest.in64BitMode(cpuid, translator, inLockStep);
        cpu = guest.cpu;
        cpu.group.counted = inLockStep;
        decoder = new InstructionDecoder(cpu);
        for (int gate = 0; gate < 256; gate++) {
            guest.gate(gate, SystemGuest.CODE0, SystemGuest.HANDLERS + 16 * gate,
                    gate == GuestFault.BP || gate == CALL_VECTOR ? 0xee : 0x8e,
                    gate == GuestFault.NMI ? 2 : gate == INTERRUPT_VECTOR ? 3 : 1);
        }
        guest.memory.storeLong(SystemGuest.TSS + 44, NMI_STACK);
        guest.memory.storeLong(SystemGuest.TSS + 52, INTERRUPT_STACK);
        cpu.system.star = (long) SystemGuest.CODE0 << 32 | (long) SYSRET_SELECTOR << 48;
        guest.descriptor(SystemGuest.FREE, 0, 0xfffff, SystemGuest.DATA_ACCESS | 0x60, 0xc);
        guest.descriptor(SystemGuest.FREE + 8, 0, 0xfffff, SystemGuest.CODE_ACCESS | 0x60, 0xa);
        guest.descriptor(COMPATIBILITY0, 0, 0xfffff, SystemGuest.CODE_ACCESS, 0xc);
        // iretq; and for SYSCALL: swapgs; mov gs:[SYSCALLS], rcx; swapgs; sysretq
        guest.code(SystemGuest.HANDLERS + 16 * CALL_VECTOR, "48cf");
        guest.code(SYSCALL_HANDLER, "0f01f8 6548890c2500805100 0f01f8 480f07");
        cpu.system.xcr0 = cpuid.xcr0Supported();
        manage();
        mapMemory();
    }

    /// Has SMIs change registers, memory of their own and the address space, and go back.
    private void manage() {
        guest.memory.management().addSlot(0, SystemManagement.DEFAULT_BASE, smram);
        // xor ebx, ebx; inc dword [cs:0x9000]; mov cr3, ebx; rsm
        guest.memory.management().store(SystemManagement.DEFAULT_BASE + 0x8000,
                HexFormat.of().parseHex("6631db" + "2e66ff060090" + "0f22db" + "0faa"));
    }

    /// How many SMIs there were.
    int smis() {
        return guest.memory.management().loadInt(SystemManagement.DEFAULT_BASE + 0x9000);
    }

    private void mapMemory() {
        for (int n = 0; n < 8; n++) {
            entry(SystemGuest.TABLES + 0x2000 + 8 * n, (long) n << 21 | LARGE | PRESENT);
        }
        for (long region : new long[] {0, DATA, STACK, CODE}) {
            long table = TABLE + (region >>> 21) * PAGE_BYTES;
            entry(SystemGuest.TABLES + 0x2000 + 8 * (region >>> 21), table | USER | WRITABLE | PRESENT);
            for (int n = 0; n < 512; n++) {
                long gpa = (region & -1 << 21) + (long) n * PAGE_BYTES;
                entry(table + 8L * n, gpa | rights(gpa));
            }
        }
        long alias = TABLE + (DATA >>> 21) * PAGE_BYTES + 8L * PAGES.indexOf('a');
        entry(alias, DATA | NO_EXECUTE | USER | WRITABLE | PRESENT);
    }

    private void entry(long at, long value) {
        guest.memory.storeLong(at, value);
    }

    private static long rights(long gpa) {
        if (gpa >= DATA && gpa < DATA + (long) DATA_PAGES * PAGE_BYTES) {
            return switch (PAGES.charAt((int) (gpa - DATA) / PAGE_BYTES)) {
                case 'r' -> NO_EXECUTE | USER | PRESENT;
                case 's' -> NO_EXECUTE | WRITABLE | PRESENT;
                case 'n' -> 0;
                default -> NO_EXECUTE | USER | WRITABLE | PRESENT;
            };
        }
        if (gpa >= CODE && gpa < CODE + (long) CODE_PAGES * PAGE_BYTES) {
            return USER | WRITABLE | PRESENT;
        }
        boolean users = gpa >= STACK - 0x2000 && gpa < STACK + 0x1000 || gpa == COUNTERS;
        if (users) {
            return NO_EXECUTE | USER | WRITABLE | PRESENT;
        }
        // The tables and handlers that everything depends on are not to be overwritten, and no repeated instruction is
        // to run into itself.
        boolean supervisorsData = gpa >= SystemGuest.DATA && gpa < SystemGuest.DATA + 0x4_0000 || gpa == SYSCALLS;
        return gpa == 0 ? 0 : supervisorsData ? WRITABLE | PRESENT : PRESENT;
    }

    /// Loads a program and, as `seed` says, everything that it works on.
    void start(RandomProgram toRun, long seed) {
        program = toRun;
        cpu.cancel(Requests.NMI | Requests.SMI | Requests.INTERRUPT);
        stepping = false;
        stops = 0;
        ended = false;
        Random random = new Random(seed);
        RandomOperands operands = new RandomOperands(random);
        guest.memory.store(CODE, BREAKPOINTS);
        guest.memory.store(program.origin(), program.code());
        guest.memory.store(COUNTERS, new byte[PAGE_BYTES]);
        fill(random, STACK - 0x2000, 0x3000);
        fill(random, DATA, DATA_PAGES * PAGE_BYTES);
        user = random.nextInt(3) != 0;
        cpu.system.lstar = random.nextBoolean() ? SYSCALL_HANDLER : SystemGuest.HANDLERS + 16 * SYSCALL_VECTOR;
        cpu.system.cstar = SystemGuest.HANDLERS + 16 * SYSCALL_VECTOR;
        cpu.system.kernelGsBase(0);
        mode(random);
        for (int reg = 0; reg < 16; reg++) {
            cpu.reg64(reg, random.nextInt(3) == 0 ? DATA + random.nextInt(4 * PAGE_BYTES) : operands.integer());
        }
        cpu.reg64(CpuLayout.RSP, STACK - 8L * random.nextInt(0x40));
        floatingPoint(random, operands);
        cpu.rip(program.origin());
        cpu.mmu.flush();
        enter(Flags.IF | random.nextInt() & Flags.ARITHMETIC | (random.nextInt(8) == 0 ? Flags.DF : 0)
                | (random.nextInt(8) == 0 ? Flags.AC : 0), user);
    }

    private void fill(Random random, long gpa, int bytes) {
        byte[] content = new byte[bytes];
        random.nextBytes(content);
        guest.memory.store(gpa, content);
    }

    private void mode(Random random) {
        cpu.cr0 = ControlBits.CR0_PE | ControlBits.CR0_PG | ControlBits.CR0_WP | ControlBits.CR0_ET
                | ControlBits.CR0_NE | ControlBits.CR0_MP | (random.nextInt(4) == 0 ? ControlBits.CR0_AM : 0)
                | (random.nextInt(16) == 0 ? ControlBits.CR0_TS : 0);
        cpu.cr4 = ControlBits.CR4_PAE | ControlBits.CR4_OSXMMEXCPT
                | (random.nextInt(16) != 0 ? ControlBits.CR4_OSFXSR : 0)
                | (random.nextInt(4) != 0 ? ControlBits.CR4_OSXSAVE : 0);
        cpu.cr2(0);
        cpu.nmiBlocked = false;
        cpu.segments.base[FS] = DATA + random.nextInt(PAGE_BYTES);
        cpu.segments.base[GS] = random.nextInt(PAGE_BYTES);
    }

    private void floatingPoint(Random random, RandomOperands operands) {
        boolean numbers = random.nextBoolean();
        for (int at = 0; at < 512; at += 8) {
            HostMemory.storeLong(cpu.state + CpuLayout.XMM + at,
                    numbers ? operands.doublePrecision() : operands.integer());
        }
        for (int n = 0; n < 8; n++) {
            int exponent = operands.extendedExponent();
            long at = cpu.state + CpuLayout.FPR + (long) CpuLayout.FPR_STRIDE * n;
            HostMemory.storeLong(at, operands.significand(exponent));
            HostMemory.storeLong(at + 8, exponent & 0xffffL);
        }
        Mxcsr.set(cpu, Mxcsr.INITIAL | (random.nextInt(4) == 0 ? random.nextInt(4) << 13 : 0)
                | (random.nextInt(8) == 0 ? 0x8040 : 0) & (random.nextInt() | 0x40));
        HostMemory.storeShort(cpu.state + CpuLayout.FCW, (short) (0x37f | random.nextInt(4) << 10));
        HostMemory.storeShort(cpu.state + CpuLayout.FSW, (short) (random.nextInt(8) << 11));
        HostMemory.storeShort(cpu.state + CpuLayout.FTW, (short) (random.nextInt(3) != 0 ? 0 : 0xffff));
    }

    /// Goes on at CPL 3 or 0.
    private void enter(long rflags, boolean asUser) {
        if (asUser) {
            guest.asUser();
        } else {
            guest.cpu.segmentLoader.set(CS, SystemGuest.CODE0,
                    guest.memory.loadLong(SystemGuest.GDT + SystemGuest.CODE0));
            guest.cpu.segmentLoader.set(SS, SystemGuest.DATA0,
                    guest.memory.loadLong(SystemGuest.GDT + SystemGuest.DATA0));
            cpu.cpl = 0;
        }
        if (program.codeBits() == 32 && !isHandler(cpu.rip())) {
            int selector = asUser ? SystemGuest.COMPATIBILITY3 : COMPATIBILITY0;
            cpu.segmentLoader.set(CS, selector, guest.memory.loadLong(SystemGuest.GDT + (selector & ~3)));
            long data = guest.memory.loadLong(SystemGuest.GDT + (SystemGuest.DATA3 & ~3));
            cpu.segmentLoader.set(DS, SystemGuest.DATA3, data);
            cpu.segmentLoader.set(ES, SystemGuest.DATA3, data);
        }
        cpu.rflags(rflags & POSSIBLE_FLAGS | 2);
    }

    /// Runs to the next exception of the program's own, or to its end.
    ///
    /// @return whether there is more to come; null if it has shut down, or seems never to stop
    Boolean next() {
        while (true) {
            int exit = cpu.run();
            if (exit == CpuExit.KICK) {
                if (stuck) {
                    return null;
                }
            } else if (exit == CpuExit.SHUTDOWN) {
                return null;
            } else if (exit != CpuExit.HALT) {
                throw new AssertionError(CpuExit.name(exit) + " " + cpu.failure() + " at "
                        + Long.toHexString(cpu.rip()),
                        cpu.failureCause());
            } else if (isAstray()) {
                return null;
            } else if (!resume()) {
                return !ended;
            }
        }
    }

    /// Whether it has come to a handler by itself, with a stack that is nowhere.
    private boolean isAstray() {
        long handler = cpu.rip() - 1;
        return isHandler(handler) && handler != SystemGuest.HANDLERS + 16 * SYSCALL_VECTOR
                && !guest.memory.backs(cpu.reg64(CpuLayout.RSP), FRAME_BYTES);
    }

    /// Set by who finds that it takes too long, and then kicks.
    volatile boolean stuck;

    /// @return whether that was nothing of the program's doing
    private boolean resume() {
        long handler = cpu.rip() - 1 - SystemGuest.HANDLERS;
        errorCode = 0;
        if (handler < 0 || handler >= 256 * 16) {
            // HLT at CPL 0: the end, or a stray one.
            vector = END_OF_PROGRAM;
            at = cpu.rip() - 1;
            flags = cpu.rflags();
            return stop(at == program.end(), at);
        }
        vector = (int) handler / 16;
        if (vector == SYSCALL_VECTOR) {
            at = cpu.reg64(CpuLayout.RCX);
            flags = cpu.reg64(11);
            return stop(false, at);
        }
        int first = hasErrorCode(vector) ? 1 : 0;
        errorCode = first == 0 ? errorCode : (int) guest.stackItem(0, 8);
        at = guest.stackItem(first, 8);
        boolean wasUser = (guest.stackItem(first + 1, 8) & 3) != 0;
        flags = guest.stackItem(first + 2, 8);
        cpu.reg64(CpuLayout.RSP, guest.stackItem(first + 3, 8));
        if (asynchronous(vector) || vector == GuestFault.DB && stepping) {
            leaveNoTrace(wasUser);
            return true;
        }
        flags &= stepping ? ~Flags.TF : -1;
        stepping = false;
        boolean trap = vector == GuestFault.BP || vector == GuestFault.DB || vector >= 32;
        return stop(vector == GuestFault.GP && at == program.end(), trap ? at : program.behind(at));
    }

    /// Goes on where the program was; now and then with a single step.
    private void leaveNoTrace(boolean wasUser) {
        cpu.nmiBlocked &= vector != GuestFault.NMI;
        // A HLT that has been woken up from is executed again.
        boolean woken = !wasUser && (at - 1 == program.end() || isHandler(at - 1) && at % 16 == 1);
        long back = woken ? at - 1 : at;
        cpu.rip(back);
        if (isHandler(back)) {
            enter(flags, wasUser);
            return;
        }
        boolean stepped = stepping;
        stepping = !stepped && (flags & Flags.TF) == 0 && (at & 3) == 0 && maySingleStep(back);
        enter(stepping ? flags | Flags.TF : stepped ? flags & ~Flags.TF : flags, wasUser);
    }

    private static boolean isHandler(long rip) {
        return rip >= SystemGuest.HANDLERS && rip < SystemGuest.HANDLERS + 16 * 256;
    }

    /// Not before an instruction that shows TF, or changes it.
    private boolean maySingleStep(long rip) {
        if (rip < CODE || rip >= CODE + CODE_PAGES * PAGE_BYTES - 15L) {
            return false;
        }
        byte[] bytes = new byte[15];
        guest.memory.load(rip, bytes, 0, bytes.length);
        return switch (decoder.decodeOne(bytes, 0, bytes.length, program.codeBits()).mnemonic()) {
            case PUSHF, POPF, SYSCALL, INT1, INT3 -> false;
            default -> true;
        };
    }

    private static boolean asynchronous(int vector) {
        return vector == GuestFault.NMI || vector == INTERRUPT_VECTOR;
    }

    /// Has the program interrupted soon; from any thread.
    void disturb(int how) {
        switch (how % 4) {
            case 0 -> cpu.request(Requests.KICK);
            case 1 -> cpu.request(Requests.NMI);
            case 2 -> cpu.request(Requests.SMI);
            default -> guest.interrupt(INTERRUPT_VECTOR);
        }
    }

    private boolean stop(boolean end, long next) {
        ended = end || ++stops == MAX_STOPS;
        cpu.rip(next == at && vector == END_OF_PROGRAM ? at + 1 : next);
        enter(flags & ~Flags.TF, user);
        return false;
    }

    private static boolean hasErrorCode(int vector) {
        return switch (vector) {
            case 8, 10, 11, 12, 13, 14, 17, 21 -> true;
            default -> false;
        };
    }

    /// How it stopped.
    @Override
    public String toString() {
        return String.format("vector %d (%x) at %x, flags %x, CR2 %x, stop %d", vector, errorCode, at, flags,
                cpu.cr2(), stops);
    }

    /// What differs from `other`, which has executed as much of the same program; null if nothing that is defined.
    String difference(ProgramGuest other) {
        int undefined = program.undefinedAt(at);
        if (vector != other.vector || at != other.at || errorCode != other.errorCode
                || ((flags ^ other.flags) & ~undefined) != 0 || cpu.cr2() != other.cr2()) {
            return this + ", not " + other;
        }
        for (int offset = 0; offset < CpuLayout.RIP + 8; offset += 8) {
            boolean savedFlags = vector == SYSCALL_VECTOR && offset == 8 * 11;
            long mask = savedFlags ? ~undefined : program.codeBits() == 32 && offset < CpuLayout.RIP
                    ? 0xffff_ffffL : -1;
            if (((word(offset) ^ other.word(offset)) & mask) != 0) {
                return differs(other, offset);
            }
        }
        for (int offset = FIRST_FLOAT; offset < LAST_FLOAT; offset += 8) {
            boolean exponent = offset < CpuLayout.XMM && (offset & 8) != 0;
            if (((word(offset) ^ other.word(offset)) & (exponent ? 0xffff : -1)) != 0) {
                return differs(other, offset);
            }
        }
        if (controlWords() != other.controlWords()) {
            return String.format("%s: MXCSR and x87 words %x, not %x", this, controlWords(), other.controlWords());
        }
        return memoryDifference(other);
    }

    private long cr2() {
        return cpu.cr2();
    }

    private long word(int offset) {
        return HostMemory.loadLong(cpu.state + offset);
    }

    /// MXCSR, FCW, FSW but for condition codes, and which x87 registers are empty.
    private long controlWords() {
        int words = HostMemory.loadInt(cpu.state + CpuLayout.FCW) & ~(CONDITION_CODES << 16);
        int tags = cpu.x87.tags();
        return Integer.toUnsignedLong(words) | (long) (tags & tags >> 1 & 0x5555) << 32 | (long) Mxcsr.get(cpu) << 48;
    }

    private String differs(ProgramGuest other, int offset) {
        return String.format("%s: offset %d of the state: %x, not %x", this, offset, word(offset), other.word(offset));
    }

    private String memoryDifference(ProgramGuest other) {
        for (long from : new long[] {DATA, STACK - 0x2000, COUNTERS, CODE}) {
            long bytes = from == DATA ? (long) DATA_PAGES * PAGE_BYTES
                    : from == CODE ? (long) CODE_PAGES * PAGE_BYTES : from == COUNTERS ? PAGE_BYTES : 0x3000;
            long at = HostMemory.segment(guest.ram.hva() + from, bytes)
                    .mismatch(HostMemory.segment(other.guest.ram.hva() + from, bytes));
            if (at >= 0) {
                return String.format("%s: memory at %x: %x, not %x", this, from + at,
                        guest.memory.loadByte(from + at) & 0xff, other.guest.memory.loadByte(from + at) & 0xff);
            }
        }
        return null;
    }

    String registers() {
        StringBuilder text = new StringBuilder();
        for (int reg = 0; reg < 16; reg++) {
            text.append(String.format("%n  r%d %016x", reg, cpu.reg64(reg)));
        }
        return text.append(user ? "\n  user" : "\n  supervisor").append(String.format(", CR0 %x, CR4 %x, RFLAGS %x",
                cpu.cr0, cpu.cr4, cpu.rflags())).toString();
    }

    @Override
    public void close() {
        guest.close();
        smram.close();
    }
}
