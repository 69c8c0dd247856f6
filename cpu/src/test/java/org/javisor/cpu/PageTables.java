// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.ControlBits.CR0_PE;
import static org.javisor.cpu.ControlBits.CR0_PG;
import static org.javisor.cpu.ControlBits.CR0_WP;
import static org.javisor.cpu.ControlBits.CR4_LA57;
import static org.javisor.cpu.ControlBits.CR4_PAE;
import static org.javisor.cpu.ControlBits.CR4_PGE;
import static org.javisor.cpu.ControlBits.CR4_PSE;
import static org.javisor.cpu.ControlBits.EFER_LMA;
import static org.javisor.cpu.ControlBits.EFER_LME;
import static org.javisor.cpu.ControlBits.EFER_NXE;

import org.javisor.memory.GuestMemory;

/// Page tables that a test builds in guest memory, in any paging mode.
final class PageTables {
    static final long P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100, XD = 1L << 63;
    private static final long ALL = P | RW | US;

    enum Mode {
        TWO_LEVEL(2, 10, 4), PAE(3, 9, 8), FOUR_LEVEL(4, 9, 8), FIVE_LEVEL(5, 9, 8);

        final int levels;
        private final int bits;
        final int entryBytes;

        Mode(int levels, int bits, int entryBytes) {
            this.levels = levels;
            this.bits = bits;
            this.entryBytes = entryBytes;
        }

        boolean is64Bit() {
            return levels >= 4;
        }

        /// Whether entries have an XD bit.
        boolean wide() {
            return entryBytes == 8;
        }
    }

    final Mode mode;
    private final Cpu cpu;
    private final GuestMemory memory;
    final long root;
    private long free;

    /// Switches `cpu` to the mode, with empty tables from `root` on.
    PageTables(Cpu cpu, Mode mode, long root) {
        this.cpu = cpu;
        this.mode = mode;
        this.memory = cpu.environment.memory();
        this.root = root;
        this.free = root + 4096;
        if (mode.is64Bit()) {
            cpu.segments.attributes[org.javisor.isa.Instruction.CS] |= Segments.L;
        }
        cpu.cr4 = CR4_PGE | (mode == Mode.TWO_LEVEL ? CR4_PSE : CR4_PAE) | (mode == Mode.FIVE_LEVEL ? CR4_LA57 : 0);
        cpu.efer = mode.is64Bit() ? EFER_LME | EFER_LMA | EFER_NXE : mode.wide() ? EFER_NXE : 0;
        cpu.cr0 = CR0_PE | CR0_PG | CR0_WP;
        cpu.mmu.loadCr3(root);
        cpu.modeChanged();
        cpu.mmu.flush();
    }

    /// Where the entry of `level` (1 for pages) for `gva` is; tables above it are made as needed, with all rights.
    long entryAt(long gva, int level) {
        long table = root;
        for (int n = mode.levels; n > level; n--) {
            long at = at(table, gva, n);
            if ((load(at) & P) == 0) {
                store(at, free | (mode == Mode.PAE && n == 3 ? P : ALL));
                free += 4096;
            }
            table = load(at) & 0xf_ffff_ffff_f000L;
        }
        return at(table, gva, level);
    }

    private long at(long table, long gva, int level) {
        int shift = 12 + mode.bits * (level - 1);
        int index = (int) (gva >>> shift) & (1 << mode.bits) - 1;
        return table + (long) (mode == Mode.PAE && level == 3 ? index & 3 : index) * mode.entryBytes;
    }

    /// Maps the page of `level` at `gva`.
    void map(long gva, int level, long entry) {
        store(entryAt(gva, level), entry);
        if (mode == Mode.PAE) {
            cpu.mmu.loadPdptes(root);
        }
    }

    long entry(long gva, int level) {
        return load(entryAt(gva, level));
    }

    long load(long gpa) {
        return memory.load(gpa, mode.entryBytes);
    }

    void store(long gpa, long entry) {
        memory.store(gpa, mode.entryBytes, entry);
    }
}
