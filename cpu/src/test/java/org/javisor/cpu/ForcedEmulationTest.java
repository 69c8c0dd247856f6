// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ForcedEmulationTest {
    /// ud2; "kvm"
    private static final String PREFIX = "0f0b 6b766d";

    private static SystemGuest guest(boolean forced, String code) {
        SystemGuest guest = SystemGuest.in64BitMode();
        guest.forcedEmulation = forced;
        guest.code(code);
        guest.cpu.reg64(RAX, 0);
        return guest;
    }

    @Test
    void thePrefixIsSkippedAndNoInstruction() {
        // inc eax; prefix, inc eax; hlt
        try (SystemGuest guest = guest(true, "ffc0" + PREFIX + "ffc0 f4")) {
            guest.cpu.msrs.write(Msrs.FIXED_CTR_CTRL, 3);
            guest.cpu.msrs.write(Msrs.PERF_GLOBAL_CTRL, 1L << 32);

            assertEquals(-1, guest.runToVector());

            assertEquals(2, guest.cpu.reg64(RAX));
            assertEquals(3, guest.cpu.msrs.read(Msrs.FIXED_CTR0));
        }
    }

    @Test
    void withoutTheOptionOrTheLettersItIsUndefined() {
        try (SystemGuest guest = guest(false, PREFIX + "f4")) {
            assertEquals(GuestFault.UD, guest.runToVector());
        }
        try (SystemGuest guest = guest(true, "0f0b 6b766e f4")) {
            assertEquals(GuestFault.UD, guest.runToVector());
        }
    }

    @Test
    void aFaultIsThatOfTheInstructionBehindIt() {
        // prefix, ud1 eax, eax
        try (SystemGuest guest = guest(true, PREFIX + "0fb9c0")) {
            assertEquals(GuestFault.UD, guest.runToVector());
            assertEquals(SystemGuest.CODE + 5, guest.stackItem(0, 8));
        }
    }

    @Test
    void aStepLeadsBehindBoth() {
        try (SystemGuest guest = guest(true, PREFIX + "ffc0 ffc0 f4").flags(Flags.TF)) {
            assertEquals(GuestFault.DB, guest.runToVector());
            assertEquals(1, guest.cpu.reg64(RAX));
            assertEquals(SystemGuest.CODE + 7, guest.stackItem(0, 8));
        }
    }
}
