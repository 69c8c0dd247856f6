// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.DiskBus;
import org.javisor.machine.FirmwareImage;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.machine.layout.BoardModel;

/// A run of the Debian system on [DebianDisk], from firmware to the end, with a shell on its first serial port.
final class DebianRun {
    static final int SECONDS = 240;
    private static final int BOOT_SECONDS = 1800;

    private DebianRun() { }

    /// @param firmware by name
    record Setup(BoardModel board, DiskBus bus, String firmware) {
        static final Setup USUAL = new Setup(BoardModel.Q35, DiskBus.VIRTIO, "seabios");

        @Override
        public String toString() {
            return board + "/" + bus + "/" + firmware;
        }
    }

    /// What is done with a machine whose first serial port has a shell.
    interface Work {
        void with(Machine machine, SerialTalk serial) throws Exception;
    }

    /// Boots, logs in, does the work, powers off, checks the disk.
    ///
    /// @param directory for the disk's changes
    static void run(Setup setup, Path directory, Work work) throws Exception {
        run(setup, Machine.builder(), BoardConfig.DEFAULT, directory, work);
    }

    /// As above.
    ///
    /// @param builder that knows of what is unusual about the machine
    static void run(Setup setup, MachineBuilder builder, BoardConfig board, Path directory, Work work)
            throws Exception {
        Cache cache = Cache.of(System.getenv());
        FirmwareImage firmware = DebianFirmware.get(setup.firmware(), null, cache, _ -> { });
        Path disk = DebianDisk.layer(directory, firmware.secure());
        SerialTalk serial = new SerialTalk();
        try (Machine machine = builder.memory(1L << 30)
                .board(board.withModel(setup.board()).withSmm(board.smm() || firmware.secure()))
                .firmware(firmware, SerialOutput.NOWHERE)
                .display(DebianFirmware.vgaBios(cache, _ -> { })).serial(0, serial::write)
                .disk(new Disk(disk, ImageFormat.QCOW2, false, false, FullPolicy.STOP, setup.bus())).build()) {
            CompletableFuture<MachineExit> exit = CompletableFuture.supplyAsync(machine::run);
            try {
                logIn(machine, serial);
                work.with(machine, serial);
                SerialTalk.type(machine, "systemctl poweroff\r");
                assertInstanceOf(MachineExit.PoweredOff.class, exit.get(SECONDS, TimeUnit.SECONDS));
            } finally {
                machine.stop();
                exit.join();
            }
        }
        DebianDisk.image("check", disk.toString());
    }

    private static void logIn(Machine machine, SerialTalk serial) throws InterruptedException {
        serial.expect("login: ", BOOT_SECONDS);
        SerialTalk.type(machine, "root\r");
        serial.expect("Password: ", SECONDS);
        SerialTalk.type(machine, "javisor\r");
        serial.expect(":~# ", SECONDS);
        SerialTalk.type(machine, "systemctl is-system-running --wait;"
                + " systemctl --failed --plain --no-legend --no-pager;"
                + " echo units: $(systemctl --failed --quiet | wc -l)\r");
        String state = serial.expect("units: ", SECONDS) + serial.expect("\n", SECONDS)
                + serial.expect("units: ", BOOT_SECONDS) + serial.expect("\n", SECONDS);
        assertTrue(state.contains("running\r\nunits: 0"), state);
        serial.expect(":~# ", SECONDS);
    }

    /// Has the shell on the serial port wait until a command succeeds, and a moment for what comes behind that.
    static void await(Machine machine, SerialTalk serial, String command) throws InterruptedException {
        SerialTalk.type(machine, "until " + command + " > /dev/null; do sleep 1; done; sleep 2; echo so it is\r");
        // The command's echo has a blank before it.
        serial.expect("\rso it is", SECONDS);
        serial.expect(":~# ", SECONDS);
    }
}
