// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.PageTables.P;
import static org.javisor.cpu.PageTables.RW;
import static org.javisor.cpu.PageTables.US;
import static org.javisor.isa.Instruction.DS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Which upper bits of a data address count.
class LinearAddressMaskingTest {
    private static final long LOW = 0x1234_5000L, HIGH = 0xffff_8000_1234_5000L, DATA = 0x30_0000;
    private static final long TAG_57 = 0x2a00_0000_0000_0000L, TAG_48 = 0x2a55_0000_0000_0000L;

    private final TestBoard board = new TestBoard();
    private final Cpu cpu = board.cpu;
    private final Mmu mmu = cpu.mmu;

    private void use(PageTables.Mode mode) {
        TestBoard.protectedMode(cpu, 0, 32);
        PageTables tables = new PageTables(cpu, mode, 0x20_0000);
        tables.map(LOW, 1, DATA | P | RW | US);
        tables.map(HIGH, 1, DATA | P | RW);
        mmu.store(DS, LOW, 8, 4711);
    }

    private void cr3(long bits) {
        cpu.control.writeCr3(cpu.cr3 | bits);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void assertNotCanonical(Executable access) {
        assertEquals(GuestFault.GP, assertThrows(GuestFault.class, access).vector);
    }

    @Test
    void withoutItEveryBitCounts() {
        use(PageTables.Mode.FOUR_LEVEL);

        assertNotCanonical(() -> mmu.load(DS, LOW | TAG_57, 8));
        assertNotCanonical(() -> mmu.store(DS, HIGH & ~TAG_57, 8, 1));
    }

    @Test
    void sixBitsOfLowAddressesAreIgnored() {
        use(PageTables.Mode.FOUR_LEVEL);
        cr3(ControlBits.CR3_LAM_U57);

        mmu.store(DS, LOW | TAG_57, 8, 42);
        assertEquals(42, mmu.load(DS, LOW | TAG_57, 8));
        assertEquals(42, mmu.load(DS, LOW, 8));
        assertNotCanonical(() -> mmu.load(DS, LOW | TAG_48, 8));
        assertNotCanonical(() -> mmu.load(DS, HIGH & ~TAG_57, 8));
    }

    @Test
    void fifteenBitsOfLowAddressesAreIgnored() {
        use(PageTables.Mode.FOUR_LEVEL);
        cr3(ControlBits.CR3_LAM_U48);

        assertEquals(4711, mmu.compareAndSwap(DS, LOW | TAG_48, 8, 4711, 43));
        assertEquals(43, mmu.load(DS, LOW, 8));
        assertNotCanonical(() -> mmu.load(DS, LOW | 1L << 47, 8));
    }

    @Test
    void bitsOfHighAddressesFollowTheWidthOfPaging() {
        use(PageTables.Mode.FOUR_LEVEL);
        cpu.control.writeCr4(cpu.cr4 | ControlBits.CR4_LAM_SUP);
        assertEquals(4711, mmu.load(DS, HIGH & ~TAG_48, 8));
        assertNotCanonical(() -> mmu.load(DS, LOW | TAG_57, 8));

        use(PageTables.Mode.FIVE_LEVEL);
        cpu.control.writeCr4(cpu.cr4 | ControlBits.CR4_LAM_SUP);
        assertEquals(4711, mmu.load(DS, HIGH & ~TAG_57, 8));
        GuestFault fault = assertThrows(GuestFault.class, () -> mmu.load(DS, HIGH & ~TAG_48, 8));
        assertEquals(GuestFault.PF, fault.vector);
    }

    @Test
    void aPageFaultTellsTheAddressWithoutTheBits() {
        use(PageTables.Mode.FOUR_LEVEL);
        cr3(ControlBits.CR3_LAM_U57);

        assertThrows(GuestFault.class, () -> mmu.load(DS, LOW + 0x10_0000 | TAG_57, 8));

        assertEquals(LOW + 0x10_0000, cpu.cr2());
    }

    @Test
    void instructionsAreFetchedFromWhatTheAddressSays() {
        use(PageTables.Mode.FOUR_LEVEL);
        cr3(ControlBits.CR3_LAM_U57);

        assertNotCanonical(() -> mmu.code.codePage(LOW | TAG_57));
    }

    @Test
    void forgettingAPageForgetsItForTaggedAddressesToo() {
        use(PageTables.Mode.FOUR_LEVEL);
        cr3(ControlBits.CR3_LAM_U57);
        mmu.load(DS, LOW | TAG_57, 8);

        new PageTables(cpu, PageTables.Mode.FOUR_LEVEL, 0x60_0000).map(LOW, 1, DATA + 0x1000 | P | RW);
        cr3(ControlBits.CR3_LAM_U57);

        assertEquals(0, mmu.load(DS, LOW | TAG_57, 8));
    }
}
