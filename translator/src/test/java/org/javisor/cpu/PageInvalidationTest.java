// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.host.HostMemory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// INVLPG of pages that are mapped elsewhere all the time, in each engine.
class PageInvalidationTest {
    private static final long ROUNDS = 3_000, SUM = 3 * ROUNDS / 2;
    /// 2 MiB from here on have a page table, or are one page; they are not near the large page that code is in.
    private static final int PAGED = 0x80_0000, PAGE_TABLE = 0x3_8000, DIRECTORY_ENTRY = SystemGuest.TABLES + 0x2020;
    private static final long PRESENT_WRITABLE = 3, ACCESSED = 0x20, GLOBAL = 0x100, LARGE = 0x80;
    /// Of the two places: xor of these leads from one to the other.
    private static final long SMALL_STEP = 0x3000, LARGE_STEP = 0x60_0000;

    /// The sum of what 3000 rounds read at PAGED + 0x5000, each behind a change of the entry at RSI and INVLPG.
    ///
    /// @param invalidated INVLPG's address
    private static long sum(SystemGuest guest, long step, int invalidated) {
        return sum(guest, step, invalidated, PAGED + 0x5000);
    }

    /// As above, of what is read elsewhere.
    private static long sum(SystemGuest guest, long step, int invalidated, int read) {
        // 1: xor qword [rsi], step; invlpg [invalidated]; mov rax, [read]; add rbx, rax; dec rcx; jnz 1b; hlt
        guest.code("488136" + hex((int) step) + "0f013c25" + hex(invalidated)
                + "488b0425" + hex(read) + "4801c3 48ffc9 75e1 f4");
        guest.cpu.reg64(RCX, ROUNDS);
        guest.cpu.reg64(RBX, 0);
        assertEquals(-1, guest.runToVector());
        return guest.cpu.reg64(RBX);
    }

    private static String hex(int value) {
        return String.format("%08x", Integer.reverseBytes(value));
    }

    private static long byHostCode(SystemGuest guest) {
        return HostMemory.loadLong(guest.cpu.state + CpuLayout.INVALIDATIONS);
    }

    private static void mapSmallPage(SystemGuest guest, long flags) {
        mapSmallPage(guest, flags, PAGED + 0x5000);
    }

    private static void mapSmallPage(SystemGuest guest, long flags, int gva) {
        int entry = PAGE_TABLE + 8 * (gva >>> 12 & 511);
        guest.memory.storeLong(0x20_1000, 1);
        guest.memory.storeLong(0x20_2000, 2);
        guest.memory.storeLong(entry, 0x20_1000 | PRESENT_WRITABLE | ACCESSED | flags);
        guest.memory.storeLong(SystemGuest.TABLES + 0x2000 + 8 * (gva >>> 21),
                PAGE_TABLE | PRESENT_WRITABLE | ACCESSED);
        guest.cpu.reg64(RSI, entry);
        guest.cpu.mmu.flush();
    }

    @ParameterizedTest
    @EnumSource
    void aSmallPageIsForgottenWithoutLeavingHostCode(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            mapSmallPage(guest, 0);

            assertEquals(SUM, sum(guest, SMALL_STEP, PAGED + 0x5678));

            assertEquals(engine != Engine.INTERPRETER, byHostCode(guest) > ROUNDS / 2, "by host code");
        }
    }

    /// In these entries of the TLB an empty tag is not 0.
    @ParameterizedTest
    @EnumSource
    void pagesOfTheFirstTheMiddleAndTheLastEntryAreForgotten(Engine engine) {
        for (int entry : new int[] {Tlb.FIRST, Tlb.MIDDLE, Tlb.LAST}) {
            try (Engine.Guest it = engine.guest()) {
                SystemGuest guest = it.system();
                int gva = 2 * Tlb.ENTRIES + entry << 12;
                mapSmallPage(guest, 0, gva);

                assertEquals(SUM, sum(guest, SMALL_STEP, gva, gva));

                assertEquals(engine != Engine.INTERPRETER, byHostCode(guest) > ROUNDS / 2, "by host code");
                long walks = HostMemory.loadLong(guest.cpu.state + CpuLayout.WALKS);
                assertEquals(engine != Engine.INTERPRETER, walks > ROUNDS / 2, "walks by host code");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aGlobalPageIsForgotten(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            guest.cpu.cr4 |= ControlBits.CR4_PGE;
            guest.cpu.modeChanged();
            mapSmallPage(guest, GLOBAL);

            assertEquals(SUM, sum(guest, SMALL_STEP, PAGED + 0x5000));
        }
    }

    @ParameterizedTest
    @EnumSource
    void anyAddressInALargePageHasAllOfItForgotten(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            guest.memory.storeLong(0x20_5000, 1);
            guest.memory.storeLong(0x40_5000, 2);
            guest.memory.storeLong(DIRECTORY_ENTRY, 0x20_0000 | LARGE | PRESENT_WRITABLE);
            guest.cpu.reg64(RSI, DIRECTORY_ENTRY);
            guest.cpu.mmu.flush();

            assertEquals(SUM, sum(guest, LARGE_STEP, PAGED + 0x9000));
        }
    }
}
