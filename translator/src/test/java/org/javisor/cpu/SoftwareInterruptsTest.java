// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// INT n as host code: what handlers find and where they come back to is what the interpreter makes of it, also where
/// gate, descriptor or stack change meanwhile.
@Timeout(60)
class SoftwareInterruptsTest {
    private static final int VECTOR = 0x40, HANDLER = SystemGuest.CODE + 0x1000, OTHER = SystemGuest.CODE + 0x2000;
    private static final int ROUNDS = 100, INTERRUPT = 0x8e, TRAP = 0x8f, FOR_PROGRAMS = 0x60;
    /// mov ecx, 100; 1: int 0x40; dec ecx; jnz 1b; hlt
    private static final String LOOP = "b964000000 cd40 ffc9 75fa f4";
    /// pushfq; pop rax; add rsi, rax; add rbx, [rsp]; add rdx, [rsp + 8]; add r8, [rsp + 16]; add r9, [rsp + 24];
    /// add r10, [rsp + 32]; add r11, rsp; mov eax, ss; add r12, rax; mov eax, cs; add r13, rax; cmp eax, ecx
    private static final String SUMS = "9c 58 4801c6 48031c24 4803542408 4c03442410 4c034c2418 4c03542420 4901e3"
            + "8cd0 4901c4 8cc8 4901c5 39c8";
    private static final String IRETQ = "48cf";

    private static List<Long> outcome(Engine engine, int leastInHostCode, Consumer<SystemGuest> prepared) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            guest.gate(VECTOR, SystemGuest.CODE0, HANDLER, INTERRUPT);
            guest.code(HANDLER, SUMS + IRETQ).code(LOOP);
            for (int reg = 0; reg < 16; reg++) {
                guest.cpu.reg64(reg, reg == CpuLayout.RSP ? SystemGuest.STACK : 0);
            }
            prepared.accept(guest);
            List<Long> outcome = new ArrayList<>();
            outcome.add((long) guest.runToVector());
            for (int reg = 0; reg < 16; reg++) {
                outcome.add(guest.cpu.reg64(reg));
            }
            for (int n = 0; n < 6; n++) {
                outcome.add((long) guest.cpu.segments.selector[n]);
                outcome.add((long) guest.cpu.segments.attributes[n]);
            }
            outcome.add(guest.cpu.rflags());
            outcome.add((long) guest.cpu.attention.mask());
            outcome.add(guest.cpu.delivered(VECTOR));
            outcome.add((long) guest.cpu.cpl);
            if (engine == Engine.TRANSLATOR) {
                long inHostCode = guest.cpu.gates.delivered(VECTOR);
                assertTrue(inHostCode >= leastInHostCode, inHostCode + " by host code");
            }
            return outcome;
        }
    }

    private static List<Long> assertSame(int leastInHostCode, Consumer<SystemGuest> prepared) {
        List<Long> expected = outcome(Engine.INTERPRETER, 0, prepared);
        assertEquals(expected, outcome(Engine.TRANSLATOR, leastInHostCode, prepared));
        assertEquals(expected, outcome(Engine.CHECK, 0, prepared));
        return expected;
    }

    @Test
    void theKernelInterruptsItself() {
        assertSame(90, _ -> { });
        assertSame(90, guest -> guest.flags(Flags.IF | Flags.DF));
    }

    @Test
    void theStackIsAlignedFirst() {
        assertSame(90, guest -> guest.cpu.reg64(CpuLayout.RSP, SystemGuest.STACK - 13));
    }

    @Test
    void trapGatesLeaveInterruptsEnabled() {
        assertSame(90, guest -> {
            guest.gate(VECTOR, SystemGuest.CODE0, HANDLER, TRAP);
            guest.flags(Flags.IF);
        });
    }

    @Test
    void interruptStacksAreReadFromTheTss() {
        assertSame(90, guest -> guest.gate(VECTOR, SystemGuest.CODE0, HANDLER, INTERRUPT, 1));
    }

    @Test
    void programsEnterTheKernel() {
        List<Long> outcome = assertSame(90, guest -> {
            guest.gate(VECTOR, SystemGuest.CODE0, HANDLER, INTERRUPT | FOR_PROGRAMS);
            guest.flags(Flags.IF);
            guest.asUser();
        });
        assertEquals(GuestFault.GP, outcome.getFirst(), "of HLT");
    }

    @Test
    void theStackOfTheKernelMayBeAnotherEachTime() {
        assertSame(90, guest -> {
            guest.gate(VECTOR, SystemGuest.CODE0, HANDLER, INTERRUPT | FOR_PROGRAMS);
            // sub qword [TSS + 4], 24
            guest.code(HANDLER, SUMS + "48832c250440000018" + IRETQ);
            guest.asUser();
        });
    }

    @Test
    void aGateThatChangesIsFollowed() {
        assertSame(80, guest -> {
            guest.code(OTHER, "4883c707" + IRETQ);
            // mov ecx, 100; 1: int 0x40; cmp ecx, 50; jne 2f; mov byte [IDT + 0x401], 0x20; 2: dec ecx; jnz 1b; hlt
            guest.code("b964000000 cd40 83f932 7508 c604250124000020 ffc9 75ed f4");
        });
    }

    @Test
    void aGateThatIsNoLongerForProgramsFaults() {
        List<Long> outcome = assertSame(30, guest -> {
            guest.gate(VECTOR, SystemGuest.CODE0, HANDLER, INTERRUPT | FOR_PROGRAMS);
            // cmp ecx, 50; jne 1f; mov byte [IDT + 0x405], 0x8e; 1: iretq
            guest.code(HANDLER, SUMS + "83f932 7508 c60425052400008e" + IRETQ);
            guest.asUser();
        });
        assertEquals(GuestFault.GP, outcome.getFirst());
        assertEquals(49, outcome.get(1 + CpuLayout.RCX), "rounds left");
    }

    @Test
    void aCodeSegmentThatIsTakenAwayFaults() {
        List<Long> outcome = assertSame(30, guest -> {
            guest.gate(VECTOR, SystemGuest.FREE, HANDLER, INTERRUPT | FOR_PROGRAMS);
            guest.descriptor(SystemGuest.FREE, 0, 0xfffff, SystemGuest.CODE_ACCESS, 0xa);
            // cmp ecx, 50; jne 1f; mov byte [GDT + 0x85], 0x1b; 1: iretq
            guest.code(HANDLER, SUMS + "83f932 7508 c60425851000001b" + IRETQ);
            guest.asUser();
        });
        assertEquals(GuestFault.NP, outcome.getFirst());
    }

    @Test
    void aProgramWithAcSetIsInterpreted() {
        assertSame(0, guest -> {
            guest.gate(VECTOR, SystemGuest.CODE0, HANDLER, INTERRUPT | FOR_PROGRAMS);
            guest.asUser().flags(Flags.AC);
        });
    }

    @Test
    void anotherTableIsAsked() {
        assertSame(60, guest -> {
            guest.code(OTHER, "4883c707" + IRETQ);
            byte[] table = new byte[0x1000];
            guest.memory.load(SystemGuest.IDT, table, 0, table.length);
            guest.memory.store(SystemGuest.DATA, table);
            // The handler at OTHER instead.
            guest.memory.storeByte(SystemGuest.DATA + 16 * VECTOR + 1, (byte) 0x20);
            guest.memory.storeLong(SystemGuest.DATA + 0x1000, 0x0fff | (long) SystemGuest.DATA << 16);
            // mov ecx, 100; 1: int 0x40; cmp ecx, 50; jne 2f; lidt [DATA + 0x1000]; 2: dec ecx; jnz 1b; hlt
            guest.code("b964000000 cd40 83f932 7508 0f011c2500100400 ffc9 75ed f4");
        });
    }
}
