// SPDX-License-Identifier: Apache-2.0
package org.javisor.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The samples say what they promise.
@Timeout(60)
class SamplesTest {
    private interface Sample {
        void main(String... arguments);
    }

    private static String output(Sample sample) {
        PrintStream old = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            sample.main();
        } finally {
            System.setOut(old);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void twoAndTwoAreFour() {
        assertEquals("4\n", output(HelloRealMode::main));
    }

    @Test
    void a64BitGuestGreetsAndMultiplies() {
        assertEquals("Hello from 64-bit code\n20! = 2432902008176640000\n", output(LongMode::main));
    }

    @Test
    void aDeviceAnswersWithoutExits() {
        assertEquals("""
                The guest is ready.
                The doorbell rang 100 times; there were 2 exits before HLT.
                """, output(DeviceInMemory::main));
    }

    @Test
    void eachInstructionIsSeen() {
        assertEquals("""
                STEP: next at 0x1003, AX = 1, CX = 0
                STEP: next at 0x1006, AX = 1, CX = 3
                STEP: next at 0x1008, AX = 2, CX = 3
                STEP: next at 0x1006, AX = 2, CX = 2
                STEP: next at 0x1008, AX = 4, CX = 2
                STEP: next at 0x1006, AX = 4, CX = 1
                STEP: next at 0x1008, AX = 8, CX = 1
                STEP: next at 0x100a, AX = 8, CX = 0
                """, output(SingleStep::main));
    }
}
