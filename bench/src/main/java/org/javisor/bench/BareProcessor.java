// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

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
    private static final long PRESENT_WRITABLE = 3, LARGE = 0x80;
    private static final long CR0_PE_WP_PG = 0x8001_0001L, CR4_PAE_OSFXSR = 0x220, EFER_LME_LMA = 0x500;
    // Present, code or data, accessed; then what differs.
    private static final int CODE_64 = 0x209b, DATA = 0x4093;

    private final GuestMemory memory = memory();
    final Cpu cpu;

    BareProcessor() {
        this(null, false);
    }

    /// @param translator null for one that interprets all code
    /// @param inLockStep whether translated code is compared with the interpreter
    BareProcessor(BlockTranslator translator, boolean inLockStep) {
        super(16 << 20);
        group().translator(translator, inLockStep);
        group().countInstructions();
        cpu = new Cpu(0, CpuidModel.builder().build(), this);
        memory.storeLong(TABLES, TABLES + 0x1000 | PRESENT_WRITABLE);
        memory.storeLong(TABLES + 0x1000, TABLES + 0x2000 | PRESENT_WRITABLE);
        for (int i = 0; i < 512; i++) {
            memory.storeLong(TABLES + 0x2000 + 8 * i, (long) i << 21 | PRESENT_WRITABLE | LARGE);
        }
    }

    /// Puts the processor before the code at `gva`.
    void start(long gva) {
        CpuRegisters registers = new CpuRegisters(cpu);
        for (int n = 0; n < 6; n++) {
            registers.segment(n, 8, 0, -1, n == CS ? CODE_64 : DATA);
        }
        registers.paging(CR0_PE_WP_PG, TABLES, CR4_PAE_OSFXSR, EFER_LME_LMA);
        registers.rflags(2);
        registers.general(RSP, STACK);
        registers.rip(gva);
    }

    @Override
    public void close() {
        cpu.close();
        super.close();
    }
}
