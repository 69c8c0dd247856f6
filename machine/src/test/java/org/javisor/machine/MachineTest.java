// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.memory.ConfigurationException;
import org.javisor.testkit.MicroGuest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Whole machines with guests of a few instructions.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MachineTest {
    private static final int PM1_CONTROL = 0x604, SLEEP_ENABLE = 0x2000, RESET_CONTROL = 0xcf9;

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private MachineBuilder machine(MicroGuest guest) {
        return Machine.builder().memory(32 << 20).kernel("micro-guest", guest.elf()).serial(0, output::write);
    }

    private MachineExit run(MachineBuilder builder) {
        try (Machine machine = builder.build()) {
            return machine.run();
        }
    }

    private String output() {
        return output.toString(StandardCharsets.US_ASCII);
    }

    @Test
    void aGuestPrintsAndPowersOff() {
        MachineExit exit = run(machine(new MicroGuest().print("hello\n").out16(PM1_CONTROL, SLEEP_ENABLE).stop()));

        assertInstanceOf(MachineExit.PoweredOff.class, exit);
        assertEquals("hello\n", output());
    }

    @Test
    void debugExitGivesItsStatus() {
        MachineExit exit = run(machine(new MicroGuest().out8(0xf4, 3).stop()).debugExit(0xf4));

        assertEquals(7, assertInstanceOf(MachineExit.DebugExit.class, exit).status());
    }

    @Test
    void aResetEndsTheMachineWhenToldTo() {
        MachineExit exit = run(machine(new MicroGuest().out8(RESET_CONTROL, 2).out8(RESET_CONTROL, 6).stop())
                .onReset(ResetPolicy.STOP));

        assertInstanceOf(MachineExit.Reset.class, exit);
    }

    /// A cell of CMOS survives a reset and tells the second run from the first.
    @Test
    void aResetStartsTheKernelAgain() {
        MicroGuest guest = new MicroGuest().print("run ")
                .out8(0x70, 0x50).bytes(0xe4, 0x71)             // IN AL, 71h
                .bytes(0x3c, 0x77, 0x74, 0x14)                  // CMP AL, 77h; JE over the next three writes
                .bytes(0xb0, 0x77, 0xe6, 0x71)                  // MOV AL, 77h; OUT 71h, AL
                .bytes(0x66, 0xba, 0xf9, 0x0c, 0xb0, 0x02, 0xee, 0xb0, 0x06, 0xee)
                .bytes(0xfa, 0xf4, 0xeb, 0xfd, 0x90, 0x90)
                .out16(PM1_CONTROL, SLEEP_ENABLE).stop();

        MachineExit exit = run(machine(guest));

        assertInstanceOf(MachineExit.PoweredOff.class, exit);
        assertEquals("run run ", output());
    }

    /// As firmware does that tries one way after the other: what comes behind a reset has not happened.
    @Test
    void aTripleFaultBehindAResetIsNone() {
        MicroGuest guest = new MicroGuest().out8(0x70, 0x50)
                .bytes(0xe4, 0x71, 0xfe, 0xc0, 0xe6, 0x71)              // IN AL, 71h; INC AL; OUT 71h, AL
                .bytes(0x3c, 30, 0x73, 0x0c)                            // CMP AL, 30; JAE over the rest
                .bytes(0xb0, 0xfe, 0xe6, 0x64)                          // MOV AL, 0FEh; OUT 64h, AL
                .bytes(0x0f, 0x01, 0x1d, 0x00, 0x80, 0x00, 0x00, 0xcc)  // LIDT [8000h]; INT3
                .out16(PM1_CONTROL, SLEEP_ENABLE).stop();

        assertInstanceOf(MachineExit.PoweredOff.class, run(machine(guest)));
    }

    @Test
    void aTripleFaultIsReportedWithTheProcessorsState() {
        // LIDT of an empty table, then UD2.
        MicroGuest guest = new MicroGuest().bytes(0xbb, 0x78, 0x56, 0x34, 0x12)
                .bytes(0x6a, 0, 0x6a, 0, 0x0f, 0x01, 0x1c, 0x24, 0x0f, 0x0b);

        String report = assertInstanceOf(MachineExit.Crashed.class, run(machine(guest))).report();

        assertTrue(report.contains("RBX 0000000012345678"), report);
        assertTrue(report.contains("RIP 000000000010000d"), report);
    }

    @Test
    void aMachineThatHaltsForGoodCanBeStoppedFromOutside() throws Exception {
        try (Machine machine = machine(new MicroGuest().print("x").stop()).cpus(3).build()) {
            Thread stopper = Thread.ofPlatform().start(() -> {
                while (output.size() == 0) {
                    Thread.onSpinWait();
                }
                machine.stop();
            });

            assertInstanceOf(MachineExit.Stopped.class, machine.run());
            stopper.join();
        }
    }

    @Test
    void bytesSentToASerialPortReachTheGuest() throws Exception {
        // Waits for LSR.DR, echoes what came, powers off.
        MicroGuest guest = new MicroGuest().bytes(0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb)
                .bytes(0x66, 0xba, 0xf8, 0x03, 0xec, 0xee).out16(PM1_CONTROL, SLEEP_ENABLE).stop();
        try (Machine machine = machine(guest).build()) {
            machine.send(0, new byte[] {'k'});

            assertInstanceOf(MachineExit.PoweredOff.class, machine.run());
        }
        assertEquals("k", output());
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeAnythingRuns(@TempDir Path directory) throws Exception {
        MicroGuest guest = new MicroGuest().stop();
        assertThrows(ConfigurationException.class, () -> machine(guest).memory(1).build());
        assertThrows(ConfigurationException.class, () -> machine(guest).cpus(0).build());
        assertThrows(ConfigurationException.class, () -> machine(guest).withoutFeature("flux"));
        assertThrows(ConfigurationException.class, () -> Machine.builder().build());
        Path missing = directory.resolve("missing.img");
        assertThrows(ConfigurationException.class, () -> machine(guest).disk(missing, false).build());
        assertTrue(Files.notExists(missing));
    }

    @Test
    void aDiskServesOneMachineAtATime(@TempDir Path directory) throws Exception {
        Path disk = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        MicroGuest guest = new MicroGuest().stop();
        try (Machine _ = machine(guest).disk(disk, false).build()) {
            String message = assertThrows(ConfigurationException.class,
                    () -> machine(guest).disk(disk, false).build()).getMessage();
            assertTrue(message.contains("disk.img") && message.contains("in use"), message);
        }
        machine(guest).disk(disk, false).build().close();
    }
}
