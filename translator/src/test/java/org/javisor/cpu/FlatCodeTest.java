// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RDX;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.javisor.cpu.CpuLayout.RSP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.isa.Instruction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// 32-bit code: what segments, and the width of addresses, mean to it, with each engine.
///
/// @sdm vol. 3A §5.3 "Limit Checking", §3.2 "Using Segments"
class FlatCodeTest {
    private static final int CODE = SystemGuest.CODE, DATA = SystemGuest.DATA, ROUNDS = 100;
    /// 64 KiB of data from DATA on; 32-bit code for a 64-bit guest.
    private static final int SMALL_DATA = SystemGuest.FREE,
            COMPATIBILITY0 = SystemGuest.FREE + 16;

    /// A guest that has the segments, before `code`.
    private static Engine.Guest guest(Engine engine, String code) {
        Engine.Guest it = engine.protectedGuest();
        SystemGuest guest = it.system();
        guest.descriptor(SMALL_DATA, DATA, 0xffff, SystemGuest.DATA_ACCESS, 4);
        guest.code(code);
        guest.cpu.reg64(RCX, ROUNDS);
        return it;
    }

    private static void assertTranslates(Engine.Guest it) {
        assertTrue(it.translator() == null || it.translated() > 0, "nothing was translated");
    }

    @ParameterizedTest
    @EnumSource
    void loopsCallsAndTheStackHave32Bits(Engine engine) {
        // 1: push ecx; call f; pop edx; add ebx, edx; dec ecx; jnz 1b; hlt; f: push ebp; mov ebp, esp; inc eax; leave;
        // ret
        try (Engine.Guest it = guest(engine, "51 e807000000 5a 01d3 49 75f4 f4 90 55 89e5 40 c9 c3")) {
            Cpu cpu = it.system().cpu;
            cpu.reg64(RAX, 0);
            cpu.reg64(RBX, 0);
            long stack = cpu.reg64(RSP);

            assertEquals(-1, it.system().runToVector());

            assertEquals(ROUNDS, cpu.reg64(RAX));
            assertEquals(ROUNDS * (ROUNDS + 1) / 2, cpu.reg64(RBX));
            assertEquals(stack, cpu.reg64(RSP));
            assertTranslates(it);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anAddressWrapsAroundAt4GiB(Engine engine) {
        // 1: mov eax, [ebx + 0x20]; add edx, [ebx + esi * 4 + 0x10]; mov [ebx + 0x24], edx; dec ecx; jnz 1b; hlt
        try (Engine.Guest it = guest(engine, "8b4320 0354b310 895324 49 75f3 f4")) {
            SystemGuest guest = it.system();
            guest.memory.storeInt(DATA, 7);
            guest.memory.storeInt(DATA + 0x10, 3);
            guest.cpu.reg64(RBX, DATA - 0x20);
            guest.cpu.reg64(RSI, 0xc000_0008L);
            guest.cpu.reg64(RDX, 0);

            assertEquals(-1, guest.runToVector());

            assertEquals(7, guest.cpu.reg64(RAX));
            assertEquals(3 * ROUNDS, guest.cpu.reg64(RDX));
            assertEquals(3 * ROUNDS, guest.memory.loadInt(DATA + 4));
            assertTranslates(it);
        }
    }

    @ParameterizedTest
    @EnumSource
    void codeThatIsHotFindsANewSegmentsLimit(Engine engine) {
        // 1: mov eax, [ebx]; dec ecx; jnz 1b; mov ecx, 100; test edx, edx; jz 2f; mov ebx, edi; 2: mov ds, esi; mov
        // edx, esi; jmp 1b
        try (Engine.Guest it = guest(engine, "8b03 49 75fb b964000000 85d2 7402 89fb 8ede 89f2 ebea")) {
            SystemGuest guest = it.system();
            guest.cpu.reg64(RBX, 0x100);
            guest.cpu.reg64(RDX, 0);
            guest.cpu.reg64(RDI, 0xfffd);
            guest.cpu.reg64(RSI, SMALL_DATA);
            guest.memory.storeInt(0x100, 5);
            guest.memory.storeInt(DATA + 0x100, 6);

            assertEquals(GuestFault.GP, guest.runToVector());

            assertEquals(6, guest.cpu.reg64(RAX));
            assertEquals(0xfffd, guest.cpu.reg64(RBX));
            assertTranslates(it);
        }
    }

    @ParameterizedTest
    @EnumSource
    void fsAndGsHaveABaseAndALimit(Engine engine) {
        // 1: mov eax, fs:[ebx]; add edx, fs:[-4]; add ebx, 4; dec ecx; jnz 1b; hlt
        String code = "648b03 640315fcffffff 83c304 49 75f0 f4";
        try (Engine.Guest it = guest(engine, code)) {
            SystemGuest guest = it.system();
            // All of 4 GiB, from DATA on.
            guest.descriptor(SMALL_DATA, DATA, 0xfffff, SystemGuest.DATA_ACCESS, 0xc);
            load(guest, Instruction.FS, SMALL_DATA);
            guest.memory.storeInt(DATA - 4, 2);
            guest.memory.storeInt(DATA + 4 * (ROUNDS - 1), 9);
            guest.cpu.reg64(RBX, 0);
            guest.cpu.reg64(RDX, 0);
            assertEquals(-1, guest.runToVector());
            assertEquals(9, guest.cpu.reg64(RAX));
            assertEquals(2 * ROUNDS, guest.cpu.reg64(RDX));
            assertTranslates(it);

            guest.descriptor(SMALL_DATA, DATA, 4 * ROUNDS - 1, SystemGuest.DATA_ACCESS, 4);
            load(guest, Instruction.FS, SMALL_DATA);
            guest.code("648b03 83c304 49 75f7 648b03 f4");
            guest.cpu.rip(CODE);
            guest.cpu.reg64(RCX, ROUNDS);
            guest.cpu.reg64(RBX, 0);
            assertEquals(GuestFault.GP, guest.runToVector());
            assertEquals(4 * ROUNDS, guest.cpu.reg64(RBX));
        }
    }

    private static void load(SystemGuest guest, int segment, int selector) {
        guest.cpu.segmentLoader.set(segment, selector, guest.memory.loadLong(SystemGuest.GDT + selector));
        guest.cpu.modeChanged();
    }

    /// What would be beyond the limit wraps around behind the check.
    @ParameterizedTest
    @EnumSource
    void anAccessAtTheEndOfASegmentWithABaseIsTheInterpreters(Engine engine) {
        // 1: mov eax, gs:[ebx]; dec ecx; jnz 1b; mov ebx, 0xfffffffe; jmp 1b
        try (Engine.Guest it = guest(engine, "658b03 49 75fa bbfeffffff ebf3")) {
            SystemGuest guest = it.system();
            guest.descriptor(SMALL_DATA, DATA + 0x10, 0xfffff, SystemGuest.DATA_ACCESS, 0xc);
            load(guest, Instruction.GS, SMALL_DATA);
            guest.cpu.reg64(RBX, 0);

            assertEquals(GuestFault.GP, guest.runToVector());

            assertEquals(0xffff_fffeL, guest.cpu.reg64(RBX));
        }
    }

    @ParameterizedTest
    @EnumSource
    void stringInstructionsUse32BitsOfTheirRegisters(Engine engine) {
        // 1: mov esi, DATA; mov edi, DATA + 0x2000; push ecx; mov ecx, 3000; rep movsb; mov edi, DATA + 0x2000; xor
        // eax, eax; or ecx, -1; repne scasb; not ecx; mov edx, ecx; pop ecx; dec ecx; jnz 1b; hlt
        try (Engine.Guest it = guest(engine, "be00000400 bf00200400 51 b9b80b0000 f3a4 bf00200400 31c0 83c9ff f2ae "
                + "f7d1 89ca 59 49 75da f4")) {
            SystemGuest guest = it.system();
            for (int n = 0; n < 2500; n++) {
                guest.memory.storeByte(DATA + n, (byte) 1);
            }
            guest.cpu.reg64(RSI, -1);
            guest.cpu.reg64(RDI, -1);

            assertEquals(-1, guest.runToVector());

            assertEquals(2501, guest.cpu.reg32(RDX));
            assertTranslates(it);
        }
    }

    /// Bytes that are one instruction in 64-bit code and two in 32-bit code, at the same address, called in turn.
    @ParameterizedTest
    @EnumSource
    void aRipOfTwoModesLeadsToTheCodeOfEach(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            guest.descriptor(COMPATIBILITY0, 0, 0xfffff, SystemGuest.CODE_ACCESS, 0xc);
            // 1: call r; push COMPATIBILITY0; push c; retfq; back: dec rcx; jnz 1b; hlt
            guest.code("e8fb1f0000 6890000000 6800110100 48cb 48ffc9 75ea f4");
            // c: call r; push CODE0; push back; retf
            guest.code(CODE + 0x1100, "e8fb0e0000 6808000000 6811000100 cb");
            // r: inc rax; ret: or dec eax; inc eax; ret
            guest.code(CODE + 0x2000, "48ffc0 c3");
            guest.cpu.reg64(RAX, 0);
            guest.cpu.reg64(RCX, 1000);

            assertEquals(-1, guest.runToVector());

            assertEquals(1000, guest.cpu.reg64(RAX));
            assertTranslates(it);
        }
    }
}
