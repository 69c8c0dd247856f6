// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.javisor.isa.Mnemonic;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// KVM's prefix for its emulator in code that is executed often, in each engine.
class ForcedInstructionsTest {
    private static final int ROUNDS = 1000;
    private static final String PREFIX = "0f0b 6b766d";

    private static SystemGuest forced(Engine.Guest it) {
        SystemGuest guest = it.system();
        guest.forcedEmulation = true;
        guest.cpu.reg64(RAX, 0);
        guest.cpu.reg64(RCX, ROUNDS);
        return guest;
    }

    @ParameterizedTest
    @EnumSource
    void thePrefixCostsNoExit(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = forced(it);
            // 1: prefix; inc eax; prefix; dec ecx; jnz 1b; hlt
            guest.code(PREFIX + "ffc0" + PREFIX + "ffc9 75f0 f4");
            assertEquals(-1, guest.runToVector());

            assertEquals(ROUNDS, guest.cpu.reg64(RAX));
            if (engine == Engine.TRANSLATOR) {
                TranslationStats stats = guest.group().translations.stats(it.translator(),
                        List.of(guest.cpu.exitCounters()));
                assertEquals(null, stats.stoppedAtUntranslated().get(Mnemonic.UD2));
                assertEquals(true, stats.interpreted() < ROUNDS / 10, stats.interpreted() + " interpreted");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void lettersThatChangeAreSeen(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = forced(it);
            // 1: prefix; inc eax; dec ecx; jnz 1b; inc byte [1b + 4]; mov ecx, 1; jmp 1b
            guest.code(PREFIX + "ffc0 ffc9 75f5 fe042504000100 b901000000 ebe7");
            assertEquals(GuestFault.UD, guest.runToVector());

            assertEquals(ROUNDS, guest.cpu.reg64(RAX));
            assertEquals(SystemGuest.CODE, guest.stackItem(0, 8));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFaultIsThatOfTheInstructionBehindIt(Engine engine) {
        try (Engine.Guest it = engine.guest()) {
            SystemGuest guest = forced(it);
            // 1: prefix; mov rdx, [rax]; dec ecx; jnz 1b; mov rax, -8; mov ecx, 1; jmp 1b
            guest.code(PREFIX + "488b10 ffc9 75f4 48c7c0000000f0 b901000000 ebe6");
            assertEquals(GuestFault.PF, guest.runToVector());

            assertEquals(0xffff_ffff_f000_0000L, guest.cpu.cr2());
            assertEquals(SystemGuest.CODE + 5, guest.stackItem(1, 8));
        }
    }
}
