// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class DecimalTest {
    private static final int[][] INSTRUCTIONS = {{0x37}, {0x3f}, {0x27}, {0x2f}, {0xd4, 10}, {0xd5, 10},
            {0xd4, 7}, {0xd5, 13}};

    /// AAA, AAS, DAA, DAS, AAM 10, AAD 10, AAM 7 and AAD 13 for every AL, two AH, and every CF and AF. The
    /// checksum is that of the results and flags of an AMD EPYC 9004.
    @Test
    void everyInputGivesWhatAProcessorGives() {
        CRC32 checksum = new CRC32();
        try (TestMachine machine = TestMachine.in32BitMode()) {
            for (int ah : new int[] {0, 0xc7}) {
                for (int al = 0; al < 256; al++) {
                    for (int flags = 0; flags < 4; flags++) {
                        for (int[] instruction : INSTRUCTIONS) {
                            machine.cpu.reg64(RAX, ah << 8 | al);
                            machine.cpu.arithmeticFlags((flags & 1) | ((flags & 2) != 0 ? Flags.AF : 0));
                            machine.execute(instruction);
                            update(checksum, machine.cpu.reg16(RAX));
                            update(checksum, machine.cpu.arithmeticFlags());
                        }
                    }
                }
            }
        }
        assertEquals(0xa353_ec8fL, checksum.getValue());
    }

    private static void update(CRC32 checksum, int value) {
        checksum.update(value);
        checksum.update(value >> 8);
    }

    @Test
    void aamByZeroIsADivideError() {
        try (TestMachine machine = TestMachine.in32BitMode()) {
            machine.cpu.reg64(RAX, 0x1234);

            assertEquals(GuestFault.DE, machine.execute(0xd4, 0));
            assertEquals(0x1234, machine.cpu.reg64(RAX));
        }
    }
}
