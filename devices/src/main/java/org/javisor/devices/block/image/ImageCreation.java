// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.HostImageFile;
import org.javisor.devices.block.qcow2.Qcow2Creation;
import org.javisor.devices.block.qcow2.Qcow2Header.Compression;
import org.javisor.memory.ConfigurationException;

/// Makes new images.
public final class ImageCreation {
    private ImageCreation() { }

    /// Makes an empty image where there is no file yet.
    ///
    /// @param bytes   the disk's size; negative for that of the backing file
    /// @param backing what is where the image has nothing, as it is to be written; null for nothing
    /// @param options of the format, by QEMU's names
    public static void create(Path path, ImageFormat format, long bytes, String backing, ImageFormat backingFormat,
                              Map<String, String> options) {
        requireWritable(format);
        if (backing == null && bytes < 0) {
            throw new ConfigurationException("disk " + path + ": has no size");
        }
        if (format == ImageFormat.RAW) {
            if (backing != null || !options.isEmpty()) {
                throw new ConfigurationException("disk " + path + ": a raw image has neither backing file nor options");
            }
            make(path, file -> file.truncate(bytes));
            return;
        }
        Qcow2Creation creation = creation(Math.max(bytes, 0), options);
        if (backing != null) {
            creation = onTop(path, creation, bytes, backing, backingFormat);
        }
        make(path, creation::write);
    }

    static void requireWritable(ImageFormat format) {
        if (!format.writable()) {
            throw new ConfigurationException("disk format '" + format.label() + "': can only be read; raw and qcow2 can"
                    + " be made");
        }
    }

    /// The format of what is below is written down, so that nobody has to find it out.
    private static Qcow2Creation onTop(Path path, Qcow2Creation creation, long bytes, String backing,
                                       ImageFormat stated) {
        try {
            Path below = DiskImage.resolve(path, backing);
            ImageFormat format = stated != null ? stated : ImageInfo.of(below, null).format();
            try (BlockBackend disk = DiskImage.open(below, format, true)) {
                Qcow2Creation sized = new Qcow2Creation(bytes < 0 ? disk.bytes() : bytes, creation.version(),
                        creation.clusterBits(), creation.refcountBits(), null, null, creation.compression(),
                        creation.lazyRefcounts());
                String name = format == ImageFormat.VHD ? "vpc" : format.label();
                return sized.withBacking(backing, name);
            }
        } catch (IOException e) {
            throw DiskImage.failed(path, e);
        }
    }

    /// Fills a new file; what fails leaves none.
    @FunctionalInterface
    interface Filling {
        void fill(HostImageFile file) throws IOException;
    }

    static void make(Path path, Filling filling) {
        try {
            Files.createFile(path);
        } catch (FileAlreadyExistsException e) {
            throw new ConfigurationException("disk " + path + ": exists already; remove it first, or choose another"
                    + " name", e);
        } catch (IOException e) {
            throw new ConfigurationException("disk " + path + ": cannot be made: " + e, e);
        }
        try (HostImageFile file = HostImageFile.open(path, false)) {
            filling.fill(file);
        } catch (IOException e) {
            remove(path);
            throw DiskImage.failed(path, e);
        } catch (RuntimeException | Error e) {
            remove(path);
            throw e;
        }
    }

    private static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException _) {
            // What led here is worth more to the user.
        }
    }

    static Qcow2Creation creation(long bytes, Map<String, String> options) {
        int version = 3;
        int clusterBits = 16;
        int refcountBits = 16;
        boolean lazy = false;
        Compression compression = Compression.ZLIB;
        for (Map.Entry<String, String> option : options.entrySet()) {
            String value = option.getValue().toLowerCase(Locale.ROOT);
            switch (option.getKey()) {
                case "compat" -> version = choose(option, value.matches("0\\.10|v2"), value.matches("1\\.1|v3"))
                        ? 2 : 3;
                case "cluster_size" -> clusterBits = clusterBits(value);
                case "refcount_bits" -> refcountBits = number(option);
                case "lazy_refcounts" -> lazy = choose(option, value.equals("on"), value.equals("off"));
                case "compression_type" -> compression = choose(option, value.equals("zstd"), value.equals("zlib"))
                        ? Compression.ZSTD : Compression.ZLIB;
                default -> throw new ConfigurationException("option '" + option.getKey() + "': unknown; qcow2 has"
                        + " compat, cluster_size, refcount_bits, lazy_refcounts and compression_type");
            }
        }
        return new Qcow2Creation(bytes, version, clusterBits, refcountBits, null, null, compression, lazy);
    }

    private static boolean choose(Map.Entry<String, String> option, boolean yes, boolean no) {
        if (yes == no) {
            throw new ConfigurationException("option " + option.getKey() + "=" + option.getValue()
                    + ": no such value");
        }
        return yes;
    }

    private static int number(Map.Entry<String, String> option) {
        try {
            return Integer.parseInt(option.getValue());
        } catch (NumberFormatException e) {
            throw new ConfigurationException("option " + option.getKey() + "=" + option.getValue()
                    + ": a number is meant", e);
        }
    }

    private static int clusterBits(String value) {
        if (value.matches("\\d{1,8}[km]?")) {
            int shift = value.endsWith("k") ? 10 : value.endsWith("m") ? 20 : 0;
            long bytes = Long.parseLong(shift == 0 ? value : value.substring(0, value.length() - 1)) << shift;
            if (Long.bitCount(bytes) == 1) {
                return Long.numberOfTrailingZeros(bytes);
            }
        }
        throw new ConfigurationException("option cluster_size=" + value
                + ": a power of two from 512 to 2M is possible");
    }
}
