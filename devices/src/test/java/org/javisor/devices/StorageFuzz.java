// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.javisor.devices.ahci.AhciController;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaDisk;
import org.javisor.devices.ata.Identity;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.ide.IdeController;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.scsi.CdDrive;
import org.javisor.testkit.FuzzRig;

/// Controllers of drives on a rig, with drivers that are right more often than chance would have it.
final class StorageFuzz {
    private static final int DISK_BYTES = 256 << 10, SECTORS = DISK_BYTES / 512;
    private static final int MASTERS = 0xc000, CHANNEL = 0x1f0, CONTROL = 0x3f6;
    private static final int[] COMMANDS = {0x20, 0x25, 0x35, 0xc8, 0xca, 0x30, 0xc4, 0xc5, 0x24, 0x34, 0xec, 0xa1, 0xa0,
        0xa0, 0xef, 0xb0, 0x2f, 0x06, 0xe7, 0x90, 0x91, 0x60, 0x61, 0x08, 0xc6};
    private static final int[] PACKETS = {0x00, 0x03, 0x12, 0x1b, 0x1e, 0x25, 0x28, 0x42, 0x43, 0x46, 0x4a, 0x51, 0x5a,
        0xa8, 0xbd, 0xbe, 0x55};

    private StorageFuzz() { }

    private static List<AtaDevice> drives(FuzzRig rig, boolean sata) {
        CdDrive cd = new CdDrive(new FuzzDisk(rig, DISK_BYTES, true), "c");
        rig.action(_ -> cd.pressEject());
        return Arrays.asList(new AtaDisk(new FuzzDisk(rig, DISK_BYTES, false), new Identity("D", "1", sata)),
                new PacketDevice(cd, new Identity("C", "2", sata)),
                new AtaDisk(new FuzzDisk(rig, DISK_BYTES, true), new Identity("R", "3", sata)));
    }

    private static PciFunction added(FuzzRig rig, PciBus bus, PciFunction function) {
        int device = bus.freeDevice(1);
        bus.add(device, 0, function);
        rig.action(rig.configuration(device << 3));
        return function;
    }

    private static int packetByte(SplittableRandom random, int at) {
        return at == 0 ? PACKETS[random.nextInt(PACKETS.length)]
                : random.nextInt(at == 5 || at == 8 ? 2 : 8) == 0 ? random.nextInt(64) : 0;
    }

    // ---- IDE ----

    static void ide(FuzzRig rig) {
        PciBus bus = DeviceFuzzTest.pci(rig);
        IdeController controller = new IdeController(drives(rig, false), rig.memory, bus, rig.ports, _ -> rig.wire(),
                _ -> Runnable::run);
        PciFunction function = added(rig, bus, controller.function());
        rig.chip(controller)
                .action(_ -> {
                    function.writeConfig(0x20, 4, MASTERS);
                    function.writeConfig(0x40, 4, 0x8000_8000);
                    function.writeConfig(4, 2, 5);
                })
                .action(random -> ideCommand(rig, random)).action(random -> ideCommand(rig, random))
                .action(random -> ideData(rig, random)).action(random -> ideData(rig, random))
                .action(random -> ideMaster(rig, random)).action(random -> ideMaster(rig, random))
                .action(random -> rig.ports.write(CONTROL, 1, random.nextInt(4) == 0 ? 4 : 0));
    }

    private static void ideCommand(FuzzRig rig, SplittableRandom random) {
        int[] values = {random.nextInt(3), random.nextInt(3), random.nextInt(SECTORS), random.nextInt(3), 0,
            (random.nextInt(8) == 0 ? 0 : 0x40) | random.nextInt(2) << 4};
        for (int n = 0; n < values.length; n++) {
            rig.ports.write(CHANNEL + 1 + n, 1, values[n] & 0xff);
        }
        int code = COMMANDS[random.nextInt(COMMANDS.length)];
        rig.ports.write(CHANNEL + 7, 1, code);
        for (int n = 0; code == 0xa0 && n < 12; n += 2) {
            rig.ports.write(CHANNEL, 2, packetByte(random, n) | packetByte(random, n + 1) << 8);
        }
        rig.observe(rig.ports.read(CHANNEL + 7, 1));
    }

    private static void ideData(FuzzRig rig, SplittableRandom random) {
        boolean in = random.nextBoolean();
        for (int n = random.nextInt(600); n > 0; n--) {
            if (in) {
                rig.observe(rig.ports.read(CHANNEL, 2));
            } else {
                rig.ports.write(CHANNEL, 4, random.nextInt() & 0xffff_ffffL);
            }
        }
    }

    private static void ideMaster(FuzzRig rig, SplittableRandom random) {
        for (int n = 0; n < 4; n++) {
            rig.memory.storeLong(0x1000 + 8L * n, random.nextLong(FuzzRig.MEMORY_BYTES - 0x1_0000) & -2
                    | random.nextLong(0x1_0000) << 32 | (random.nextInt(3) == 0 ? 1L << 63 : 0));
        }
        rig.ports.write(MASTERS + 4, 4, 0x1000);
        rig.ports.write(MASTERS, 1, random.nextInt(3) == 0 ? 0 : random.nextBoolean() ? 1 : 9);
        rig.observe(rig.ports.read(MASTERS + 2, 1));
    }

    // ---- AHCI ----

    static void ahci(FuzzRig rig) {
        AhciController controller = new AhciController(drives(rig, true), rig.memory, rig.clock, _ -> Runnable::run);
        PciFunction function = added(rig, DeviceFuzzTest.pci(rig), controller.function());
        rig.chip(controller)
                .action(_ -> function.writeConfig(4, 2, 6))
                .action(random -> function.writeConfig(0x42, 2, random.nextInt(2)))
                .action(random -> ahciStart(controller, random)).action(random -> ahciStart(controller, random))
                .action(random -> ahciCommands(rig, controller, random))
                .action(random -> ahciCommands(rig, controller, random))
                .action(random -> {
                    long port = port(random);
                    controller.write(port + 0x10, 4, 0xffff_ffffL);
                    controller.write(8, 4, 0x3f);
                })
                .action(random -> controller.write(port(random) + 0x2c, 4, random.nextInt(3) == 0 ? 1 : 0));
    }

    private static long port(SplittableRandom random) {
        return 0x100 + 0x80L * random.nextInt(4);
    }

    private static void ahciStart(AhciController controller, SplittableRandom random) {
        long port = port(random);
        controller.write(4, 4, 2);
        controller.write(port + 0x18, 4, 0x10);
        controller.write(port, 8, 0x1_0000 + 0x1000L * random.nextInt(3));
        controller.write(port + 8, 8, 0x2_0000 + 0x1000L * random.nextInt(3));
        controller.write(port + 0x14, 4, random.nextInt(3) == 0 ? 0x4000_0000 : 0xffff_ffffL);
        controller.write(port + 0x30, 4, 0xffff_ffffL);
        controller.write(port + 0x18, 4, 0x11);
    }

    private static void ahciCommands(FuzzRig rig, AhciController controller, SplittableRandom random) {
        for (int slot = 0; slot < 8; slot++) {
            long table = 0x3_0000 + 0x1000L * slot;
            int code = COMMANDS[random.nextInt(COMMANDS.length)];
            boolean queued = (code & ~1) == 0x60;
            int count = 1 + random.nextInt(4);
            for (long list = 0x1_0000; list < 0x1_3000; list += 0x1000) {
                rig.memory.storeLong(list + 32L * slot, 5 | (long) random.nextInt(4) << 16);
                rig.memory.storeLong(list + 32L * slot + 8, table);
            }
            rig.memory.storeInt(table, 0x27 | (random.nextInt(16) == 0 ? 0 : 0x8000) | code << 16
                    | (queued ? count : random.nextInt(2)) << 24);
            rig.memory.storeInt(table + 4, random.nextInt(SECTORS) | 0x4000_0000);
            rig.memory.storeInt(table + 8, 0);
            rig.memory.storeInt(table + 12, (queued ? slot << 3 : count) | random.nextInt(2) << 26);
            for (int n = 0; n < 12; n++) {
                rig.memory.storeByte(table + 0x40 + n, (byte) packetByte(random, n));
            }
            for (int n = 0; n < 4; n++) {
                rig.memory.storeLong(table + 0x80 + 16L * n, random.nextLong(FuzzRig.MEMORY_BYTES));
                rig.memory.storeLong(table + 0x88 + 16L * n, random.nextLong(4096) << 32);
            }
        }
        long port = port(random);
        int slots = random.nextInt(256);
        controller.write(port + 0x34, 4, slots);
        controller.write(port + 0x38, 4, slots);
        rig.observe(controller.read(port + 0x20, 4));
    }
}
