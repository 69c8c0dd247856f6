// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.javisor.memory.ConfigurationException;

/// The formats that can be read.
public enum ImageFormat {
    RAW, QCOW2, VHD, VHDX, VMDK, VDI;

    /// How many bytes at a file's beginning tell its format.
    static final int PROBED = 512;

    private static final int VDI_SIGNATURE = 0x40;

    /// By its name here, or QEMU's.
    ///
    /// @throws ConfigurationException if there is none
    public static ImageFormat named(String name) {
        if (name.equalsIgnoreCase("vpc")) {
            return VHD;
        }
        return Arrays.stream(values()).filter(format -> format.label().equalsIgnoreCase(name)).findFirst()
                .orElseThrow(() -> new ConfigurationException("disk format '" + name + "': unknown; the formats are "
                        + Arrays.stream(values()).map(ImageFormat::label).collect(Collectors.joining(", "))));
    }

    /// What people call it.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    public boolean writable() {
        return this == RAW || this == QCOW2;
    }

    /// What a file is that begins like this. A fixed VHD, which begins with the disk's contents, is not told from
    /// a raw image: what a guest writes must never decide how its file is read.
    ///
    /// @param beginning the first [#PROBED] bytes
    static ImageFormat probe(ByteBuffer beginning) {
        byte[] bytes = new byte[PROBED];
        beginning.get(0, bytes);
        if (starts(bytes, "QFI\u00fb")) {
            return QCOW2;
        }
        if (starts(bytes, "conectix")) {
            return VHD;
        }
        if (starts(bytes, "vhdxfile")) {
            return VHDX;
        }
        if (starts(bytes, "KDMV") || starts(bytes, "COWD") || isDescriptor(bytes)) {
            return VMDK;
        }
        int signature = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(VDI_SIGNATURE);
        return signature == 0xbeda107f ? VDI : RAW;
    }

    private static boolean starts(byte[] bytes, String magic) {
        byte[] wanted = magic.getBytes(StandardCharsets.ISO_8859_1);
        return Arrays.equals(bytes, 0, wanted.length, wanted, 0, wanted.length);
    }

    /// VMware's descriptor may have blank lines and comments before its first line.
    private static boolean isDescriptor(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1).lines().map(String::strip)
                .dropWhile(String::isEmpty).findFirst().orElse("").equalsIgnoreCase("# Disk DescriptorFile");
    }
}
