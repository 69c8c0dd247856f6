// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.List;
import java.util.stream.Stream;
import org.javisor.machine.DiskBus;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.layout.BoardModel;
import picocli.CommandLine.Option;

/// The disks of a guest.
final class StorageOptions {
    @Option(names = "--disk", paramLabel = "FILE[,OPTION...]",
            description = "Disk image; repeatable. Options: bus=virtio (the default), ide, ahci, nvme or usb, ro,"
                    + " snapshot,"
                    + " format=raw|qcow2|vhd|vhdx|vmdk|vdi, on-full=stop (the default) or report,"
                    + " slot=portN|bridgeN (for virtio), bootindex=N.")
    private List<String> disks = List.of();

    @Option(names = "--cdrom", paramLabel = "FILE[,OPTION...]",
            description = "Image in a CD drive; repeatable. Options: bus=ahci (the default on a q35) or ide (the"
                    + " default on a pc), format as for disks.")
    private List<String> cdroms = List.of();

    @Option(names = "--snapshot", description = "Forget at the end what the guest has written to its disks.")
    private boolean snapshot;

    /// Disks, then CDs.
    ///
    /// @param board where CDs are by default
    List<Disk> disks(BoardModel board) {
        DiskBus usual = board == BoardModel.PC ? DiskBus.IDE : DiskBus.AHCI;
        return Stream.concat(disks.stream().map(disk -> DiskOption.parse(disk, snapshot)),
                cdroms.stream().map(cd -> DiskOption.parseCdrom(cd, usual))).toList();
    }

    /// Whether what is written to any image is to be forgotten.
    boolean snapshot() {
        return snapshot;
    }
}
