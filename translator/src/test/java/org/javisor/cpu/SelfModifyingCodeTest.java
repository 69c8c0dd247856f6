// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A processor that changes what it executes goes on with what it wrote, wherever that is.
///
/// @sdm vol. 3A §8.1.3 "Handling Self- and Cross-Modifying Code", §11.6 "Self-Modifying Code"
class SelfModifyingCodeTest {
    private static final int CODE = SystemGuest.CODE;
    private static final long ROUNDS = 3_000, SUM = ROUNDS * (ROUNDS + 1) / 2;
    /// A page table for 2 MiB from here on, and its host page frames.
    private static final int PAGED = 0x20_0000, PAGE_TABLE = 0x3_8000;
    private static final long PRESENT_WRITABLE = 3;

    private static SystemGuest run(SystemGuest guest) {
        guest.cpu.reg64(RCX, ROUNDS);
        guest.cpu.reg64(RBX, 0);
        assertEquals(-1, guest.runToVector());
        return guest;
    }

    private static void assertSum(SystemGuest guest) {
        assertEquals(SUM, run(guest).cpu.reg64(RBX));
    }

    @ParameterizedTest
    @EnumSource
    void theVeryNextInstruction(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            // 1: mov [rip + n + 1], ecx; n: mov eax, 0x11111111; add rbx, rax; dec rcx; jnz 1b; hlt
            assertSum(it.system().code("890d01000000 b811111111 4801c3 48ffc9 75ed f4"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aheadInTheSameBlock(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            // 1: mov [rip + n + 1], ecx; add rdx, 1; xor edi, edi; lea rsi, [rdx + rdi]; n: mov eax, 0x11111111
            // add rbx, rax; dec rcx; jnz 1b; hlt
            assertSum(it.system().code("890d0b000000 4883c201 31ff 488d343a b811111111 4801c3 48ffc9 75e3 f4"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void behindInTheSameLoop(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            // 1: mov eax, 0; add rbx, rax; mov [rip + 1b + 1], ecx; dec rcx; jnz 1b; hlt
            it.system().code("b800000000 4801c3 890df3ffffff 48ffc9 75ed f4");
            // Each round adds what the one before it wrote.
            assertEquals(SUM - 1, run(it.system()).cpu.reg64(RBX));
        }
    }

    @ParameterizedTest
    @EnumSource
    void anInstructionThatOverwritesItself(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            for (int n = 0; n < 5; n++) {
                // mov al, 0x90; lea rdi, [rip + 1f - 3]; mov ecx, 20; 1: rep stosb; mov ebx, 1; mov ebx, 2; mov ebx, 3;
                // hlt
                guest.code("b090 488d3d02000000 b914000000 f3aa bb01000000 bb02000000 bb03000000 f4");
                guest.cpu.rip(CODE);
                guest.cpu.reg64(RBX, 7);

                assertEquals(-1, guest.runToVector());

                // It may be fetched again, as a NOP, at any time.
                assertEquals(CODE + 11 + 20, guest.cpu.reg64(RDI) + guest.cpu.reg64(RCX));
                assertEquals(7, guest.cpu.reg64(RBX));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void throughAnotherMappingOfTheSamePage(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = paged(it.system());
            guest.memory.storeLong(PAGE_TABLE + 8 * 5, CODE | PRESENT_WRITABLE);
            guest.cpu.reg64(RSI, PAGED + 5 * 4096);
            // 1: mov [rsi + n + 1], ecx; n: mov eax, 0; add rbx, rax; dec rcx; jnz 1b; hlt
            assertSum(guest.code("898e07000000 b800000000 4801c3 48ffc9 75ed f4"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void inTheSecondPageOfAnInstructionThatLiesInTwo(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            guest.cpu.rip(CODE + 0xff2);
            // 1: mov [rip + n + 1], ecx; five NOPs; n: mov eax, 0x11111111 (2 bytes before the end of the page); ...
            assertSum(guest.code(CODE + 0xff2, "890d06000000 9090909090 b811111111 4801c3 48ffc9 75e8 f4"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void routinesThatAreWrittenCalledAndOverwrittenPageByPage(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            guest.cpu.reg64(8, PAGED);
            // 1: mov rdi, r8; mov byte [rdi], 0xb8; mov [rdi + 1], ecx; mov byte [rdi + 5], 0xc3; call rdi; add rbx,
            // rax add r8, 0x38; and r8, 0x2fff; or r8, 0x200000; dec rcx; jnz 1b; hlt
            assertSum(guest.code("4c89c7 c607b8 894f01 c64705c3 ffd7 4801c3 4983c038 4981e0ff2f0000 4981c800002000"
                    + "48ffc9 75d7 f4"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPageThatIsMappedElsewhere(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = paged(it.system());
            // mov eax, 1; ret: and the same with 2.
            guest.code(PAGED + 0x1000, "b801000000 c3").code(PAGED + 0x2000, "b802000000 c3");
            guest.memory.storeLong(PAGE_TABLE, PAGED + 0x1000 | PRESENT_WRITABLE);
            guest.cpu.reg64(RSI, PAGE_TABLE);
            // 1: mov rax, PAGED; call rax; add rbx, rax; xor qword [rsi], 0x3000; invlpg [PAGED]; dec rcx; jnz 1b; hlt
            guest.code("48c7c000002000 ffd0 4801c3 48813600300000 0f013c2500002000 48ffc9 75e0 f4");

            assertEquals(3 * ROUNDS / 2, run(guest).cpu.reg64(RBX));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPageThatIsTakenAwayFromUnderTheCode(Engine engine) {
        // mov ecx, 100; 1: dec rcx; jnz 1b; (then one of) bts qword [rsi], 63 / and qword [rsi], -2;
        // invlpg [rip]; inc rbx; inc rbx; hlt
        String loop = "b964000000 48ffc9 75fb ";
        for (String take : new String[] {"480fba2e3f 0f013d00000000 48ffc3 48ffc3 f4",
            "488326fe 90 0f013d00000000 48ffc3 48ffc3 f4"}) {
            try (Engine.Guest it = engine.guest()) {
                SystemGuest guest = paged(it.system());
                for (int n = 0; n < 5; n++) {
                    guest.memory.storeLong(PAGE_TABLE, PAGED | PRESENT_WRITABLE);
                    guest.code(PAGED, loop + take);
                    guest.cpu.reg64(RSI, PAGE_TABLE);
                    guest.cpu.reg64(RBX, 0);
                    guest.cpu.rip(PAGED);
                    guest.cpu.mmu.flush();

                    assertEquals(GuestFault.PF, guest.runToVector());

                    assertEquals(0, guest.cpu.reg64(RBX));
                    assertEquals(PAGED + 10 + 12, guest.stackItem(1, 8));
                    guest.cpu.reg64(CpuLayout.RSP, SystemGuest.STACK);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void dataBesideTheCodeThatUsesItCostsNoTranslations(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            // 1: inc dword [rip + d]; add eax, [rip + d]; dec rcx; jnz 1b; hlt; nop; d: 0; with d 20 bytes behind, or 2
            // KiB
            for (String code : new String[] {"ff050f000000 030509000000 48ffc9 75ef f4 90 90 90 00000000",
                "ff05fa070000 0305f4070000 48ffc9 75ef f4"}) {
                long before = it.translated();
                guest.code(code);
                guest.cpu.reg64(RAX, 0);
                guest.cpu.rip(CODE);

                assertEquals(SUM, run(guest).cpu.reg64(RAX));

                assertTrue(it.translated() - before < 10, () -> it.translated() + " translations");
            }
        }
    }

    /// Maps 2 MiB in pages.
    private static SystemGuest paged(SystemGuest guest) {
        for (int n = 0; n < 512; n++) {
            guest.memory.storeLong(PAGE_TABLE + 8 * n, PAGED + n * 4096L | PRESENT_WRITABLE);
        }
        guest.memory.storeLong(SystemGuest.TABLES + 0x2008, PAGE_TABLE | PRESENT_WRITABLE);
        guest.cpu.mmu.flush();
        return guest;
    }
}
