// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.image.DiskImage;
import org.javisor.devices.scsi.CdDrive;
import org.javisor.memory.ConfigurationException;

/// The CD drives of a machine, whose media are changed while it runs.
final class CdDrives implements AutoCloseable {
    private final Disks disks;
    private final List<Drive> drives = new ArrayList<>();

    /// A drive and what is in it; null when nothing is.
    private final class Drive {
        private final CdDrive drive;
        private Disks.Attached first;
        private BlockBackend later;

        Drive(CdDrive drive, Disks.Attached first) {
            this.drive = drive;
            this.first = first;
        }

        /// Puts `medium` in, and closes what was there.
        void change(BlockBackend medium) {
            drive.change(medium);
            if (first != null) {
                disks.remove(first);
                first = null;
            }
            close();
            later = medium;
        }

        void close() {
            if (later != null) {
                later.close();
                later = null;
            }
        }
    }

    CdDrives(Disks disks) {
        this.disks = disks;
    }

    /// Makes the drive for a CD of the configuration.
    CdDrive drive(Disks.Attached disc) {
        CdDrive drive = new CdDrive(disc.backend(), disc.serial());
        drives.add(new Drive(drive, disc));
        return drive;
    }

    private Drive numbered(int number) {
        if (number < 0 || number >= drives.size()) {
            throw new ConfigurationException("CD drive " + number + ": there are " + drives.size());
        }
        return drives.get(number);
    }

    /// Puts another medium in. Any thread.
    ///
    /// @param number in the order of the configuration
    /// @param file   null to leave the drive empty
    /// @throws ConfigurationException if there is no such drive, or the file cannot be used: nothing has changed then
    synchronized void change(int number, Path file) {
        Drive drive = numbered(number);
        drive.change(file == null ? null : DiskImage.open(file, null, true));
    }

    /// Presses the button of a drive, which a guest may have locked. Any thread.
    synchronized void pressEject(int number) {
        numbered(number).drive.pressEject();
    }

    /// Closes what was put in. No controller may be working.
    @Override
    public synchronized void close() {
        drives.forEach(Drive::close);
    }
}
