// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.machine.DiskBus;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.PciPlace;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;

class DiskOptionTest {
    @Test
    void aFileAloneIsWrittenAndItsFormatFoundOut() {
        assertEquals(new Disk(Path.of("a.img"), null, false, false, FullPolicy.STOP, DiskBus.VIRTIO),
                DiskOption.parse("a.img", false));
    }

    @Test
    void optionsFollowInAnyOrder() {
        assertEquals(new Disk(Path.of("a"), ImageFormat.QCOW2, true, false, FullPolicy.REPORT, DiskBus.VIRTIO),
                DiskOption.parse("a,on-full=report,ro,format=qcow2", false));
        assertEquals(new Disk(Path.of("a"), ImageFormat.VHD, false, true, FullPolicy.STOP, DiskBus.VIRTIO),
                DiskOption.parse("a,format=vpc,snapshot", false));
    }

    @Test
    void commasOfAFilesNameAreItsOwn() {
        assertEquals(Path.of("a,b,rough"), DiskOption.parse("a,b,rough,ro", false).file());
    }

    @Test
    void throwawayForAllLeavesReadOnlyDisksReadOnly() {
        assertEquals(new Disk(Path.of("a"), null, false, true, FullPolicy.STOP, DiskBus.VIRTIO),
                DiskOption.parse("a", true));
        assertEquals(new Disk(Path.of("a"), null, true, false, FullPolicy.STOP, DiskBus.VIRTIO),
                DiskOption.parse("a,ro", true));
    }

    @Test
    void aDiskMayHaveItsPlaceBehindAPortOrABridge() {
        assertEquals(new PciPlace(PciPlace.Kind.PORT, 2), DiskOption.parse("a,slot=port2", false).place());
        assertEquals(new PciPlace(PciPlace.Kind.BRIDGE, 1), DiskOption.parse("a,slot=bridge1", false).place());
        assertEquals(PciPlace.ROOT, DiskOption.parse("a", false).place());
    }

    @Test
    void unknownValuesAreRefused() {
        assertThrows(ConfigurationException.class, () -> DiskOption.parse("a,slot=port0", false));
        assertThrows(ConfigurationException.class, () -> DiskOption.parse("a,format=zip", false));
        assertThrows(ConfigurationException.class, () -> DiskOption.parse("a,on-full=explode", false));
        assertThrows(ConfigurationException.class, () -> DiskOption.parse("a,bus=scsy", false));
    }
}
