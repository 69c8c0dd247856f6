// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineExit;
import org.javisor.vmm.MachineCheckError;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Debian's kernel hears of hardware errors, and says what they were.
@Tag("slow")
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class MachineCheckBootTest {
    private static final int SECONDS = 200;
    private static final long CORRECTED = MachineCheckError.VALID | MachineCheckError.ENABLED
            | MachineCheckError.ADDRESS_VALID | 0x135;
    private static final long FATAL = CORRECTED | MachineCheckError.UNCORRECTED | MachineCheckError.CORRUPT;

    @Test
    void correctedErrorsAreLoggedAndFatalOnesEndTheSystem() throws Exception {
        // The kernel for virtual machines has no machine checks.
        DebianGuest guest =
                DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.FULL, List.of(), _ -> { });
        SerialTalk serial = new SerialTalk();
        try (Machine machine = Machine.builder().cpus(2).memory(256L << 20).kernel(guest.kernel())
                .initrd("initramfs", guest.interactive()).commandLine("console=ttyS0 cryptomgr.notests")
                .serial(0, serial::write).build()) {
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                serial.expect("javisor:", SECONDS);
                report(machine, new MachineCheckError(3, CORRECTED, 0, 0x1234_5000, 0));
                SerialTalk.type(machine, "echo 1 > /sys/devices/system/machinecheck/machinecheck0/check_interval;"
                        + " until dmesg | grep -q 'Machine check events'; do sleep 1; done; dmesg | tail -n 4;"
                        + " echo it is log''ged\n");
                serial.expect("it is logged", SECONDS);
                // Emergencies alone are for the console.
                SerialTalk.type(machine, "dmesg -n 8; echo lo''ud\n");
                serial.expect("loud", SECONDS);

                report(machine, new MachineCheckError(3, FATAL,
                        MachineCheckError.IN_PROGRESS | MachineCheckError.RESTARTABLE, 0x1234_5000, 0));
                String said = serial.expect("Kernel panic - not syncing: ", SECONDS) + serial.expect("\n", SECONDS);
                assertTrue(said.contains("Bank 3: " + Long.toHexString(FATAL)) && said.contains("ADDR 12345000"), said);
                assertTrue(said.contains("Fatal"), said);
            } finally {
                machine.stop();
                exit.join();
            }
        }
    }

    private static void report(Machine machine, MachineCheckError error) {
        machine.vm().pause();
        machine.vm().injectMachineCheck(0, error, true);
        machine.vm().resume();
    }
}
