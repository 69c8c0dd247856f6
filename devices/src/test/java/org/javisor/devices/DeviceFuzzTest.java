// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.javisor.devices.dma.DmaChannel;
import org.javisor.devices.dma.DmaControllers;
import org.javisor.devices.dma.DmaPages;
import org.javisor.devices.edu.Edu;
import org.javisor.devices.firmware.Flash;
import org.javisor.devices.firmware.FwCfg;
import org.javisor.devices.floppy.FloppyController;
import org.javisor.devices.floppy.FloppyFormat;
import org.javisor.devices.net.FakeNetwork;
import org.javisor.devices.net.NetworkBackend;
import org.javisor.devices.net.Packets;
import org.javisor.devices.net.e1000.E1000;
import org.javisor.devices.net.e1000.Model;
import org.javisor.devices.nvme.NvmeFunction;
import org.javisor.devices.pci.I440fxHostBridge;
import org.javisor.devices.pci.Ich9Lpc;
import org.javisor.devices.pci.PciBridge;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciConfigPorts;
import org.javisor.devices.pci.PciError;
import org.javisor.devices.pci.PciFirmware;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.pci.PcieRootPort;
import org.javisor.devices.pci.Piix3Isa;
import org.javisor.devices.pci.Piix4Pm;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.PirqWiring;
import org.javisor.devices.pci.Q35HostBridge;
import org.javisor.devices.pci.Smram;
import org.javisor.devices.scsi.ScsiDisk;
import org.javisor.devices.tpm.FakeTpm;
import org.javisor.devices.tpm.TpmCrb;
import org.javisor.devices.usb.UsbKeyboard;
import org.javisor.devices.usb.UsbStorage;
import org.javisor.devices.usb.UsbTablet;
import org.javisor.devices.vga.VbeRegisters;
import org.javisor.devices.vga.VgaFunction;
import org.javisor.devices.vga.VgaRegisters;
import org.javisor.devices.virtio.VirtioBlock;
import org.javisor.devices.virtio.VirtioConsole;
import org.javisor.devices.virtio.VirtioDevice;
import org.javisor.devices.virtio.VirtioEntropy;
import org.javisor.devices.virtio.VirtioPci;
import org.javisor.devices.watch.I6300Esb;
import org.javisor.devices.watch.Pvpanic;
import org.javisor.devices.watch.PvpanicFunction;
import org.javisor.devices.xhci.XhciFunction;
import org.javisor.testkit.DeviceFuzz;
import org.javisor.testkit.FuzzRig;

/// Every device of this module, a row each.
class DeviceFuzzTest extends DeviceFuzz {
    private static final int VGA_SLOT = 1, FLASH_SLOT = 2, DISK_BYTES = 256 << 10;

    private final Map<String, Consumer<FuzzRig>> rows = new LinkedHashMap<>();

    @Override
    protected Map<String, Consumer<FuzzRig>> devices() {
        row("uart", rig -> rig.atPorts(0x3f8, Uart16550.PORTS,
                new Uart16550(rig.wire(), rig::observe, rig.clock)));
        row("rtc", rig -> rig.atPorts(Rtc.PORT, Rtc.PORTS, new Rtc(rig.clock, rig.wire())));
        row("i8042", rig -> keyboard(rig));
        row("hpet", rig -> rig.atAddress(0xfed0_0000L, Hpet.BYTES, new Hpet(rig.clock, _ -> rig.wire(), rig.msi())));
        row("acpi-pm", rig -> rig.atPorts(0x600, AcpiPm.PORTS,
                new AcpiPm(rig.clock, rig.wire(), 32, rig::observe)));
        row("reset-control", rig -> rig.atPorts(ResetControl.PORT, 1,
                new ResetControl(kind -> rig.observe(kind.ordinal()))));
        row("dma", rig -> dma(rig));
        row("floppy", rig -> floppy(rig));
        row("debug-port", rig -> rig.atPorts(DebugPort.BOCHS_PORT, 1, new DebugPort(rig::observe)));
        row("fw-cfg", rig -> rig.atPorts(FwCfg.PORT, FwCfg.PORTS, firmware(rig)));
        row("flash", rig -> flash(rig));
        row("port-a", rig -> rig.atPorts(0x92, 1, new SystemControlPortA(
                new A20Gate(passes -> rig.observe(passes ? 1 : 0)), kind -> rig.observe(kind.ordinal()))));
        row("pci-bridges", rig -> pci(rig));
        row("pci-tree", rig -> tree(rig));
        row("pc-bridges", rig -> pc(rig));
        row("vga", rig -> vga(rig));
        row("virtio-blk", rig -> virtio(rig,
                new VirtioBlock(rig.memory, new FuzzDisk(rig, DISK_BYTES, false), "f", 2)));
        row("virtio-blk-read-only", rig -> virtio(rig,
                new VirtioBlock(rig.memory, new FuzzDisk(rig, DISK_BYTES, true), "f", 1)));
        row("virtio-console", rig -> virtio(rig, new VirtioConsole(rig::observe, 80, 25)));
        row("virtio-rng", rig -> virtio(rig, new VirtioEntropy(bytes -> Arrays.fill(bytes, (byte) 1))));
        row("parallel", rig -> rig.atPorts(0x378, ParallelPort.PORTS,
                new ParallelPort(rig.clock, rig.wire(), rig::observe)));
        row("pvpanic", rig -> rig.atPorts(Pvpanic.PORT, 1, new Pvpanic(event -> rig.observe(event.ordinal()))));
        row("pvpanic-pci", rig -> panicFunction(rig));
        row("tpm", rig -> tpm(rig));
        row("i6300esb", rig -> watchdog(rig));
        row("e1000", rig -> card(rig, Model.I82540EM));
        row("e1000e", rig -> card(rig, Model.I82574L));
        row("nvme", rig -> nvme(rig));
        row("ide", StorageFuzz::ide);
        row("ahci", StorageFuzz::ahci);
        row("xhci", rig -> xhci(rig));
        row("edu", rig -> edu(rig));
        return rows;
    }

    private void row(String name, Consumer<FuzzRig> build) {
        rows.put(name, build);
    }

    private static DmaControllers dma(FuzzRig rig) {
        DmaPages pages = new DmaPages();
        DmaControllers dma = new DmaControllers(rig.memory, pages);
        rig.atPorts(DmaPages.PORT, DmaPages.PORTS, pages).chip(dma);
        dma.attach(rig.ports);
        DmaChannel channel = dma.channel(5);
        rig.action(_ -> rig.observe(channel.store(new byte[300], 3, 297))).action(_ -> {
            byte[] bytes = new byte[300];
            rig.observe(channel.load(bytes, 0, 300) + Arrays.hashCode(bytes));
        });
        return dma;
    }

    /// The pages keep addresses within the rig's memory most of the time.
    private static void floppy(FuzzRig rig) {
        DmaControllers dma = dma(rig);
        FloppyController floppy = new FloppyController(rig.wire(), dma.channel(2),
                List.of(new FuzzDisk(rig, FloppyFormat.K360.bytes(), false),
                        new FuzzDisk(rig, FloppyFormat.K1440.bytes(), true)), Runnable::run);
        rig.atPorts(FloppyController.PORT, FloppyController.PORTS, floppy);
        rig.action(rig.commands(0x3f5, 0x02, 0x42, 0x03, 0x04, 0x45, 0xc5, 0x46, 0xe6, 0x07, 0x08, 0x4a, 0x4c, 0x4d,
                0x0e, 0x0f, 0x8f, 0xcf, 0x10, 0x51, 0x12, 0x13, 0x14, 0x94, 0x56, 0x59, 0x5d))
                .action(random -> transfer(rig, random))
                .action(_ -> rig.ports.write(0x3f2, 1, 0x3c))
                .action(_ -> {
                    for (int n = 0; n < 10; n++) {
                        rig.observe(rig.ports.read(0x3f5, 1));
                    }
                });
    }

    /// A transfer as a driver makes one, or nearly.
    private static void transfer(FuzzRig rig, SplittableRandom random) {
        int[] bytes = {0x3f7, random.nextInt(3), 0x3f2, 0x3c | random.nextInt(2), 0x0a, 6, 0x0c, 0,
            0x0b, 0x42 | (random.nextBoolean() ? 4 : 8), 0x81, random.nextInt(17), 0x04, random.nextInt(256), 0x04,
            random.nextInt(256), 0x05, random.nextInt(256), 0x05, random.nextInt(16), 0x0a, 2, 0xd4, 0,
            0x3f5, 3, 0x3f5, 0xdf, 0x3f5, random.nextInt(20) == 0 ? 3 : 2};
        for (int n = 0; n < bytes.length; n += 2) {
            rig.ports.write(bytes[n], 1, bytes[n + 1]);
        }
        int unit = random.nextInt(8);
        int cylinder = random.nextInt(3);
        int[] command = {0x0f, unit, cylinder, 0x08, random.nextBoolean() ? 0xc6 : 0x45, unit, cylinder, unit >> 2,
            random.nextInt(1, 12), 2, random.nextInt(1, 19), 0x1b, 0xff};
        for (int n = 0; n < command.length; n++) {
            rig.ports.write(0x3f5, 1, command[n]);
            for (int results = 0; n == 3 && results < 2; results++) {
                rig.observe(rig.ports.read(0x3f5, 1));
            }
        }
        for (int results = 0; results < 7; results++) {
            rig.observe(rig.ports.read(0x3f5, 1));
        }
    }

    private static void keyboard(FuzzRig rig) {
        I8042 controller = new I8042(rig.wire(), rig.wire(), new A20Gate(passes -> rig.observe(passes ? 1 : 0)),
                rig.clock, kind -> rig.observe(kind.ordinal()));
        rig.ports.attach(I8042.DATA_PORT, 1, controller.data(), "data");
        rig.ports.attach(I8042.COMMAND_PORT, 1, controller.command(), "command");
        rig.chip(controller)
                .action(random -> controller.key(random.nextInt(128), random.nextBoolean(), random.nextBoolean()))
                .action(random -> controller.mouse(random.nextInt(-300, 300), random.nextInt(-300, 300),
                        random.nextInt(-9, 9), random.nextInt(32)));
    }

    private static void flash(FuzzRig rig) {
        int bytes = 4 * Flash.BLOCK_BYTES;
        long gpa = 0xffc0_0000L;
        byte[] erased = new byte[bytes];
        Arrays.fill(erased, (byte) 0xff);
        rig.atAddress(gpa, bytes, new Flash(rig.memory, FLASH_SLOT, gpa, erased, rig.chipMemory(bytes),
                (content, from, count) -> {
                    if (content[0] == 0x13) {
                        throw new UncheckedIOException(new IOException("full"));
                    }
                    rig.observe(31L * from + Arrays.hashCode(Arrays.copyOf(content, count)));
                }));
        rig.action(random -> {
            int[] commands = {0x10, 0x20, 0x40, 0x50, 0x70, 0x90, 0x98, 0xe8, 0xd0, 0xff};
            long at = gpa + random.nextInt(bytes);
            rig.mmio.write(at, 1, commands[random.nextInt(commands.length)]);
            rig.mmio.write(at, 1, random.nextInt(256));
            for (int n = random.nextInt(300); n > 0; n--) {
                rig.mmio.write(at + n, 1, random.nextInt(256));
            }
            rig.mmio.write(at, 1, 0xd0);
            // What is in memory when the array is to be seen.
            rig.observe(rig.memory.backs(at, 1) ? rig.memory.loadByte(at) : -1);
        });
    }

    private static FwCfg firmware(FuzzRig rig) {
        FwCfg device = new FwCfg(rig.memory, 4);
        device.file("etc/a", new byte[3000]);
        device.file("etc/b", new byte[] {1, 2, 3});
        return device;
    }

    /// A PCI bus with both bridges of a Q35; the same for every function that is added.
    static PciBus pci(FuzzRig rig) {
        PirqRouter router = new PirqRouter(_ -> rig.wire());
        PciBus bus = new PciBus(rig.ports, rig.mmio, (1L << 46) - 1, router, rig.msi());
        ResetControl reset = new ResetControl(kind -> rig.observe(kind.ordinal()));
        PciConfigPorts access = new PciConfigPorts(bus, reset);
        SmiControl smi = SmiControl.ich9(all -> rig.observe(all ? 1 : 0), () -> true);
        AcpiPm pm = new AcpiPm(rig.clock, rig.wire(), 24, rig::observe, smi);
        rig.chip(router).chip(reset).chip(pm).chip(smi);
        rig.ports.attach(AcpiPm.SMI_COMMAND_PORT, 2, pm.smiCommand(), "SMI command");
        rig.action(random -> rig.ports.write(AcpiPm.SMI_COMMAND_PORT, 1, random.nextInt(256)));
        Q35HostBridge host = new Q35HostBridge(bus, rig.mmio, (_, _, _) -> { }, smram(rig));
        Ich9Lpc isa = new Ich9Lpc(bus, rig.ports, router, pm, smi);
        rig.atPorts(PciConfigPorts.PORT, PciConfigPorts.PORTS, access);
        bus.functions().forEach(function -> rig.chip(function)
                .action(rig.configuration(function.bdf().devfn())));
        return bus;
    }

    private static Smram smram(FuzzRig rig) {
        return new Smram() {
            @Override
            public void place(boolean open, Window window) {
                rig.observe(window.ordinal() << 1 | (open ? 1 : 0));
            }

            @Override
            public void segment(long bytes) {
                rig.observe(bytes);
            }
        };
    }

    /// A bridge and a port, with a function behind each.
    private static void tree(FuzzRig rig) {
        PciBus root = pci(rig);
        PciBridge bridge = PciBridge.conventional();
        PcieRootPort port = new PcieRootPort(1);
        root.add(2, 0, bridge.function());
        root.add(3, 0, port.function());
        VirtioPci<?> behindBridge = new VirtioPci<>(new VirtioConsole(rig::observe, 80, 25), rig.memory, Runnable::run);
        VirtioPci<?> behindPort = new VirtioPci<>(new VirtioConsole(rig::observe, 80, 25), rig.memory, Runnable::run);
        bridge.bus().add(5, 0, behindBridge.function());
        port.install(behindPort.function());
        new PciFirmware(new PciFirmware.Window(0xc000, 0x10000), new PciFirmware.Window(0xc000_0000L, 0xe000_0000L),
                new PciFirmware.Window(0x10_0000_0000L, 0x20_0000_0000L)).assign(root);
        rig.chip(bridge).chip(port).chip(behindBridge).chip(behindPort)
                .action(rig.configuration(2 << 3)).action(rig.configuration(3 << 3))
                .action(rig.configuration(1 << 8 | 5 << 3)).action(rig.configuration(2 << 8))
                .action(errors(port.function())).action(errors(behindPort.function()));
    }

    /// Errors are met; their registers, and the others of the extended space, are written.
    private static FuzzRig.Action errors(PciFunction function) {
        PciError[] all = PciError.values();
        return random -> {
            if (random.nextInt(4) == 0) {
                function.errors().report(all[random.nextInt(all.length)], new int[] {1, 2, random.nextInt(), 4});
            } else {
                function.writeConfig(0x100 + 4 * random.nextInt(0x18), 4, random.nextInt());
            }
        };
    }

    /// The bridges of an i440FX board.
    private static void pc(FuzzRig rig) {
        PirqRouter router = new PirqRouter(PirqWiring.PIIX3, _ -> rig.wire());
        PciBus bus = new PciBus(PciBus.Kind.CONVENTIONAL, rig.ports, rig.mmio, (1L << 46) - 1, router, rig.msi());
        SmiControl smi = SmiControl.piix4(all -> rig.observe(all ? 1 : 0));
        AcpiPm pm = AcpiPm.piix4(rig.clock, rig.wire(), rig::observe, smi);
        rig.chip(router).chip(pm).chip(smi);
        rig.ports.attach(AcpiPm.SMI_COMMAND_PORT, 2, pm.smiCommand(), "SMI command");
        rig.action(random -> rig.ports.write(AcpiPm.SMI_COMMAND_PORT, 1, random.nextInt(256)));
        rig.ports.attach(0xafe0, AcpiPm.SMALL_GPE0_BYTES, pm.gpeBlock(), "events");
        rig.action(random -> pm.raiseGpe(random.nextInt(16)));
        I440fxHostBridge host = new I440fxHostBridge(bus, (segment, reads, writes) -> rig.observe(segment),
                smram(rig));
        Piix3Isa isa = new Piix3Isa(bus, router);
        Piix4Pm power = new Piix4Pm(bus, rig.ports, pm, smi);
        ResetControl reset = new ResetControl(kind -> rig.observe(kind.ordinal()));
        rig.chip(reset).atPorts(PciConfigPorts.PORT, PciConfigPorts.PORTS, new PciConfigPorts(bus, reset));
        bus.functions().forEach(function -> rig.chip(function).action(rig.configuration(function.bdf().devfn())));
    }

    private static void vga(FuzzRig rig) {
        VgaFunction vga = new VgaFunction(rig.memory, VGA_SLOT, rig.clock, new byte[1024]);
        add(rig, vga.function());
        vga.attach(rig.ports, rig.mmio);
        rig.chip(vga).action(_ -> rig.observe(vga.screen().text().hashCode()))
                .action(random -> {
                    rig.ports.write(VbeRegisters.PORT, 2, random.nextInt(11));
                    rig.ports.write(VbeRegisters.PORT + 1, 2, random.nextInt(1, 1200));
                })
                .action(random -> rig.ports.write(VgaRegisters.PORT + random.nextInt(32), 2, random.nextInt(65536)));
    }

    private static void card(FuzzRig rig, Model model) {
        FakeNetwork network = new FakeNetwork(frame -> rig.observe(Arrays.hashCode(frame)));
        E1000 card = new E1000(model, Packets.CARD, rig.memory, rig.clock, network, Runnable::run);
        add(rig, card.function());
        rig.chip(card).action(random -> {
            byte[] frame = new byte[random.nextInt(NetworkBackend.MAX_FRAME + 1)];
            random.nextBytes(frame);
            rig.observe(network.deliver(frame) ? 1 : 0);
        });
    }

    private static <S extends Record> void virtio(FuzzRig rig, VirtioDevice<S> device) {
        VirtioPci<S> transport = new VirtioPci<>(device, rig.memory, Runnable::run);
        add(rig, transport.function());
        rig.chip(transport);
    }

    private static void panicFunction(FuzzRig rig) {
        PciFunction function = PvpanicFunction.of(new Pvpanic(event -> rig.observe(event.ordinal())));
        add(rig, function);
        rig.chip(function);
    }

    private static void tpm(FuzzRig rig) {
        TpmCrb tpm = new TpmCrb(new FakeTpm(), 0xfed4_0000L, Runnable::run, _ -> rig.observe(1));
        rig.atAddress(0xfed4_0000L, TpmCrb.BYTES, tpm).action(random -> {
            tpm.write(8, 4, random.nextInt(10) == 0 ? 2 : 1);
            tpm.write(0x40, 4, random.nextInt(10) == 0 ? 2 : 1);
            tpm.write(0x80, 2, 0x180);
            tpm.write(0x82, 4, Integer.reverseBytes(random.nextInt(9, 100)) & 0xffff_ffffL);
            tpm.write(0x4c, 4, 1);
        });
    }

    private static void watchdog(FuzzRig rig) {
        I6300Esb watchdog = new I6300Esb(rig.clock, () -> rig.observe(1));
        add(rig, watchdog.function());
        rig.chip(watchdog).action(random -> {
            watchdog.write(0xc, 2, 0x80);
            watchdog.write(0xc, 2, 0x86);
            watchdog.write(4 * random.nextInt(4), 4, random.nextInt(1 << random.nextInt(1, 21)));
        }).action(random -> watchdog.function().writeConfig(0x68, 1, random.nextInt(100) == 0 ? 7 : 2));
    }

    private static void edu(FuzzRig rig) {
        Edu device = new Edu(rig.memory);
        add(rig, device.function());
        rig.chip(device).action(random -> {
            boolean toMemory = random.nextBoolean();
            long inside = 0x4_0000 + random.nextInt(-8, 4100);
            device.write(0x80, 8, toMemory ? inside : FuzzRig.value(random));
            device.write(0x88, 8, toMemory ? FuzzRig.value(random) : inside);
            device.write(0x90, 8, random.nextInt(-1, 5000));
            device.write(0x98, 4, random.nextInt(8) & ~2 | (toMemory ? 2 : 0));
        }).action(random -> device.write(random.nextInt(40) * 4, 4, random.nextInt(256)));
    }

    /// With registers and commands as a driver writes them, on queues all over memory.
    private static void nvme(FuzzRig rig) {
        NvmeFunction controller = new NvmeFunction(rig.memory, new FuzzDisk(rig, DISK_BYTES, false), "f", 3, rig.clock,
                Runnable::run);
        add(rig, controller.function());
        rig.chip(controller)
                .action(random -> {
                    controller.write(0x24, 4, 0xf000f);
                    controller.write(0x28, 8, random.nextLong(FuzzRig.MEMORY_BYTES));
                    controller.write(0x30, 8, random.nextLong(FuzzRig.MEMORY_BYTES));
                    controller.write(0x14, 4, 0x460001);
                })
                .action(random -> {
                    long base = controller.read(0x28, 8);
                    for (long at = base; rig.memory.backs(at, 64) && at < base + 1024; at += 64) {
                        rig.memory.storeInt(at, random.nextInt(14) == 0 ? 0x7c : random.nextInt(13));
                        rig.memory.storeInt(at + 4, random.nextInt(2));
                        rig.memory.storeLong(at + 24, random.nextLong(FuzzRig.MEMORY_BYTES) & -4096);
                        rig.memory.storeLong(at + 32, random.nextLong(FuzzRig.MEMORY_BYTES) & -4096);
                        rig.memory.storeInt(at + 40, random.nextInt(12) | 0xf0000);
                        rig.memory.storeInt(at + 44, random.nextInt(4) | random.nextInt(4) << 16);
                    }
                })
                .action(random -> controller.write(0x1000 + 4L * random.nextInt(8), 4, random.nextInt(17)));
    }

    /// With devices of each kind, and rings and contexts in a few pages of memory.
    private static void xhci(FuzzRig rig) {
        XhciFunction controller = new XhciFunction(rig.memory, rig.clock, Runnable::run);
        UsbTablet tablet = new UsbTablet();
        UsbKeyboard keyboard = new UsbKeyboard();
        controller.plug(tablet);
        controller.plug(keyboard);
        controller.plug(new UsbStorage(new ScsiDisk(new FuzzDisk(rig, DISK_BYTES, false), "F", "1"), "1"));
        add(rig, controller.function());
        rig.chip(controller)
                .action(random -> tablet.move(random.nextInt(40000), random.nextInt(), random.nextInt(3), 1))
                .action(random -> keyboard.key(random.nextInt(128), random.nextBoolean(), random.nextBoolean()))
                .action(random -> {
                    rig.memory.storeLong(0x2000, 0x3000);
                    rig.memory.storeInt(0x2008, 64);
                    controller.write(0x78, 4, 8);
                    controller.write(0x70, 8, 0x1000);
                    controller.write(0x58, 8, 0x4001);
                    controller.write(0x1028, 4, 1);
                    controller.write(0x1038, 8, 0x3000 + 16 * random.nextInt(64) | 8);
                    controller.write(0x1030, 8, 0x2000);
                    controller.write(0x1020, 4, 2);
                    controller.write(0x40, 4, 5);
                })
                .action(random -> xhciPlans(rig, random))
                .action(random -> controller.write(0x1038, 8, 0x3000 + 16 * random.nextInt(64) | 8))
                .action(random -> controller.write(0x2000 + 4L * random.nextInt(4), 4, random.nextInt(5)));
    }

    /// Contexts, commands and transfers that are right more often than chance would have it.
    private static void xhciPlans(FuzzRig rig, SplittableRandom random) {
        for (int slot = 1; slot < 4; slot++) {
            rig.memory.storeLong(0x1000 + 8L * slot, 0x8000 + 0x1000L * slot);
        }
        rig.memory.storeInt(0x6000, 0);
        rig.memory.storeInt(0x6004, random.nextInt(4) == 0 ? random.nextInt() : random.nextBoolean() ? 3 : 0x18);
        rig.memory.storeInt(0x6020, 1 << 27);
        rig.memory.storeInt(0x6024, (random.nextBoolean() ? random.nextInt(9, 11) : random.nextInt(3)) << 16);
        int[] types = {4, 2, 6, 2};
        for (int endpoint = 1; endpoint < 5; endpoint++) {
            rig.memory.storeInt(0x6000 + 32L * (endpoint + 1) + 4, types[endpoint - 1] << 3 | 512 << 16);
            rig.memory.storeLong(0x6000 + 32L * (endpoint + 1) + 8, 0x1_0000 + 0x1000L * endpoint | 1);
        }
        for (long at = 0x4000; at < 0x4100; at += 16) {
            rig.memory.storeLong(at, 0x6000);
            rig.memory.storeInt(at + 12, random.nextInt(9, 18) << 10 | random.nextInt(4) << 24
                    | random.nextInt(5) << 16 | 1);
        }
        for (int endpoint = 1; endpoint < 5; endpoint++) {
            long ring = 0x1_0000 + 0x1000L * endpoint;
            for (int n = 0; n < 12; n++) {
                int type = endpoint == 1 ? 2 + n % 3 : random.nextInt(10) == 0 ? random.nextInt(9) : 1;
                long setup = 0x80L | 6 << 8 | (long) random.nextInt(1, 4) << 24 | 64L << 48;
                rig.memory.storeLong(ring + 16L * n, type == 2 ? random.nextBoolean() ? setup : 0x0001_0900L
                        : random.nextLong(FuzzRig.MEMORY_BYTES));
                rig.memory.storeInt(ring + 16L * n + 8, type == 2 ? 8 : random.nextInt(64));
                rig.memory.storeInt(ring + 16L * n + 12, type << 10 | random.nextInt(128) & 0x64 | 1);
            }
        }
    }

    /// Puts a function into the first free slot. Its state is part of its owner's, or a chip of its own.
    static void add(FuzzRig rig, PciFunction function) {
        PciBus bus = pci(rig);
        int device = bus.freeDevice(1);
        bus.add(device, 0, function);
        rig.action(rig.configuration(device << 3));
    }
}
