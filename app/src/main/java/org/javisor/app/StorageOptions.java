// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.List;
import java.util.stream.Stream;
import org.javisor.machine.MachineConfig.Disk;
import picocli.CommandLine.Option;

/// The disks of a guest.
final class StorageOptions {
    @Option(names = "--disk", paramLabel = "FILE[,OPTION...]",
            description = "Disk image; repeatable. Options: bus=virtio (the default), ahci or nvme, ro, snapshot,"
                    + " format=raw|qcow2|vhd|vhdx|vmdk|vdi, on-full=stop (the default) or report,"
                    + " slot=portN|bridgeN (for virtio), bootindex=N.")
    private List<String> disks = List.of();

    @Option(names = "--cdrom", paramLabel = "FILE[,OPTION...]",
            description = "Image in a CD drive; repeatable. Options: bus=ahci (the default), format as for disks.")
    private List<String> cdroms = List.of();

    @Option(names = "--snapshot", description = "Forget at the end what the guest has written to its disks.")
    private boolean snapshot;

    /// Disks, then CDs.
    List<Disk> disks() {
        return Stream.concat(disks.stream().map(disk -> DiskOption.parse(disk, snapshot)),
                cdroms.stream().map(DiskOption::parseCdrom)).toList();
    }
}
