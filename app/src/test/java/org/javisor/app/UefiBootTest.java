// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianFirmware;
import org.javisor.devices.net.e1000.Model;
import org.javisor.devices.net.user.UserNetwork;
import org.javisor.machine.BoardConfig;
import org.javisor.machine.BootOrder;
import org.javisor.machine.DiskBus;
import org.javisor.machine.IommuConfig;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.MachineConfig.ResetPolicy;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.MachineExit;
import org.javisor.machine.NetworkCard;
import org.javisor.machine.PciPlace;
import org.javisor.machine.layout.BoardModel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// OVMF starts a program from the disk that it is told to, and from the network.
@Tag("slow")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class UefiBootTest {
    @TempDir
    private Path directory;

    /// Runs until power-off, and says what was written to the serial port, which is a console of OVMF's.
    private static String said(MachineBuilder builder) {
        Cache cache = Cache.of(System.getenv());
        ByteArrayOutputStream serial = new ByteArrayOutputStream();
        try (Machine machine = builder.memory(256 << 20).serial(0, serial::write).onReset(ResetPolicy.STOP)
                .firmware(DebianFirmware.get("ovmf", null, cache, _ -> { }), SerialOutput.NOWHERE).build()) {
            MachineExit exit = machine.run();
            String said = serial.toString(StandardCharsets.ISO_8859_1);
            assertInstanceOf(MachineExit.PoweredOff.class, exit, said);
            return said;
        }
    }

    static Stream<Arguments> choices() {
        return Stream.of(BoardModel.values()).flatMap(model -> Stream.of(DiskBus.VIRTIO, DiskBus.NVME, DiskBus.IDE,
                DiskBus.AHCI).map(chosen -> Arguments.of(model, chosen)));
    }

    /// Four disks, each on a bus of its own, of which one comes first and one has no index at all.
    @ParameterizedTest
    @MethodSource("choices")
    void ovmfStartsWhatHasTheLowestBootIndex(BoardModel model, DiskBus chosen) throws Exception {
        MachineBuilder builder = Machine.builder().board(BoardConfig.DEFAULT.withModel(model));
        int others = 7;
        for (DiskBus bus : List.of(DiskBus.VIRTIO, DiskBus.NVME, DiskBus.IDE, DiskBus.AHCI)) {
            Path file = Files.write(directory.resolve(bus.name()), EfiProgram.disk("hello from " + bus));
            int index = bus == chosen ? 2 : others == 7 ? BootOrder.NONE : others;
            others -= bus == chosen ? 0 : 1;
            builder.disk(new Disk(file, null, true, false, FullPolicy.REPORT, bus, false, PciPlace.ROOT, index));
        }

        String said = said(builder);

        assertTrue(said.contains("hello from " + chosen), said);
    }

    @ParameterizedTest
    @EnumSource(names = {"VIRTIO", "NVME", "AHCI"})
    void ovmfStartsFromADiskBehindAnIommu(DiskBus bus) throws Exception {
        Path file = Files.write(directory.resolve(bus.name()), EfiProgram.disk("hello from " + bus));

        String said = said(Machine.builder().iommu(IommuConfig.INTEL)
                .disk(new Disk(file, null, true, false, FullPolicy.REPORT, bus)));

        assertTrue(said.contains("hello from " + bus), said);
    }

    /// The card's ROM has a driver for UEFI, over which the program comes.
    @ParameterizedTest
    @EnumSource(Model.class)
    void ovmfStartsAProgramFromTheNetwork(Model model) throws Exception {
        Files.write(directory.resolve("boot.efi"), EfiProgram.printing("hello from the network"));
        UserNetwork.Settings settings = new UserNetwork.Settings(List.of(), directory, "boot.efi", null);

        byte[] rom = DebianFirmware.networkBoot(model.driver(), Cache.of(System.getenv()), _ -> { });
        NetworkCard.Cable cable = new NetworkCard.Cable.User(settings);
        String said = said(Machine.builder().networkCard(new NetworkCard(model, null, cable, rom)));

        assertTrue(said.contains("hello from the network"), said);
    }
}
