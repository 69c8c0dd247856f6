// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Debian's kernel and its drivers behind an IOMMU.
class IommuBootTest {
    private static final int BYTES = 8 << 20;
    private static final String MODULES = "virtio_pci,virtio_blk,nvme,ahci,sd_mod,xhci_pci,usb_storage,e1000e";
    /// Each disk's first half is copied to its second, then the network is asked for an address.
    private static final String SCRIPT = """
            modprobe -a virtio_blk nvme ahci sd_mod xhci_pci usb_storage e1000e
            for d in vda nvme0n1 sda sdb; do while [ ! -b /dev/$d ]; do sleep 0.2; done
            dd if=/dev/$d of=/dev/$d bs=64k count=64 seek=64 conv=fsync 2>/dev/null; done
            ip link set eth0 up; sleep 1; udhcpc -i eth0 -n -q -s /bin/true 2>&1 | grep -o 'lease of [0-9.]*'
            for c in 0x010000 0x010802 0x010601 0x0c0330 0x020000; do
            d=$(dirname $(grep -l $c /sys/bus/pci/devices/*/class | head -n 1))
            echo $(basename $(readlink $d/iommu_group)) $(cat $d/iommu_group/type); done
            grep -c IR- /proc/interrupts; dmesg | grep -o 'Enabled IRQ remapping in .*'
            dmesg | grep -i -e 'DMAR.*fault' -e 'DRHD: handling'; dmesg -r | grep -E '^<[0-3]>'; true""";

    @TempDir
    private Path directory;
    private final byte[] content = new byte[BYTES];

    @BeforeEach
    void fillDisks() throws Exception {
        new Random(Seeds.random("IommuBootTest").nextLong()).nextBytes(content);
        for (String bus : new String[] {"virtio", "nvme", "ahci", "usb"}) {
            Files.write(directory.resolve(bus), content);
        }
    }

    private String disk(String bus) {
        return directory.resolve(bus) + ",format=raw" + (bus.equals("usb") ? "" : ",bus=" + bus);
    }

    @ParameterizedTest
    @CsvSource({"intel,intel_iommu=on iommu.strict=1,DMA,x2apic", "'intel,caching-mode=on',intel_iommu=on,DMA,x2apic",
        "'intel,aw=39',intel_iommu=on iommu=pt,identity,x2apic",
        "'intel,eim=off',intel_iommu=on iommu.strict=1,DMA,xapic"})
    @Tag("slow")
    void allControllersWorkBehindIt(String iommu, String parameters, String type, String apics) throws Exception {
        CommandRun run = CommandRun.of("run", "--cpus", "2", "--guest-kernel", "full", "--guest-modules", MODULES,
                "--iommu", iommu, "--append", parameters, "--disk", disk("virtio"), "--disk", disk("nvme"),
                "--disk", disk("ahci"), "--usb", "disk=" + disk("usb"), "--nic", "user,model=e1000e",
                "--exec", SCRIPT);

        String[] lines = run.out().split("\n");
        assertEquals("lease of 10.0.2.15", lines[0], run.out() + run.err());
        for (int n = 1; n <= 5; n++) {
            assertTrue(lines[n].matches("[0-9]+ " + type + (type.equals("DMA") ? "(-FQ)?" : "")), run.out());
        }
        assertTrue(Integer.parseInt(lines[6]) > 10, run.out());
        assertEquals("Enabled IRQ remapping in " + apics + " mode", lines[7]);
        assertEquals(8, lines.length, run.out());
        byte[] expected = content.clone();
        System.arraycopy(content, 0, expected, BYTES / 2, BYTES / 2);
        for (String bus : new String[] {"virtio", "nvme", "ahci", "usb"}) {
            assertArrayEquals(expected, Files.readAllBytes(directory.resolve(bus)), bus);
        }
    }

    @Test
    void theConsoleAndADiskOfVirtioAreTranslated() throws Exception {
        CommandRun run = CommandRun.of("run", "--iommu", "intel", "--append", "intel_iommu=on iommu.strict=1",
                "--disk", disk("virtio"), "--exec", "dd if=/dev/vda of=/dev/vda bs=64k count=64 seek=64 conv=fsync"
                        + " 2>/dev/null; cut -c34 /sys/bus/virtio/devices/virtio0/features;"
                        + "cat /sys/bus/pci/devices/0000:00:01.0/iommu_group/type;"
                        + "dmesg | grep -i 'DMAR.*fault'; true");

        assertEquals("1\nDMA\n", run.out(), run.err());
        byte[] expected = content.clone();
        System.arraycopy(content, 0, expected, BYTES / 2, BYTES / 2);
        assertArrayEquals(expected, Files.readAllBytes(directory.resolve("virtio")));
    }
}
