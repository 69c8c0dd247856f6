// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.HostImageFile;
import org.javisor.devices.block.qcow2.Qcow2Header;
import org.javisor.devices.block.qcow2.Qcow2Image;
import org.javisor.devices.block.qcow2.Snapshot;

/// What there is to know of an image without opening what it is based on.
///
/// @param bytes     the disk's size
/// @param allocated what the file takes on the host
/// @param qcow2     the header of a qcow2 image; null for others
/// @param snapshots what a qcow2 image has kept
public record ImageInfo(Path path, ImageFormat format, long bytes, long allocated, Qcow2Header qcow2,
                        List<Snapshot> snapshots) {
    /// Looks at an image, even one that is in use.
    ///
    /// @param stated null to find the format out
    /// @throws org.javisor.memory.ConfigurationException if there is no such image
    public static ImageInfo of(Path path, ImageFormat stated) {
        try (HostImageFile file = HostImageFile.openUnlocked(path)) {
            ImageFormat format = stated != null ? stated : DiskImage.probe(file);
            if (format == ImageFormat.QCOW2) {
                Qcow2Header header = Qcow2Image.header(file);
                return new ImageInfo(path, format, header.bytes(), file.allocated(), header,
                        Qcow2Image.snapshots(file));
            }
            long bytes = format == ImageFormat.RAW ? file.length() : foreignBytes(path, format);
            return new ImageInfo(path, format, bytes, file.allocated(), null, List.of());
        } catch (IOException e) {
            throw DiskImage.failed(path, e);
        }
    }

    private static long foreignBytes(Path path, ImageFormat format) {
        try (BlockBackend disk = DiskImage.open(path, format, true)) {
            return disk.bytes();
        }
    }
}
