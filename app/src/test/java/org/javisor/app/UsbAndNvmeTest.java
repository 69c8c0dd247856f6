// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.machine.BootOrder;
import org.javisor.machine.DiskBus;
import org.javisor.machine.Machine;
import org.javisor.machine.MachineBuilder;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.PciPlace;
import org.javisor.machine.UsbConfig;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Linux's drivers work NVMe and USB.
@Tag("slow")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class UsbAndNvmeTest {
    private static final int DISK_BYTES = 16 << 20, ZEROED = 16 * 4096, ZEROES = 8 * 4096;

    @TempDir
    private Path directory;

    private Path disk(byte[] content) throws Exception {
        return Files.write(directory.resolve("disk.img"), content);
    }

    private static byte[] random() {
        var random = Seeds.random("UsbAndNvmeTest");
        byte[] content = new byte[DISK_BYTES];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) random.nextInt();
        }
        return content;
    }

    private static String sum(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    /// Runs `command` in Debian's guest and returns what it printed.
    private static String run(MachineBuilder builder, DebianGuest guest, String command) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandResult result = new CommandResult();
        try (Machine machine = builder.memory(512L << 20).kernel(guest.kernel())
                .initrd("initramfs", guest.running(command)).commandLine("console=ttyS0 quiet cryptomgr.notests")
                .serial(1, out::write).serial(3, result).build()) {
            result.whenKnown(machine::stop);
            machine.run();
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static Disk attached(Path file, DiskBus bus) {
        return new Disk(file, null, false, false, FullPolicy.STOP, bus, false, PciPlace.ROOT, BootOrder.NONE);
    }

    private void readsAndWrites(MachineBuilder builder, DebianGuest guest, DiskBus bus, String prepare, String name,
            String expected) throws Exception {
        byte[] content = random();
        Path file = disk(content);

        String out = run(builder.disk(attached(file, bus)), guest, prepare + "; sha256sum <" + name
                + "; dd if=/dev/zero of=" + name + " bs=4096 seek=16 count=8 conv=fsync 2>/dev/null; "
                + "dmesg -r | grep -E '^<[0-3]>'");

        assertEquals(expected + sum(content) + "  -\n", out);
        Arrays.fill(content, ZEROED, ZEROED + ZEROES, (byte) 0);
        assertArrayEquals(content, Files.readAllBytes(file));
    }

    /// A queue for each processor, and a controller that the driver resets in between.
    @Test
    void nvmeDiskIsReadAndWrittenWithFourProcessors() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        readsAndWrites(Machine.builder().cpus(4), guest, DiskBus.NVME,
                "cat /sys/class/nvme/nvme0/queue_count; echo 1 >/sys/class/nvme/nvme0/reset_controller",
                "/dev/nvme0n1", "5\n");
    }

    @Test
    void usbDiskIsReadAndWritten() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.FULL,
                List.of("xhci_pci", "usb_storage", "sd_mod"), _ -> { });
        readsAndWrites(Machine.builder(), guest, DiskBus.USB,
                "modprobe -a xhci_pci usb_storage sd_mod; while [ ! -b /dev/sda ]; do sleep 1; done", "/dev/sda", "");
    }

    @Test
    void tabletAndKeyboardAreInputDevices() {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.FULL,
                List.of("xhci_pci", "usbhid", "hid_generic"), _ -> { });

        String out = run(Machine.builder().usb(new UsbConfig(true, true)), guest, "modprobe -a xhci_pci usbhid"
                + " hid_generic; until grep -q 'USB Tablet' /proc/bus/input/devices && grep -q 'USB Keyboard'"
                + " /proc/bus/input/devices; do sleep 1; done; grep Name /proc/bus/input/devices");

        assertTrue(out.contains("Javisor USB Tablet") && out.contains("Javisor USB Keyboard"), out);
    }

    /// What Linux makes of a move and a key: the kinds, codes and values of its input events.
    @Test
    void tabletAndKeyboardGiveEvents() throws Exception {
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), DebianGuest.Kernel.FULL,
                List.of("xhci_pci", "usbhid", "hid_generic", "evdev"), _ -> { });
        SerialTalk serial = new SerialTalk();
        try (Machine machine = Machine.builder().usb(new UsbConfig(true, true)).memory(512L << 20)
                .kernel(guest.kernel()).initrd("initramfs", guest.running("""
                        modprobe -a xhci_pci usbhid hid_generic evdev
                        for name in Tablet Keyboard; do
                            until grep -q "USB $name" /sys/class/input/event*/device/name; do sleep 1; done
                            event=$(grep -l "USB $name" /sys/class/input/event*/device/name | cut -d/ -f5)
                            (hexdump -v -e '12/2 "%u " "\n"' /dev/input/$event &)
                            sleep 1
                            echo "$name is listened to"
                            read -t 5 nothing
                        done"""))
                .commandLine("console=ttyS0 quiet cryptomgr.notests").serial(1, serial::write).build()) {
            Thread runs = Thread.ofPlatform().start(machine::run);
            try {
                serial.expect("Tablet is listened to", 200);
                machine.point(0x111, 0x222, 0, 0);
                serial.expect(" 3 0 " + 0x111 + " 0", 30);
                serial.expect(" 3 1 " + 0x222 + " 0", 30);
                machine.point(0x1234, 0x2345, 0, 1);
                serial.expect(" 1 272 1 0", 30);
                serial.expect(" 3 0 " + 0x1234 + " 0", 30);
                serial.expect(" 3 1 " + 0x2345 + " 0", 30);
                serial.expect("Keyboard is listened to", 200);
                machine.key(0x10, false, true);
                serial.expect(" 1 16 1 0", 30);
                machine.key(0x10, false, false);
                serial.expect(" 1 16 0 0", 30);
            } finally {
                machine.stop();
                runs.join();
            }
        }
    }
}
