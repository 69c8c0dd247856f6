// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import java.io.IOException;
import java.nio.file.Path;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.HostImageFile;
import org.javisor.devices.block.qcow2.Qcow2Check;
import org.javisor.devices.block.qcow2.Qcow2Resize;
import org.javisor.memory.ConfigurationException;

/// What is done to images that exist: looking whether they are whole, and changing their size.
public final class ImageCare {
    private ImageCare() { }

    /// Checks a qcow2 image, and repairs it if that is wanted.
    public static Qcow2Check.Report check(Path path, boolean repair) {
        try (HostImageFile file = HostImageFile.open(path, !repair)) {
            ImageFormat format = DiskImage.probe(file);
            if (format != ImageFormat.QCOW2) {
                throw new IOException("is a " + format.label() + " image; only qcow2 images can be checked");
            }
            return repair ? Qcow2Check.repair(file) : Qcow2Check.check(file);
        } catch (IOException e) {
            throw DiskImage.failed(path, e);
        }
    }

    /// @param stated null to find the format out
    /// @param shrink whether what is beyond a smaller size may be lost
    public static void resize(Path path, ImageFormat stated, long bytes, boolean shrink) {
        ImageInfo info = ImageInfo.of(path, stated);
        if (bytes < info.bytes() && !shrink) {
            throw new ConfigurationException("disk " + path + ": is larger than that; with --shrink what is beyond "
                    + bytes + " bytes is lost");
        }
        if (bytes < 0 || !info.format().writable()) {
            throw new ConfigurationException("disk " + path + ": cannot be resized"
                    + (bytes < 0 ? " to less than nothing" : ": " + info.format().label() + " can only be read"));
        }
        HostImageFile file = HostImageFile.open(path, false);
        try {
            if (info.format() == ImageFormat.RAW) {
                file.truncate(bytes);
                file.sync();
                return;
            }
            BlockBackend backing = DiskImage.openBacking(path, info.qcow2());
            try {
                Qcow2Resize.resize(file, backing, bytes);
            } finally {
                if (backing != null) {
                    backing.close();
                }
            }
        } catch (IOException e) {
            throw DiskImage.failed(path, e);
        } finally {
            file.close();
        }
    }
}
