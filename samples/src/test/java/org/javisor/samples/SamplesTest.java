// SPDX-License-Identifier: Apache-2.0
package org.javisor.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.kvm.KvmProbe;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The samples say what they promise, on each engine.
@Timeout(60)
class SamplesTest {
    private interface Sample {
        void main(String... arguments);
    }

    /// What a sample prints on an engine; skipped where the host has no such engine.
    private static String output(EngineKind engine, Sample sample) {
        KvmProbe probe = engine == EngineKind.KVM ? KvmProbe.result() : null;
        assumeTrue(probe == null || probe.instructionsPerSecond() > 0, () -> "KVM: " + probe.reason());
        PrintStream old = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            sample.main(engine.name());
        } finally {
            System.setOut(old);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @EnumSource
    void twoAndTwoAreFour(EngineKind engine) {
        assertEquals("4\n", output(engine, HelloRealMode::main));
    }

    @ParameterizedTest
    @EnumSource
    void a64BitGuestGreetsAndMultiplies(EngineKind engine) {
        assertEquals("Hello from 64-bit code\n20! = 2432902008176640000\n", output(engine, LongMode::main));
    }

    @ParameterizedTest
    @EnumSource
    void aDeviceAnswersWithoutExits(EngineKind engine) {
        assertEquals("""
                The guest is ready.
                The doorbell rang 100 times; there were 2 exits before HLT.
                """, output(engine, DeviceInMemory::main));
    }

    @ParameterizedTest
    @EnumSource
    void eachInstructionIsSeen(EngineKind engine) {
        assertEquals("""
                STEP: next at 0x1003, AX = 1, CX = 0
                STEP: next at 0x1006, AX = 1, CX = 3
                STEP: next at 0x1008, AX = 2, CX = 3
                STEP: next at 0x1006, AX = 2, CX = 2
                STEP: next at 0x1008, AX = 4, CX = 2
                STEP: next at 0x1006, AX = 4, CX = 1
                STEP: next at 0x1008, AX = 8, CX = 1
                STEP: next at 0x100a, AX = 8, CX = 0
                """, output(engine, SingleStep::main));
    }
}
