// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.PageTables.A;
import static org.javisor.cpu.PageTables.D;
import static org.javisor.cpu.PageTables.G;
import static org.javisor.cpu.PageTables.P;
import static org.javisor.cpu.PageTables.PS;
import static org.javisor.cpu.PageTables.RW;
import static org.javisor.cpu.PageTables.US;
import static org.javisor.cpu.PageTables.XD;
import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.SS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.javisor.memory.BusDevice;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Paging in every mode: rights, error codes, accessed and dirty flags, what the TLB may keep.
class PageWalkTest {
    private static final long GVA = 0x1234_5000L, DATA = 0x30_0000, ROOT = 0x20_0000;
    private static final int NOT_PRESENT = 0, PROTECTION = 1, WRITE = 2, USER = 4, RESERVED = 8, FETCH = 16;

    private final TestBoard board = new TestBoard();
    private final Cpu cpu = board.cpu;
    private final Mmu mmu = cpu.mmu;
    private final GuestMemory memory = board.memory();
    private PageTables tables;

    @AfterEach
    void close() {
        board.close();
    }

    private void use(PageTables.Mode mode) {
        TestBoard.protectedMode(cpu, 0, 32);
        tables = new PageTables(cpu, mode, ROOT);
    }

    private void privilege(int cpl) {
        cpu.cpl = cpl;
        cpu.modeChanged();
    }

    private void ac(boolean set) {
        cpu.systemFlags(set ? cpu.systemFlags() | Flags.AC : cpu.systemFlags() & ~Flags.AC);
        cpu.modeChanged();
    }

    private void setCr4(long bits) {
        cpu.cr4 |= bits;
        mmu.flush();
        cpu.modeChanged();
    }

    private void assertPageFault(int code, long address, Executable access) {
        cpu.cr2(-1);
        GuestFault fault = assertThrows(GuestFault.class, access);
        assertEquals(GuestFault.PF, fault.vector);
        assertEquals(code, fault.errorCode, "error code");
        assertEquals(address, cpu.cr2(), "CR2");
    }

    private void assertFault(int vector, Executable access) {
        assertEquals(vector, assertThrows(GuestFault.class, access).vector);
    }

    @ParameterizedTest
    @EnumSource
    void readingSetsAccessedFlagsAndWritingTheDirtyFlagOfThePageAlone(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | RW);
        memory.storeLong(DATA + 8, 0x1122_3344_5566_7788L);

        assertEquals(0x1122_3344_5566_7788L, mmu.load(DS, GVA + 8, 8));
        assertEquals(DATA | P | RW | A, tables.entry(GVA, 1));
        int accessedLevels = mode == PageTables.Mode.PAE ? 2 : mode.levels;
        for (int level = 2; level <= accessedLevels; level++) {
            assertEquals(A, tables.entry(GVA, level) & (A | D), "level " + level);
        }

        mmu.store(DS, GVA + 8, 4, 0xcafe_babeL);
        assertEquals(DATA | P | RW | A | D, tables.entry(GVA, 1));
        assertEquals(0, tables.entry(GVA, 2) & D);
        assertEquals(0x1122_3344_cafe_babeL, memory.loadLong(DATA + 8));
    }

    @ParameterizedTest
    @EnumSource
    void absentPagesFaultWithWhatWasTried(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | RW);

        assertPageFault(NOT_PRESENT, GVA + 3, () -> mmu.load(DS, GVA + 3, 1));
        assertPageFault(WRITE, GVA + 3, () -> mmu.store(DS, GVA + 3, 1, 0));
        assertPageFault(mode.wide() ? FETCH : 0, GVA + 3, () -> mmu.code.codePage(GVA + 3));
        privilege(3);
        assertPageFault(USER, GVA, () -> mmu.load(DS, GVA, 8));
        assertPageFault(USER | WRITE, GVA, () -> mmu.store(DS, GVA, 8, 0));
        assertPageFault(NOT_PRESENT, GVA, () -> mmu.loadSystem(GVA, 8));
        assertEquals(DATA | RW, tables.entry(GVA, 1));
    }

    @ParameterizedTest
    @EnumSource
    void anAbsentTableFaultsToo(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 2, RW | US);

        assertPageFault(NOT_PRESENT, GVA, () -> mmu.load(DS, GVA, 1));
        tables.map(GVA, mode.levels, 0);
        assertPageFault(WRITE, GVA, () -> mmu.store(DS, GVA, 1, 0));
    }

    @ParameterizedTest
    @EnumSource
    void usersReachUserPagesAloneAndWriteWritableOnesAlone(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | RW);
        tables.map(GVA + 0x1000, 1, DATA | P | US);
        tables.map(GVA + 0x2000, 1, DATA | P | US | RW);
        privilege(3);

        assertPageFault(PROTECTION | USER, GVA, () -> mmu.load(DS, GVA, 1));
        assertPageFault(PROTECTION | USER | WRITE, GVA, () -> mmu.store(DS, GVA, 1, 0));
        mmu.load(DS, GVA + 0x1000, 1);
        assertPageFault(PROTECTION | USER | WRITE, GVA + 0x1000, () -> mmu.store(DS, GVA + 0x1000, 1, 0));
        assertPageFault(PROTECTION | USER | WRITE, GVA + 0x1000, () -> mmu.loadForWrite(DS, GVA + 0x1000, 1));
        mmu.store(DS, GVA + 0x2000, 1, 0);
        assertEquals(DATA | P | US | A, tables.entry(GVA + 0x1000, 1), "no dirty flag for a write that faulted");
    }

    @ParameterizedTest
    @EnumSource
    void rightsOfAllLevelsCombine(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | RW | US);
        tables.store(tables.entryAt(GVA, 2), tables.entry(GVA, 2) & ~RW);
        privilege(3);
        assertPageFault(PROTECTION | USER | WRITE, GVA, () -> mmu.store(DS, GVA, 1, 0));

        tables.store(tables.entryAt(GVA, 2), tables.entry(GVA, 2) & ~US);
        mmu.flush();
        assertPageFault(PROTECTION | USER, GVA, () -> mmu.load(DS, GVA, 1));
    }

    @ParameterizedTest
    @EnumSource
    void supervisorsWriteReadOnlyPagesUnlessWriteProtectIsSet(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | US);
        assertPageFault(PROTECTION | WRITE, GVA, () -> mmu.store(DS, GVA, 1, 0));

        cpu.cr0 &= ~ControlBits.CR0_WP;
        cpu.modeChanged();
        mmu.store(DS, GVA, 1, 0x5a);
        assertEquals(0x5a, memory.loadByte(DATA));
        assertEquals(D, tables.entry(GVA, 1) & D);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TWO_LEVEL")
    void executeDisableStopsFetchesAlone(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | XD);

        mmu.load(DS, GVA, 1);
        assertPageFault(PROTECTION | FETCH, GVA, () -> mmu.code.codePage(GVA));

        cpu.efer &= ~ControlBits.EFER_NXE;
        mmu.flush();
        assertPageFault(PROTECTION | RESERVED, GVA, () -> mmu.load(DS, GVA, 1));
    }

    @ParameterizedTest
    @EnumSource
    void smepStopsSupervisorsFromFetchingUserPages(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | US);
        mmu.code.codePage(GVA);

        setCr4(ControlBits.CR4_SMEP);
        mmu.load(DS, GVA, 1);
        assertPageFault(PROTECTION | FETCH, GVA, () -> mmu.code.codePage(GVA));
        privilege(3);
        mmu.code.codePage(GVA);
    }

    @ParameterizedTest
    @EnumSource
    void smapStopsSupervisorsFromTouchingUserPagesUnlessAcIsSet(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | US | RW);
        mmu.store(DS, GVA, 8, 1);

        setCr4(ControlBits.CR4_SMAP);
        assertPageFault(PROTECTION, GVA, () -> mmu.load(DS, GVA, 8));
        assertPageFault(PROTECTION | WRITE, GVA, () -> mmu.store(DS, GVA, 8, 0));
        mmu.code.codePage(GVA);
        ac(true);
        assertEquals(1, mmu.load(DS, GVA, 8));
        mmu.store(DS, GVA, 8, 2);
        assertPageFault(PROTECTION, GVA, () -> mmu.loadSystem(GVA, 8));
        ac(false);
        assertPageFault(PROTECTION, GVA, () -> mmu.load(DS, GVA, 8));
        privilege(3);
        assertEquals(2, mmu.load(DS, GVA, 8));
        assertPageFault(PROTECTION, GVA, () -> mmu.loadSystem(GVA, 8));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TWO_LEVEL")
    void reservedBitsFault(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | RW | 1L << CpuidModel.PHYSICAL_ADDRESS_BITS);
        assertPageFault(PROTECTION | RESERVED, GVA, () -> mmu.load(DS, GVA, 1));
        assertPageFault(PROTECTION | RESERVED | WRITE, GVA, () -> mmu.store(DS, GVA, 1, 0));

        tables.map(GVA, 1, DATA | P | RW | 1L << 52);
        if (mode == PageTables.Mode.PAE) {
            assertPageFault(PROTECTION | RESERVED, GVA, () -> mmu.load(DS, GVA, 1));
        } else {
            mmu.load(DS, GVA, 1);
        }
        tables.map(GVA, 2, 0x40_0000 | P | RW | PS | 1 << 13);
        mmu.flush();
        assertPageFault(PROTECTION | RESERVED, GVA, () -> mmu.load(DS, GVA, 1));
        if (mode.is64Bit()) {
            tables.map(GVA, 4, tables.entry(GVA, 4) | PS);
            assertPageFault(PROTECTION | RESERVED, GVA, () -> mmu.load(DS, GVA, 1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void largePagesOfTheSecondLevelTranslate(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 2, 0x40_0000 | P | RW | US | PS | (mode.wide() ? 1L << 12 : 0));
        long size = mode.wide() ? 2 << 20 : 4 << 20;
        long target = 0x40_0000 + (GVA & size - 1);
        memory.storeLong(target + 0x10, 42);

        assertEquals(42, mmu.load(DS, GVA + 0x10, 8));
        mmu.store(DS, GVA, 2, 7);
        assertEquals(A | D, tables.entry(GVA, 2) & (A | D));
    }

    @ParameterizedTest
    @EnumSource(names = {"FOUR_LEVEL", "FIVE_LEVEL"})
    void gigabytePagesTranslate(PageTables.Mode mode) {
        use(mode);
        long gva = 0x7f_c000_0000L;
        tables.map(gva, 3, P | RW | PS);
        memory.storeLong(0x12_3458, 99);

        assertEquals(99, mmu.load(DS, gva + 0x12_3458, 8));
        tables.map(gva, 3, P | RW | PS | 1 << 20);
        mmu.flush();
        assertPageFault(PROTECTION | RESERVED, gva, () -> mmu.load(DS, gva, 1));
    }

    @Test
    void pse36AddsAddressBitsAndReservesBit21() {
        use(PageTables.Mode.TWO_LEVEL);
        tables.map(GVA, 2, 0x40_0000 | P | RW | PS | 1 << 13);
        long unbacked = 1L << 32 | 0x40_0000 | GVA & 0x3f_ffff;
        long[] seen = {0};
        board.mmio().attach(unbacked, 8, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return seen[0]++;
            }

            @Override
            public void write(long offset, int size, long value) { }
        }, "probe");

        mmu.load(DS, GVA, 4);
        assertEquals(1, seen[0]);
        tables.map(GVA, 2, 0x40_0000 | P | RW | PS | 1 << 21);
        mmu.flush();
        assertPageFault(PROTECTION | RESERVED, GVA, () -> mmu.load(DS, GVA, 4));
    }

    @Test
    void whereDevicesAreIsKnownUntilItMayHaveChanged() {
        use(PageTables.Mode.FOUR_LEVEL);
        long device = 0xfed0_0000L, other = 0xfed0_1000L;
        tables.map(GVA, 1, device | P);
        tables.map(GVA + 4096, 1, device | P | RW);
        board.mmio().attach(device, 8192, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return offset;
            }

            @Override
            public void write(long offset, int size, long value) { }
        }, "probe");
        for (int round = 0; round < 2; round++) {
            assertEquals(8, mmu.load(DS, GVA + 8, 4));
            assertPageFault(PROTECTION | WRITE, GVA + 8, () -> mmu.store(DS, GVA + 8, 4, 0));
            mmu.store(DS, GVA + 4096, 4, 0);
        }
        assertEquals(4, mmu.counters.walks(), "one for each page, and one for each fault");

        tables.map(GVA, 1, other | P);
        assertEquals(8, mmu.load(DS, GVA + 8, 4), "as in a processor's TLB");
        mmu.spaces.invalidate(GVA);
        assertEquals(0x1008, mmu.load(DS, GVA + 8, 4));
    }

    @Test
    void pdptesAreReadWhenCr3IsLoadedAndCheckedThen() {
        use(PageTables.Mode.PAE);
        tables.map(GVA, 1, DATA | P);
        mmu.load(DS, GVA, 1);

        long pdpte = tables.entry(GVA, 3);
        tables.store(tables.entryAt(GVA, 3), 0);
        mmu.flush();
        mmu.load(DS, GVA, 1);
        mmu.loadCr3(ROOT);
        assertPageFault(NOT_PRESENT, GVA, () -> mmu.load(DS, GVA, 1));

        memory.storeLong(ROOT, pdpte | RW);
        assertFault(GuestFault.GP, () -> mmu.loadCr3(ROOT));
        assertPageFault(NOT_PRESENT, GVA, () -> mmu.load(DS, GVA, 1));
    }

    @ParameterizedTest
    @EnumSource(names = {"FOUR_LEVEL", "FIVE_LEVEL"})
    void tablesOutsideMemoryReadAsOnesAndFault(PageTables.Mode mode) {
        use(mode);
        mmu.loadCr3(0x3f_0000_0000L);
        assertPageFault(PROTECTION | RESERVED, GVA, () -> mmu.load(DS, GVA, 1));
    }

    @ParameterizedTest
    @EnumSource
    void globalPagesOutliveCr3ButNotInvlpg(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | RW | G);
        tables.map(GVA + 0x1000, 1, DATA | P | RW);
        mmu.load(DS, GVA, 1);
        mmu.load(DS, GVA + 0x1000, 1);
        tables.map(GVA, 1, 0);
        tables.map(GVA + 0x1000, 1, 0);

        mmu.loadCr3(ROOT);
        mmu.load(DS, GVA, 1);
        assertPageFault(NOT_PRESENT, GVA + 0x1000, () -> mmu.load(DS, GVA + 0x1000, 1));
        mmu.spaces.invalidate(GVA + 0xfff);
        assertPageFault(NOT_PRESENT, GVA, () -> mmu.load(DS, GVA, 1));
    }

    @ParameterizedTest
    @EnumSource
    void invlpgForgetsAllOfALargePage(PageTables.Mode mode) {
        use(mode);
        long base = 0x1240_0000L;
        tables.map(base, 2, 0x40_0000 | P | RW | PS);
        for (int i = 0; i < 4; i++) {
            mmu.load(DS, base + 0x1000 * i, 1);
        }
        tables.map(base, 2, 0);

        mmu.load(DS, base + 0x3000, 1);
        mmu.spaces.invalidate(base + 0x7000);
        assertPageFault(NOT_PRESENT, base + 0x3000, () -> mmu.load(DS, base + 0x3000, 1));
    }

    @Test
    void addressSpacesAreKeptApartByPcidAndOutliveEachOther() {
        use(PageTables.Mode.FOUR_LEVEL);
        cpu.cr4 |= ControlBits.CR4_PCIDE;
        mmu.flush();
        tables.map(GVA, 1, DATA | P | RW);
        tables.map(GVA + 0x1000, 1, DATA | P | RW | G);
        mmu.loadCr3(ROOT | 1);
        mmu.load(DS, GVA, 1);
        mmu.load(DS, GVA + 0x1000, 1);
        tables.map(GVA, 1, 0);
        tables.map(GVA + 0x1000, 1, 0);

        mmu.loadCr3(ROOT | 2);
        assertPageFault(NOT_PRESENT, GVA, () -> mmu.load(DS, GVA, 1));
        mmu.loadCr3(ROOT | 1 | 1L << 63);
        mmu.load(DS, GVA, 1);
        mmu.loadCr3(ROOT | 2 | 1L << 63);
        mmu.spaces.invalidate(GVA);
        mmu.spaces.invalidate(GVA, 3);
        mmu.loadCr3(ROOT | 1 | 1L << 63);
        mmu.load(DS, GVA, 1);
        mmu.spaces.invalidate(GVA + 0x1000, 1);
        mmu.load(DS, GVA + 0x1000, 1);
        mmu.loadCr3(ROOT | 2 | 1L << 63);
        mmu.spaces.invalidate(GVA, 1);
        mmu.spaces.invalidate(GVA + 0x1000);
        mmu.loadCr3(ROOT | 1 | 1L << 63);
        assertPageFault(NOT_PRESENT, GVA, () -> mmu.load(DS, GVA, 1));
        assertPageFault(NOT_PRESENT, GVA + 0x1000, () -> mmu.load(DS, GVA + 0x1000, 1));
    }

    @Test
    void morePcidsThanAddressSpacesAreKeptApartToo() {
        use(PageTables.Mode.FOUR_LEVEL);
        cpu.cr4 |= ControlBits.CR4_PCIDE;
        mmu.flush();
        for (int pcid = 0; pcid < 20; pcid++) {
            tables.map(GVA, 1, DATA + 0x1000L * pcid | P);
            memory.storeInt(DATA + 0x1000L * pcid, pcid);
            mmu.loadCr3(ROOT | pcid);
            assertEquals(pcid, mmu.load(DS, GVA, 4));
        }
        tables.map(GVA, 1, 0);
        mmu.loadCr3(ROOT | 19 | 1L << 63);
        assertEquals(19, mmu.load(DS, GVA, 4));
        mmu.loadCr3(ROOT | 19);
        assertPageFault(NOT_PRESENT, GVA, () -> mmu.load(DS, GVA, 1));
    }

    @ParameterizedTest
    @EnumSource
    void accessesAcrossPagesFaultAtTheFirstByteOfTheFaultingPage(PageTables.Mode mode) {
        use(mode);
        tables.map(GVA, 1, DATA | P | RW);
        tables.map(GVA + 0x1000, 1, DATA + 0x2000 | P);
        memory.storeInt(DATA + 0xffc, 0x4433_2211);
        memory.storeInt(DATA + 0x2000, 0x8877_6655);

        assertEquals(0x8877_6655_4433_2211L, mmu.load(DS, GVA + 0xffc, 8));
        assertPageFault(PROTECTION | WRITE, GVA + 0x1000, () -> mmu.store(DS, GVA + 0xffc, 8, 0));
        assertEquals(0x4433_2211, memory.loadInt(DATA + 0xffc), "nothing is stored before the fault");
        tables.map(GVA + 0x1000, 1, DATA + 0x2000 | P | RW);
        mmu.flush();
        mmu.store(DS, GVA + 0xffe, 4, 0xaabb_ccddL);
        assertEquals(0xccdd_2211, memory.loadInt(DATA + 0xffc));
        assertEquals(0x8877_aabb, memory.loadInt(DATA + 0x2000));
    }

    @Test
    void addressesThatAreNotCanonicalFaultAsTheirSegmentSays() {
        use(PageTables.Mode.FOUR_LEVEL);
        assertFault(GuestFault.GP, () -> mmu.load(DS, 0x8000_0000_0000L, 1));
        assertFault(GuestFault.SS, () -> mmu.store(SS, 0x8000_0000_0000L, 1, 0));
        assertFault(GuestFault.GP, () -> mmu.load(DS, 0x7fff_ffff_ffffL, 2));
        assertFault(GuestFault.GP, () -> mmu.code.codePage(0xffff_7fff_ffff_ffffL));

        use(PageTables.Mode.FIVE_LEVEL);
        tables.map(0x8000_0000_0000L, 1, DATA | P);
        mmu.load(DS, 0x8000_0000_0000L, 1);
        assertFault(GuestFault.GP, () -> mmu.load(DS, 0x100_0000_0000_0000L, 1));
    }

    @Test
    void withoutPagingAddressesArePhysicalAndA20MasksBit20() {
        TestBoard.protectedMode(cpu, 0, 32);
        memory.storeInt(0x10_0040, 1);
        memory.storeInt(0x40, 2);

        assertEquals(1, mmu.load(DS, 0x10_0040, 4));
        mmu.fill.a20Masked = true;
        mmu.flush();
        assertEquals(2, mmu.load(DS, 0x10_0040, 4));
    }

    @Test
    void unbackedAddressesReadAsOnesAndReadOnlyMemoryIgnoresWrites() {
        TestBoard.protectedMode(cpu, 0, 32);
        try (Ram rom = Ram.allocate(4096)) {
            memory.addSlot(1, 0xffff_0000L, rom, 0, 4096, true);
            cpu.mmu.flush();

            assertEquals(0xffff_ffffL, mmu.load(DS, 0x8000_0000L, 4));
            mmu.store(DS, 0x8000_0000L, 4, 0);
            mmu.store(DS, 0xffff_0000L, 4, 5);
            assertEquals(0, mmu.load(DS, 0xffff_0000L, 4));
        }
    }
}
