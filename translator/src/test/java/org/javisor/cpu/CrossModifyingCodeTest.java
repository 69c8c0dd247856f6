// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RBX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/// Code that another processor, or a device, changes while it is executed.
///
/// @sdm vol. 3A §8.1.3 "Handling Self- and Cross-Modifying Code"
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CrossModifyingCodeTest {
    private static final int CODE = SystemGuest.CODE, OTHER = SystemGuest.CODE + 0x1000,
            ROUTINE = SystemGuest.CODE + 0x2000, DATA = SystemGuest.DATA;
    private static final int ROUNDS = 1_000;

    private static FutureTask<Integer> start(Cpu cpu) {
        FutureTask<Integer> run = new FutureTask<>(cpu::run);
        Thread.ofPlatform().daemon().start(run);
        return run;
    }

    private static void assertHalts(SystemGuest guest, Cpu second) throws Exception {
        FutureTask<Integer> first = start(guest.cpu);
        FutureTask<Integer> other = start(second);
        assertEquals("HALT", CpuExit.name(other.get()), () -> second.failure() + " at "
                + Long.toHexString(second.rip()));
        assertEquals("HALT", CpuExit.name(first.get()), () -> guest.cpu.failure());
        assertTrue(guest.cpu.rip() >= CODE && second.rip() >= CODE, "an exception");
    }

    /// As the manual has it: the code is changed, then a flag; who sees that serializes, and executes the new code.
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHECK")
    void whoIsToldAndSerializesExecutesTheNewCode(Engine engine) throws Exception {
        // xor eax, eax; cpuid
        assertExecutesNewCode(engine, "31c0 0fa2");
        // serialize; nop
        assertExecutesNewCode(engine, "0f01e8 90");
    }

    private static void assertExecutesNewCode(Engine engine, String serializing) throws Exception {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            Cpu second = guest.addCpu();
            // 1: cmp [rsi], ecx; jne 1b; mov r8d, ecx; (serializing); mov ecx, r8d; mov eax, ROUTINE; call rax
            // add r9, rax; mov [rsi + 4], ecx; dec ecx; jnz 1b; hlt
            guest.code("390e 75fc 4189c8" + serializing + "4489c1 b800200100 ffd0 4901c1 894e04 ffc9 75e1 f4");
            // 1: mov [ROUTINE + 1], ecx; mov [rsi], ecx; 2: cmp [rsi + 4], ecx; jne 2b; dec ecx; jnz 1b; hlt
            guest.code(OTHER, "890c2501200100 890e 394e04 75fb ffc9 75ee f4");
            // mov eax, imm32; ret
            guest.code(ROUTINE, "b800000000 c3");
            for (Cpu cpu : new Cpu[] {guest.cpu, second}) {
                cpu.reg64(RSI, DATA);
                cpu.reg64(RCX, ROUNDS);
                cpu.reg64(9, 0);
            }
            second.rip(OTHER);

            assertHalts(guest, second);

            assertEquals(ROUNDS * (ROUNDS + 1) / 2, guest.cpu.reg64(9));
            second.close();
        }
    }

    /// The new code is what host code of the old one would go on with.
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHECK")
    void theInstructionBehindSerializeMayBeNew(Engine engine) throws Exception {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            Cpu second = guest.addCpu();
            // 1: cmp [rsi], ecx; jne 1b; serialize; mov eax, imm32; add r9, rax; mov [rsi + 4], ecx; dec ecx; jnz 1b
            // hlt
            guest.code("390e 75fc 0f01e8 b800000000 4901c1 894e04 ffc9 75ea f4");
            // 1: mov [CODE + 8], ecx; mov [rsi], ecx; 2: cmp [rsi + 4], ecx; jne 2b; dec ecx; jnz 1b; hlt
            guest.code(OTHER, "890c2508000100 890e 394e04 75fb ffc9 75ee f4");
            for (Cpu cpu : new Cpu[] {guest.cpu, second}) {
                cpu.reg64(RSI, DATA);
                cpu.reg64(RCX, ROUNDS);
                cpu.reg64(9, 0);
            }
            second.rip(OTHER);

            assertHalts(guest, second);

            assertEquals(ROUNDS * (ROUNDS + 1) / 2, guest.cpu.reg64(9));
            second.close();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHECK")
    void aLoopWithoutAnEndEndsWhenAnotherProcessorOverwritesIt(Engine engine) throws Exception {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            Cpu second = guest.addCpu();
            // 1: jmp 1b; hlt
            guest.code("ebfe f4");
            // mov ecx, 100000; 1: dec ecx; jnz 1b; mov word [CODE], 0x9090; hlt
            guest.code(OTHER, "b9a0860100 ffc9 75fc 66c70425000001009090 f4");
            second.rip(OTHER);

            assertHalts(guest, second);

            second.close();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHECK")
    void aLoopEndsWhenADeviceOverwritesIt(Engine engine) throws Exception {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            // 1: mov eax, 0; cmp eax, 42; jne 1b; hlt
            guest.code("b800000000 83f82a 75f6 f4");
            FutureTask<Integer> run = start(guest.cpu);
            for (int n = 0; n <= 42; n++) {
                while (engine == Engine.TRANSLATOR && it.translated() == 0) {
                    Thread.onSpinWait();
                }
                guest.memory.storeInt(CODE + 1, n);
            }
            assertEquals("HALT", CpuExit.name(run.get()));
        }
    }

    /// A call in a loop becomes a NOP of the same length and a call again, by way of INT3, as Linux does it: what is
    /// executed is one of these three at any time.
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "CHECK")
    void anInstructionIsReplacedByWayOfABreakpoint(Engine engine) throws Exception {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            Cpu second = guest.addCpu();
            // 1: inc r11; (NOPs) site: nop, 5 bytes; cmp dword [rsi], 0; je 1b; hlt
            guest.code("49ffc3 66662e0f1f840000000000 6690 0f1f440000 833e00 74e6 f4");
            // inc rbx; ret
            guest.code(ROUTINE, "48ffc3 c3");
            // #BP: inc r10; add qword [rsp], 4; iretq
            guest.code(SystemGuest.HANDLERS + 16 * GuestFault.BP, "49ffc2 4883042404 48cf");
            guest.code(DATA + 0x40, "e8eb1f0000").code(DATA + 0x50, "0f1f440000");
            // 1: mov byte [site], 0xcc; call wait; mov eax, [rdi]; mov [site + 1], eax; call wait; mov al, [rdi - 1]
            // mov [site], al; call wait; xor rdi, 0x10; dec ecx; jnz 1b; mov dword [rsi], 1; hlt; wait: (200 rounds)
            guest.code(OTHER, "c6042510000100cc e82c000000 8b07 89042511000100 e81e000000 8a47ff 88042510000100"
                    + "e80f000000 4883f710 ffc9 75ce c70601000000 f4 bac8000000 ffca 75fc c3");
            guest.cpu.reg64(RSI, DATA);
            guest.cpu.reg64(RBX, 0);
            second.reg64(RSI, DATA);
            second.reg64(RDI, DATA + 0x41);
            second.reg64(RCX, ROUNDS);
            second.rip(OTHER);

            assertHalts(guest, second);

            assertTrue(guest.cpu.reg64(RBX) <= guest.cpu.reg64(11), "more calls than rounds");
            second.close();
        }
    }
}
