// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertIterableEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.net.e1000.Model;
import org.javisor.devices.net.user.UserNetwork;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.NetworkCard.Cable;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.javisor.machine.layout.BoardModel;
import org.javisor.memory.ConfigurationException;
import org.javisor.testkit.MicroGuest;
import org.javisor.testkit.Records;
import org.javisor.testkit.Seeds;
import org.javisor.vmm.Execution;
import org.javisor.vmm.Vm;
import org.javisor.vmm.kvm.KvmProbe;
import org.javisor.vmm.kvm.KvmProbe.Verdict;
import org.javisor.vmm.pv.GuestInterface;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A machine goes on with what another one held, whatever was done to its devices.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MachineStateTest {
    private static final int RAM_BYTES = 32 << 20, DISK_BYTES = 1 << 20, ROUNDS = 4, ACCESSES = 4000;

    @TempDir
    private Path directory;

    private MachineBuilder everything(BoardModel model) throws IOException {
        BoardConfig board = BoardConfig.DEFAULT.withModel(model).withBridges(1);
        MachineBuilder builder = Machine.builder().cpus(2).memory(RAM_BYTES)
                .kernel("guest", new MicroGuest().stop().elf())
                .display(new byte[2048]).debugExit(0xf4).board(model.express() ? board.withRootPorts(2) : board)
                .interfaces(EnumSet.allOf(GuestInterface.class)).usb(new UsbConfig(true, true))
                .peripherals(PeripheralConfig.NONE
                        .withFloppies(List.of(disk("floppy", 1440 << 10, DiskBus.VIRTIO)))
                        .withPrinter((_, _, _) -> { }).withDebugConsole((_, _, _) -> { })
                        .withPanicDevice(PanicDevice.ISA, Reaction.REPORT).withWatchdog(Reaction.REPORT));
        for (DiskBus bus : DiskBus.values()) {
            builder.disk(disk(bus.name(), DISK_BYTES, bus));
        }
        return builder;
    }

    private Disk disk(String name, int bytes, DiskBus bus) throws IOException {
        Path file = directory.resolve(name);
        if (!Files.exists(file)) {
            Files.write(file, new byte[bytes]);
        }
        return new Disk(file, null, false, true, FullPolicy.REPORT, bus);
    }

    private static void disturb(Vm vm, SplittableRandom random) {
        for (int access = 0; access < ACCESSES; access++) {
            BoardFuzzTest.step(vm, random);
        }
    }

    @ParameterizedTest
    @EnumSource(BoardModel.class)
    void whatIsRestoredIsWhatWasSaved(BoardModel model) throws Exception {
        SplittableRandom random = Seeds.random("machine state " + model);
        for (int round = 0; round < ROUNDS; round++) {
            try (Machine machine = everything(model).build(); Machine other = everything(model).build()) {
                disturb(machine.vm(), random);
                // Time stands still, so that nothing changes by itself.
                machine.vm().pause();
                other.vm().pause();
                try (MachineState saved = machine.save(); MachineState fresh = other.save()) {
                    if (saved.devices().size() == fresh.devices().size()) {
                        assertRestored(saved, other);
                        assertArrayEquals(memory(machine), memory(other));
                    } else {
                        // A slot has been emptied.
                        assertThrows(ConfigurationException.class, () -> other.restore(saved));
                    }
                }
            }
        }
    }

    private static void assertRestored(MachineState saved, Machine other) {
        other.restore(saved);
        try (MachineState again = other.save()) {
            assertIterableEquals(lines(saved), lines(again));
        }
    }

    private static List<String> lines(MachineState state) {
        return (Records.text(state.devices()) + Records.text(state.vm())).lines()
                .filter(line -> !line.startsWith(" hostNanos")).toList();
    }

    private static byte[] memory(Machine machine) {
        byte[] bytes = new byte[BoardFuzzTest.USED_RAM];
        machine.vm().memory().load(0, bytes, 0, bytes.length);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(names = {"INTERPRETER", "AUTO", "KVM"})
    void aGuestGoesOnInAnotherMachine(Execution execution) throws Exception {
        KvmProbe kvm = execution == Execution.KVM ? KvmProbe.result() : null;
        Assumptions.assumeTrue(kvm == null || kvm.verdict() == Verdict.FAST || kvm.verdict() == Verdict.SLOW,
                () -> kvm.reason());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // CMP dword [0x5000], 0; JE to the CMP.
        byte[] kernel = new MicroGuest().print("before").bytes(0x83, 0x3d, 0, 0x50, 0, 0, 0, 0x74, 0xf7)
                .print(" and after").out8(0xf4, 3).stop().elf();
        MachineBuilder builder = Machine.builder().execution(execution).memory(RAM_BYTES).serial(0, out::write)
                .debugExit(0xf4)
                .kernel("guest", kernel);
        MachineState state;
        try (Machine machine = builder.build()) {
            Thread runner = Thread.ofPlatform().start(machine::run);
            while (out.size() < "before".length()) {
                Thread.onSpinWait();
            }
            machine.vm().pause();
            state = machine.save();
            machine.stop();
            runner.join();
        }
        try (state; Machine other = builder.build()) {
            other.restore(state);
            other.vm().memory().storeInt(0x5000, 1);

            assertInstanceOf(MachineExit.DebugExit.class, other.run());
            assertEquals("before and after", out.toString(StandardCharsets.US_ASCII));
        }
    }

    @Test
    void theStateOfAnotherMachineIsRefused() throws Exception {
        MachineBuilder small = Machine.builder().memory(RAM_BYTES).kernel("guest", new MicroGuest().stop().elf());
        try (Machine machine = small.build(); MachineState state = machine.save();
                Machine larger = small.memory(2 * RAM_BYTES).build();
                Machine richer = small.memory(RAM_BYTES).disk(disk("disk", DISK_BYTES, DiskBus.VIRTIO)).build()) {
            assertThrows(ConfigurationException.class, () -> larger.restore(state));
            assertThrows(ConfigurationException.class, () -> richer.restore(state));
        }
    }

    @Test
    void aMachineWithANetworkIsNotSaved() {
        Cable cable = new Cable.User(new UserNetwork.Settings(List.of(), null, "", null));
        try (Machine machine = Machine.builder().memory(RAM_BYTES).kernel("guest", new MicroGuest().stop().elf())
                .networkCard(new NetworkCard(Model.I82574L, null, cable, new byte[0])).build()) {
            assertThrows(ConfigurationException.class, machine::save);
        }
    }
}
