// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.HostImageFile;
import org.javisor.devices.block.RawImage;
import org.javisor.devices.block.qcow2.Qcow2Creation;
import org.javisor.devices.block.qcow2.Qcow2Image;
import org.javisor.host.IoVector;
import org.javisor.memory.ConfigurationException;

/// Copies a disk into a new image. What is zeros takes no space there.
public final class ImageConversion {
    private static final int PIECE = 2 << 20, RAW_GRAIN = 4096;

    private final BlockBackend source;
    private final MemorySegment buffer;
    /// Zeros are left out in units of so many bytes.
    private final int grain;

    private ImageConversion(BlockBackend source, Arena arena, int grain) {
        this.source = source;
        this.buffer = arena.allocate(PIECE, 4096);
        this.grain = grain;
    }

    /// Makes `target`, which must not exist.
    ///
    /// @param compress whether clusters are compressed; for qcow2
    /// @param options  of the target's format, by QEMU's names
    public static void convert(BlockBackend source, Path target, ImageFormat format, boolean compress,
                               Map<String, String> options) {
        ImageCreation.requireWritable(format);
        if (format == ImageFormat.RAW) {
            if (compress || !options.isEmpty()) {
                throw new ConfigurationException("disk " + target
                        + ": a raw image is neither compressed nor has it options");
            }
            ImageCreation.make(target, file -> toRaw(source, file));
        } else {
            Qcow2Creation creation = ImageCreation.creation(source.bytes(), options);
            ImageCreation.make(target, file -> toQcow2(source, file, creation, compress));
        }
    }

    private static void toRaw(BlockBackend source, HostImageFile file) throws IOException {
        file.truncate(source.bytes());
        RawImage target = new RawImage(file, false);
        try (Arena arena = Arena.ofConfined()) {
            new ImageConversion(source, arena, RAW_GRAIN).copy(target::write);
        }
        target.flush();
    }

    private static void toQcow2(BlockBackend source, HostImageFile file, Qcow2Creation creation, boolean compress)
            throws IOException {
        creation.write(file);
        Qcow2Image target = Qcow2Image.open(file, false, null);
        int clusterBytes = 1 << creation.clusterBits();
        byte[] cluster = new byte[clusterBytes];
        try (Arena arena = Arena.ofConfined()) {
            new ImageConversion(source, arena, clusterBytes).copy(!compress ? target::write : (offset, piece) -> {
                for (long at = 0; at < piece.bytes(); at += clusterBytes) {
                    IoVector window = piece.window(at, Math.min(clusterBytes, piece.bytes() - at));
                    java.util.Arrays.fill(cluster, (byte) 0);
                    window.copyTo(MemorySegment.ofArray(cluster));
                    if (!target.writeCompressed(offset + at, cluster)) {
                        target.write(offset + at, window);
                    }
                }
            });
        }
        target.flush();
        target.close();
    }

    /// Takes a run of bytes that are not all zeros.
    @FunctionalInterface
    private interface Sink {
        void write(long offset, IoVector piece) throws IOException;
    }

    private void copy(Sink sink) throws IOException {
        for (long at = 0; at < source.bytes(); ) {
            long zeroes = source.zeroesAt(at, source.bytes() - at) / grain * grain;
            if (zeroes > 0) {
                at += zeroes;
                continue;
            }
            int length = (int) Math.min(PIECE, source.bytes() - at);
            source.read(at, IoVector.of(buffer.asSlice(0, length)));
            copyPiece(at, length, sink);
            at += length;
        }
    }

    private void copyPiece(long at, int length, Sink sink) throws IOException {
        int from = 0;
        while (from < length) {
            int to = from;
            boolean zero = zero(to, length);
            do {
                to = Math.min(length, to + grain);
            } while (to < length && zero(to, length) == zero);
            if (!zero) {
                sink.write(at + from, IoVector.of(buffer.asSlice(from, (long) to - from)));
            }
            from = to;
        }
    }

    private boolean zero(int from, int length) {
        int end = Math.min(length, from + grain);
        int at = from;
        for (; at + 8 <= end; at += 8) {
            if (buffer.get(ValueLayout.JAVA_LONG, at) != 0) {
                return false;
            }
        }
        for (; at < end; at++) {
            if (buffer.get(ValueLayout.JAVA_BYTE, at) != 0) {
                return false;
            }
        }
        return true;
    }
}
