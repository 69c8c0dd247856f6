// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.HexFormat;
import java.util.function.LongSupplier;
import org.javisor.cpu.BareBoard;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuRegisters;
import org.javisor.cpu.CpuidModel;
import org.javisor.memory.GuestMemory;

/// A processor with memory and nothing else, in 64-bit mode with the first GiB mapped one to one in pages of 2 MiB.
final class BareProcessor extends BareBoard {
    private static final long TABLES = 0x8_0000, STACK = 0x9_0000;
    private static final int RSP = 4, CS = 1;
    private static final long PRESENT_WRITABLE = 3, USER = 4, LARGE = 0x80;
    private static final long CR0_PE_WP_PG = 0x8001_0001L, CR4_PAE_OSFXSR_OSXSAVE = 0x4_0220, EFER_LME_LMA = 0x500;
    // Present, code or data, accessed; then what differs.
    private static final int CODE_64 = 0x209b, DATA = 0x4093, USER_SEGMENT = 0x60;
    private static final long CR4_TSD = 4;

    private final GuestMemory memory = memory();
    final Cpu cpu;
    /// Whether paging is as it is to be, and nothing has to be forgotten.
    private boolean paging;
    private long cr4 = CR4_PAE_OSFXSR_OSXSAVE;
    /// For how long nothing is late after [#catchUp], and how often that was asked.
    long unasked = 1L << 60;
    int catchUps;
    /// What the time stamp counter is if it is not the host's monotonic clock, or null.
    private LongSupplier time;

    BareProcessor() {
        this(null, false);
    }

    /// @param translator null for one that interprets all code
    /// @param inLockStep whether translated code is compared with the interpreter
    BareProcessor(BlockTranslator translator, boolean inLockStep) {
        super(16 << 20);
        group().translator(translator, inLockStep);
        cpu = new Cpu(0, CpuidModel.builder().build(), this);
        memory.storeLong(TABLES, TABLES + 0x1000 | PRESENT_WRITABLE);
        memory.storeLong(TABLES + 0x1000, TABLES + 0x2000 | PRESENT_WRITABLE);
        for (int i = 0; i < 512; i++) {
            memory.storeLong(TABLES + 0x2000 + 8 * i, (long) i << 21 | PRESENT_WRITABLE | LARGE);
        }
    }

    /// Maps 2 MiB.
    ///
    /// @param gva   multiple of 2 MiB
    /// @param entry bits of the page directory's entry: where, and what is permitted
    void map(long gva, long entry) {
        memory.storeLong(TABLES + 0x2000 + (gva >> 21) * 8, entry == 0 ? 0 : entry | LARGE);
        paging = false;
    }

    /// Lets user mode access all memory.
    void permitUserMode() {
        memory.storeLong(TABLES, memory.loadLong(TABLES) | USER);
        memory.storeLong(TABLES + 0x1000, memory.loadLong(TABLES + 0x1000) | USER);
        for (int i = 0; i < 512; i++) {
            memory.storeLong(TABLES + 0x2000 + 8 * i, (long) i << 21 | PRESENT_WRITABLE | USER | LARGE);
        }
    }

    /// Has XCR0 enable AVX state.
    void enableAvx() {
        // xor ecx, ecx; xor edx, edx; mov eax, 7; xsetbv; hlt
        memory.store(STACK, HexFormat.of().parseHex("31c931d2b8070000000f01d1f4"));
        start(STACK);
        cpu.run();
    }

    /// Puts the processor before the code at `gva`. It keeps its TLB: with an empty one no access would stay in host
    /// code.
    void start(long gva) {
        CpuRegisters registers = new CpuRegisters(cpu);
        for (int n = 0; n < 6; n++) {
            registers.segment(n, 8, 0, -1, n == CS ? CODE_64 : DATA);
        }
        registers.cpl(0);
        if (!paging) {
            registers.paging(CR0_PE_WP_PG, TABLES, cr4, EFER_LME_LMA);
            paging = true;
        }
        registers.rflags(2);
        registers.general(RSP, STACK);
        registers.rip(gva);
    }

    /// As [#start], in user mode.
    void startInUserMode(long gva) {
        start(gva);
        CpuRegisters registers = new CpuRegisters(cpu);
        for (int n = 0; n < 6; n++) {
            registers.segment(n, 0xb, 0, -1, (n == CS ? CODE_64 : DATA) | USER_SEGMENT);
        }
        registers.cpl(3);
    }

    /// From the next start on the time stamp counter is the kernel's alone.
    void forbidTimeInUserMode() {
        cr4 |= CR4_TSD;
        paging = false;
    }

    /// Has the time stamp counter be what `time` says.
    void time(LongSupplier time) {
        this.time = time;
    }

    @Override
    public long tsc() {
        return time == null ? System.nanoTime() : time.getAsLong();
    }

    @Override
    public long catchUp() {
        catchUps++;
        return System.nanoTime() + unasked;
    }

    @Override
    public long tscOrigin() {
        return time == null ? 0 : NO_TSC_ORIGIN;
    }

    @Override
    public void close() {
        group().endTranslating();
        cpu.close();
        super.close();
    }
}
