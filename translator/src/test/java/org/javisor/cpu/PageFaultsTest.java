// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Page faults that host code delivers: what handlers find, and where they come back to, is what the interpreter makes
/// of it, whatever the cause of the fault, and also where gate, descriptor or stack change meanwhile.
@Timeout(120)
class PageFaultsTest {
    private static final int HANDLER = SystemGuest.CODE + 0x1000, OTHER = SystemGuest.CODE + 0x2000, ROUNDS = 100;
    private static final int GATE = 0x8e;
    /// What maps PAGE, 0x805000, which nothing else is near.
    private static final int PAGE_TABLE = 0x3_8000, ENTRY = PAGE_TABLE + 8 * 5,
            DIRECTORY_ENTRY = SystemGuest.TABLES + 0x2020, FRAME = 0x20_1000;
    private static final long PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40, ALL = 0x67,
            RESERVED = 1L << 51, KEY_1 = 1L << 59;
    /// 1: mov rax, [PAGE]; dec ecx; jnz 1b; hlt. The same with a write, and an addition.
    private static final String READ = "488b042500508000 ffc9 75f4 f4", WRITE = "4889042500508000 ffc9 75f4 f4",
            ADD = "4801042500508000 ffc9 75f4 f4";
    /// pushfq; pop rax; add rsi, rax; mov rax, cr2; add rdi, rax; add rbx, [rsp]; add rdx, [rsp + 8]; add r8,
    /// [rsp + 16]; add r9, [rsp + 24]; add r10, [rsp + 32]; add r11, [rsp + 40]; mov eax, ss; add r12, rax; mov eax,
    /// cs; add r13, rax; add r14, rsp; cmp eax, ecx
    private static final String SUMS = "9c 58 4801c6 0f20d0 4801c7 48031c24 4803542408 4c03442410 4c034c2418 4c03542420"
            + "4c035c2428 8cd0 4901c4 8cc8 4901c5 4901e6 39c8";
    /// add qword [rsp + 8], 8; add rsp, 8; iretq
    private static final String SKIP = "4883442408 08 4883c408 48cf";

    private static List<Long> outcome(Engine engine, int leastInHostCode, Consumer<SystemGuest> prepared) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            // So the second tier counts, too.
            guest.group().counted = true;
            guest.gate(GuestFault.PF, SystemGuest.CODE0, HANDLER, GATE);
            guest.code(HANDLER, SUMS + SKIP).code(READ);
            for (int reg = 0; reg < 16; reg++) {
                guest.cpu.reg64(reg, reg == CpuLayout.RSP ? SystemGuest.STACK : 0);
            }
            guest.cpu.reg64(CpuLayout.RCX, ROUNDS);
            map(guest, 0);
            prepared.accept(guest);
            guest.cpu.mmu.flush();
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
            outcome.add(guest.cpu.cr2());
            outcome.add(guest.cpu.delivered(GuestFault.PF));
            outcome.add(guest.cpu.mmu.counters.faults());
            outcome.add((long) guest.cpu.cpl);
            outcome.add(guest.memory.loadLong(ENTRY));
            outcome.add(guest.memory.loadLong(DIRECTORY_ENTRY));
            outcome.add(guest.cpu.instructions());
            if (engine == Engine.TRANSLATOR) {
                long inHostCode = guest.cpu.gates.delivered(GuestFault.PF);
                assertTrue(inHostCode >= leastInHostCode, inHostCode + " by host code");
            }
            return outcome;
        }
    }

    private static void map(SystemGuest guest, long flags) {
        guest.memory.storeLong(ENTRY, FRAME | flags);
        guest.memory.storeLong(DIRECTORY_ENTRY, PAGE_TABLE | ALL);
    }

    private static List<Long> assertSame(int leastInHostCode, Consumer<SystemGuest> prepared) {
        List<Long> expected = outcome(Engine.INTERPRETER, 0, prepared);
        assertEquals(expected, outcome(Engine.TRANSLATOR, leastInHostCode, prepared));
        assertEquals(expected, outcome(Engine.CHECK, 0, prepared));
        return expected;
    }

    private static void assertErrors(int error, List<Long> outcome) {
        assertEquals(error * (long) ROUNDS, outcome.get(1 + CpuLayout.RBX), "sum of error codes");
    }

    @Test
    void theKernelReadsAndWritesWhatIsNotThere() {
        assertErrors(0, assertSame(90, _ -> { }));
        assertErrors(2, assertSame(90, guest -> guest.code(WRITE)));
        assertErrors(2, assertSame(90, guest -> guest.code(ADD)));
        assertErrors(0, assertSame(90, guest -> guest.memory.storeLong(DIRECTORY_ENTRY, PAGE_TABLE | ALL & ~PRESENT)));
    }

    @Test
    void programsReadAndWriteWhatIsNotThere() {
        List<Long> outcome = assertSame(90, guest -> guest.asUser());
        assertErrors(4, outcome);
        assertEquals(GuestFault.GP, outcome.getFirst(), "of HLT");
        assertErrors(6, assertSame(90, guest -> guest.code(WRITE).asUser()));
    }

    @Test
    void reservedBitsAreTold() {
        assertErrors(9, assertSame(90, guest -> map(guest, ALL | RESERVED)));
        assertErrors(9, assertSame(90, guest -> guest.memory.storeLong(DIRECTORY_ENTRY, PAGE_TABLE | ALL | RESERVED)));
        // A page of 2 MiB, not aligned.
        assertErrors(9, assertSame(90, guest -> guest.memory.storeLong(DIRECTORY_ENTRY, 0x20_2000 | ALL | 0x80)));
        assertErrors(9, assertSame(90, guest -> {
            map(guest, ALL | Long.MIN_VALUE);
            guest.cpu.efer &= ~ControlBits.EFER_NXE;
            guest.cpu.modeChanged();
        }));
    }

    @Test
    void rightsThatAreNotThereAreTold() {
        assertErrors(3, assertSame(90, guest -> {
            map(guest, ALL & ~WRITABLE);
            guest.code(WRITE);
        }));
        assertErrors(7, assertSame(90, guest -> {
            map(guest, ALL & ~WRITABLE);
            guest.code(WRITE).asUser();
        }));
        assertErrors(5, assertSame(90, guest -> {
            map(guest, ALL & ~USER);
            guest.asUser();
        }));
        assertErrors(5, assertSame(90, guest -> {
            map(guest, ALL);
            guest.memory.storeLong(DIRECTORY_ENTRY, PAGE_TABLE | ALL & ~USER);
            guest.asUser();
        }));
    }

    /// The kernel's own pages are not for programs then.
    @Test
    void smapKeepsTheKernelFromPagesOfPrograms() {
        assertErrors(1, assertSame(90, guest -> {
            map(guest, ALL);
            guest.memory.storeLong(SystemGuest.TABLES + 0x2000, 0x83);
            guest.cpu.cr4 |= ControlBits.CR4_SMAP;
            guest.cpu.modeChanged();
        }));
    }

    @Test
    void keysForbidAccesses() {
        for (int rights : new int[] {1, 2, 3}) {
            for (String code : new String[] {READ, WRITE}) {
                boolean faults = (rights & 1) != 0 || code.equals(WRITE);
                List<Long> outcome = assertSame(faults ? 90 : 0, guest -> {
                    map(guest, ALL | KEY_1);
                    guest.cpu.cr4 |= ControlBits.CR4_PKE;
                    guest.cpu.keys.user(rights << 2);
                    guest.cpu.modeChanged();
                    guest.code(code);
                });
                assertErrors(!faults ? 0 : code.equals(WRITE) ? 0x23 : 0x21, outcome);
            }
        }
    }

    @Test
    void withoutWriteProtectionTheKernelWritesEverywhere() {
        List<Long> outcome = assertSame(0, guest -> {
            map(guest, PRESENT);
            guest.cpu.cr0 &= ~ControlBits.CR0_WP;
            guest.cpu.modeChanged();
            guest.code(WRITE);
        });
        assertEquals(0, outcome.get(1 + CpuLayout.RDI), "sum of CR2");
        assertEquals(FRAME | PRESENT | ACCESSED | DIRTY, outcome.get(35));
    }

    /// A fault marks the tables on the way, not the page.
    @Test
    void tablesAreMarkedAccessed() {
        List<Long> outcome = assertSame(90, guest -> {
            map(guest, 0);
            guest.memory.storeLong(DIRECTORY_ENTRY, PAGE_TABLE | PRESENT | WRITABLE);
            // and byte [DIRECTORY_ENTRY], ~ACCESSED, in the handler
            guest.code(HANDLER, SUMS + "80242520200300df" + SKIP);
        });
        assertErrors(0, outcome);
    }

    @Test
    void interruptStacksAreReadFromTheTss() {
        assertSame(90, guest -> guest.gate(GuestFault.PF, SystemGuest.CODE0, HANDLER, GATE, 1));
    }

    @Test
    void theStackIsAlignedFirst() {
        assertSame(90, guest -> guest.cpu.reg64(CpuLayout.RSP, SystemGuest.STACK - 13));
    }

    @Test
    void interruptsAndFlagsAreWhatTheGateSays() {
        assertSame(90, guest -> guest.flags(Flags.IF | Flags.DF));
        assertSame(90, guest -> {
            guest.gate(GuestFault.PF, SystemGuest.CODE0, HANDLER, GATE + 1);
            guest.flags(Flags.IF);
        });
        assertSame(0, guest -> guest.flags(Flags.AC));
    }

    /// add eax, -1; the access; jnc 2f; 2: dec ecx; jnz 1b; hlt
    @Test
    void theFlagsOfTheProgramAreSavedAndRestored() {
        assertSame(90, guest -> guest.code("83c0ff 4889042500508000 7300 7100 ffc9 75ed f4"));
    }

    @Test
    void accessesBesideOthersAreToldOneByOne() {
        // 1: lea rbp, [PAGE + 0x100]; mov [rbp], eax; nop (5); mov rax, [rbp + 8]; nop (4); mov [rbp - 16], rax;
        // nop (4); dec ecx; jnz 1b; hlt: each 8 bytes long
        assertSame(190, guest -> guest.code("488d2c2500518000 8945000f1f440000 488b45080f1f4000 488945f00f1f4000"
                + "ffc9 75dc f4"));
    }

    @Test
    void pushesFaultToo() {
        // 1: mov rbp, rsp; mov esp, PAGE + 0x80; push rax; nop (7); mov rsp, rbp; dec ecx; jnz 1b; hlt
        assertSame(90, guest -> {
            guest.gate(GuestFault.PF, SystemGuest.CODE0, HANDLER, GATE, 1);
            guest.code("4889e5 bc80508000 50 0f1f8000000000 4889ec ffc9 75e9 f4");
        });
    }

    @Test
    void accessesThatReachIntoTheNextPageAreJavas() {
        // 1: mov rax, [PAGE + 0xffc]; dec ecx; jnz 1b; hlt
        assertSame(0, guest -> {
            map(guest, ALL);
            guest.code("488b0425fc5f8000 ffc9 75f4 f4");
        });
        assertSame(0, guest -> guest.code("488b0425fc5f8000 ffc9 75f4 f4"));
        assertSame(0, guest -> guest.code("488b0425fc4f8000 ffc9 75f4 f4"));
    }

    @Test
    void theFirstByteOfAPageFaultsLikeAnyOther() {
        // 1: mov rax, [0xe00000]; dec ecx; jnz 1b; hlt
        assertErrors(0, assertSame(90, guest -> {
            guest.memory.storeLong(SystemGuest.TABLES + 0x2000 + 8 * 7, 0);
            guest.code("488b04250000e000 ffc9 75f4 f4");
        }));
    }

    @Test
    void aGateThatChangesIsFollowed() {
        assertSame(80, guest -> {
            guest.code(OTHER, "4883c707" + SKIP);
            // 1: (read); cmp ecx, 50; jne 2f; mov byte [IDT + 0xe1], 0x20; 2: dec ecx; jnz 1b; hlt
            guest.code("488b042500508000 83f932 7508 c60425e120000020 ffc9 75e7 f4");
        });
    }

    @Test
    void aCodeSegmentThatIsTakenAwayIsADoubleFault() {
        List<Long> outcome = assertSame(30, guest -> {
            guest.gate(GuestFault.PF, SystemGuest.FREE, HANDLER, GATE);
            guest.descriptor(SystemGuest.FREE, 0, 0xfffff, SystemGuest.CODE_ACCESS, 0xa);
            // cmp ecx, 50; jne 1f; mov byte [GDT + 0x85], 0x1b; 1:
            guest.code(HANDLER, SUMS + "83f932 7508 c60425851000001b" + SKIP);
            guest.asUser();
        });
        assertEquals(GuestFault.DF, outcome.getFirst());
        assertEquals(49, outcome.get(1 + CpuLayout.RCX), "rounds left");
    }

    @Test
    void aStackThatIsNotThereIsADoubleFault() {
        List<Long> outcome = assertSame(30, guest -> {
            guest.gate(GuestFault.DF, SystemGuest.CODE0, SystemGuest.HANDLERS + 16 * GuestFault.DF, GATE, 1);
            // cmp ecx, 50; jne 1f; mov dword [TSS + 4], PAGE; 1:
            guest.code(HANDLER, SUMS + "83f932 750b c704250440000000508000" + SKIP);
            guest.asUser();
        });
        assertEquals(49, outcome.get(1 + CpuLayout.RCX), "rounds left");
    }

    // ---- fetches ----

    /// mov rax, [rsp + 32]; mov rbp, [rax]; mov [rsp + 8], rbp; add qword [rsp + 32], 8; add rsp, 8; iretq: back to
    /// where a call came from.
    private static final String RETURN = "488b442420 488b28 48896c2408 488344242008 4883c408 48cf";
    /// 1: mov ebp, PAGE; call rbp; dec ecx; jnz 1b; hlt
    private static final String CALL = "bd00508000 ffd5 ffc9 75f5 f4";

    private static List<Long> assertSameFetch(int leastInHostCode, Consumer<SystemGuest> prepared) {
        return assertSame(leastInHostCode, guest -> {
            guest.code(HANDLER, SUMS + RETURN).code(CALL);
            prepared.accept(guest);
        });
    }

    @Test
    void callsOfWhatIsNotThereFault() {
        assertErrors(0x10, assertSameFetch(90, _ -> { }));
        List<Long> outcome = assertSameFetch(90, guest -> guest.asUser());
        assertErrors(0x14, outcome);
        assertEquals(GuestFault.GP, outcome.getFirst(), "of HLT");
        assertErrors(0x19, assertSameFetch(90, guest -> map(guest, ALL | RESERVED)));
    }

    @Test
    void jumpsToWhatIsNotThereFault() {
        // 1: mov ebp, PAGE; push 2f; jmp rbp; 2: dec ecx; jnz 1b; hlt
        assertErrors(0x10, assertSameFetch(90, guest -> guest.code("bd00508000 680c000100 ffe5 ffc9 75f0 f4")));
    }

    @Test
    void whatMustNotBeExecutedIsTold() {
        assertErrors(0x11, assertSameFetch(90, guest -> map(guest, ALL | Long.MIN_VALUE)));
        assertErrors(0x15, assertSameFetch(90, guest -> {
            map(guest, ALL & ~USER);
            guest.asUser();
        }));
        assertErrors(0x11, assertSameFetch(90, guest -> {
            map(guest, ALL);
            guest.memory.storeLong(SystemGuest.TABLES + 0x2000, 0x83);
            guest.cpu.cr4 |= ControlBits.CR4_SMEP;
            guest.cpu.modeChanged();
        }));
    }

    @Test
    void withoutXdAndSmepFetchesAreNotTold() {
        assertErrors(0, assertSameFetch(90, guest -> {
            guest.cpu.efer &= ~ControlBits.EFER_NXE;
            guest.cpu.modeChanged();
        }));
    }

    @Test
    void codeThatIsThereIsExecuted() {
        List<Long> outcome = assertSameFetch(0, guest -> {
            map(guest, PRESENT | WRITABLE);
            guest.code(FRAME, "c3");
        });
        assertErrors(0, outcome);
        assertEquals(0, outcome.get(1 + CpuLayout.RDI), "sum of CR2");
    }

    @Test
    void aFetchThatFaultsWhereTheFrameHasNoPlaceIsADoubleFault() {
        List<Long> outcome = assertSameFetch(30, guest -> {
            guest.gate(GuestFault.DF, SystemGuest.CODE0, SystemGuest.HANDLERS + 16 * GuestFault.DF, GATE, 1);
            // cmp ecx, 50; jne 1f; mov dword [TSS + 4], PAGE; 1:
            guest.code(HANDLER, SUMS + "83f932 750b c704250440000000508000" + RETURN);
            guest.asUser();
        });
        assertEquals(49, outcome.get(1 + CpuLayout.RCX), "rounds left");
    }

    @Test
    void aCallThatCannotPushFaultsThere() {
        // 1: mov ebp, PAGE; mov rdi, rsp; mov esp, PAGE + 0x808; call rbp; mov rsp, rdi; dec ecx; jnz 1b; hlt: the
        // handler leads to behind it
        assertSame(0, guest -> {
            guest.gate(GuestFault.PF, SystemGuest.CODE0, HANDLER, GATE, 1);
            // add qword [rsp + 8], 2; add rsp, 8; iretq
            guest.code(HANDLER, "48031c24 4803542408 4883442408 02 4883c408 48cf");
            guest.code("bd00508000 4889e7 bc08588000 ffd5 4889fc ffc9 75ea f4");
        });
    }
}
