// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.DS;
import static org.javisor.isa.Instruction.ES;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.javisor.isa.Mnemonic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Loads of DS and ES as host code: what the registers hold afterwards is what the interpreter makes of it, also where
/// the descriptor, the selector or the register itself is another one meanwhile.
@Timeout(60)
class SegmentLoadsTest {
    private static final int ROUNDS = 100;

    private static List<Long> outcome(Engine engine, int mostInterpreted, Consumer<SystemGuest> prepared) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = it.system();
            guest.cpu.reg64(CpuLayout.RCX, ROUNDS);
            prepared.accept(guest);
            List<Long> outcome = new ArrayList<>();
            outcome.add((long) guest.runToVector());
            outcome.add(guest.cpu.reg64(CpuLayout.RCX));
            for (int segment : new int[] {DS, ES}) {
                outcome.add((long) guest.cpu.segments.selector[segment]);
                outcome.add((long) guest.cpu.segments.attributes[segment]);
                outcome.add((long) guest.cpu.segments.limit[segment]);
                outcome.add(guest.cpu.segments.base[segment]);
            }
            if (engine == Engine.TRANSLATOR) {
                Map<Mnemonic, Long> stopped = guest.group().translations.stats(it.translator(),
                        List.of(guest.cpu.exitCounters())).stoppedAtTranslated();
                long interpreted = stopped.getOrDefault(Mnemonic.MOV_SEG, 0L);
                assertTrue(interpreted <= mostInterpreted, interpreted + " loads by the interpreter");
            }
            return outcome;
        }
    }

    private static List<Long> assertSame(int mostInterpreted, Consumer<SystemGuest> prepared) {
        List<Long> expected = outcome(Engine.INTERPRETER, 0, prepared);
        assertEquals(expected, outcome(Engine.TRANSLATOR, mostInterpreted, prepared));
        assertEquals(expected, outcome(Engine.CHECK, 0, prepared));
        return expected;
    }

    /// 1: mov ds, eax; mov es, edx; (between); dec ecx; jnz 1b; hlt
    private static String loop(String between) {
        int bytes = between.replace(" ", "").length() / 2;
        return "8ed8 8ec2" + between + "ffc9" + String.format("75%02x", 0x100 - 8 - bytes) + "f4";
    }

    private static void selectors(SystemGuest guest, int ds, int es) {
        guest.cpu.reg64(CpuLayout.RAX, 0xabcd_0000L | ds);
        guest.cpu.reg64(CpuLayout.RDX, es);
    }

    @Test
    void whatIsLoadedAlreadyIsLoadedByHostCode() {
        assertSame(8, guest -> {
            selectors(guest, SystemGuest.DATA0, SystemGuest.DATA3);
            guest.code(loop(""));
        });
    }

    @Test
    void twoSelectorsInTurnAreBothLoaded() {
        // xchg eax, edx
        assertSame(2 * ROUNDS, guest -> {
            selectors(guest, SystemGuest.DATA0, SystemGuest.DATA3);
            guest.code(loop("92"));
        });
    }

    @Test
    void aDescriptorThatChangesIsFollowed() {
        // cmp ecx, 50; jne 1f; mov byte [GDT + 0x82], 0x77; 1:
        List<Long> outcome = assertSame(20, guest -> {
            guest.descriptor(SystemGuest.FREE, 0x1234_5678, 0xfffff, SystemGuest.DATA_ACCESS, 0xc);
            selectors(guest, SystemGuest.FREE, SystemGuest.DATA0);
            guest.code(loop("83f932 7508 c604258210000077"));
        });
        assertEquals(0x1234_5677L, outcome.get(5), "base of DS");
    }

    @Test
    void aDescriptorThatIsTakenAwayFaults() {
        // cmp ecx, 50; jne 1f; mov byte [GDT + 0x85], 0x13; 1:
        List<Long> outcome = assertSame(20, guest -> {
            guest.descriptor(SystemGuest.FREE, 0, 0xfffff, SystemGuest.DATA_ACCESS, 0xc);
            selectors(guest, SystemGuest.DATA0, SystemGuest.FREE);
            guest.code(loop("83f932 7508 c604258510000013"));
        });
        assertEquals(GuestFault.NP, outcome.getFirst());
        assertEquals(49, outcome.get(1), "rounds left");
    }

    @Test
    void nullSelectorsAreTheInterpreters() {
        assertSame(2 * ROUNDS, guest -> {
            selectors(guest, 0, 3);
            guest.code(loop(""));
        });
    }

    /// A register that was loaded by other code is not taken for what 64-bit code has loaded.
    @Test
    void aHiddenPartThatIsAnotherOneIsLoadedAnew() {
        // hlt, by which the test may change the register
        assertSame(2 * ROUNDS, guest -> {
            selectors(guest, SystemGuest.DATA0, SystemGuest.DATA0);
            guest.code(loop(""));
            guest.runToVector();
            guest.cpu.segments.limit[DS] = 0xffff;
            guest.cpu.reg64(CpuLayout.RCX, ROUNDS);
            guest.cpu.rip(SystemGuest.CODE);
            guest.cpu.modeChanged();
        });
    }
}
