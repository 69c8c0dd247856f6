// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

/// How a diskette of each size is laid out, and which drive is made for it.
///
/// @datasheet Intel 82077AA "Data Rate"; IBM PC AT Technical Reference "Diskette drive type byte"
public enum FloppyFormat {
    K160(40, 1, 8, Rate.KBPS_250, Drive.INCH5_DD), K180(40, 1, 9, Rate.KBPS_250, Drive.INCH5_DD),
    K320(40, 2, 8, Rate.KBPS_250, Drive.INCH5_DD), K360(40, 2, 9, Rate.KBPS_250, Drive.INCH5_DD),
    K720(80, 2, 9, Rate.KBPS_250, Drive.INCH3_DD), K1200(80, 2, 15, Rate.KBPS_500, Drive.INCH5_HD),
    K1440(80, 2, 18, Rate.KBPS_500, Drive.INCH3_HD), K1680(80, 2, 21, Rate.KBPS_500, Drive.INCH3_HD),
    K2880(80, 2, 36, Rate.MBPS_1, Drive.INCH3_ED);

    /// The code of all sectors' length: 512 bytes.
    static final int SIZE_CODE = 2, SECTOR_BYTES = 512;

    /// Bits on the medium's track a second, as the controller's rate registers have them.
    static final class Rate {
        static final int KBPS_500 = 0, KBPS_250 = 2, MBPS_1 = 3;

        private Rate() { }
    }

    /// Drives as a PC's battery-backed memory numbers them.
    static final class Drive {
        static final int INCH5_DD = 1, INCH5_HD = 2, INCH3_DD = 3, INCH3_HD = 4, INCH3_ED = 5;

        private Drive() { }
    }

    final int tracks;
    final int heads;
    final int sectors;
    final int rate;
    private final int drive;

    FloppyFormat(int tracks, int heads, int sectors, int rate, int drive) {
        this.tracks = tracks;
        this.heads = heads;
        this.sectors = sectors;
        this.rate = rate;
        this.drive = drive;
    }

    public long bytes() {
        return (long) tracks * heads * sectors * SECTOR_BYTES;
    }

    /// The number of the drive's type, for the battery-backed memory at 0x10.
    public int driveType() {
        return drive;
    }

    /// Whether the drive that is made for `other` reads this format: it has as many tracks, and the lower rates.
    boolean fits(FloppyFormat other) {
        boolean sameWidth = drive == other.drive
                || drive == Drive.INCH3_DD && other.drive == Drive.INCH3_HD
                || drive >= Drive.INCH3_DD && other.drive == Drive.INCH3_ED;
        return sameWidth && tracks == other.tracks;
    }

    /// The format of an image of `bytes` bytes, or null if there is none of that size.
    public static FloppyFormat of(long bytes) {
        for (FloppyFormat format : values()) {
            if (format.bytes() == bytes) {
                return format;
            }
        }
        return null;
    }

    /// Where a sector is in the image.
    ///
    /// @param sector from 1
    long offset(int track, int head, int sector) {
        return (((long) track * heads + head) * sectors + sector - 1) * SECTOR_BYTES;
    }
}
