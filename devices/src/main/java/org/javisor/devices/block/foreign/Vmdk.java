// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import static org.javisor.devices.block.foreign.ForeignImage.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ImageFile;

/// VMware's format: a text that says which extents a disk is made of, in files of their own or in the same one.
///
/// Specification: "Virtual Disk Format 5.0".
final class Vmdk implements Layout {
    static final int SECTOR = 512;
    private static final int MOST_DESCRIPTOR = 1 << 20, MOST_EXTENTS = 4096;
    private static final long MOST_BYTES = 1L << 50;
    private static final String NO_PARENT = "ffffffff";
    private static final Pattern EXTENT = Pattern.compile(
            "(?:RW|RDONLY|NOACCESS)\\s+(\\d{1,15})\\s+(\\w+)(?:\\s+\"([^\"]*)\"(?:\\s+(\\d{1,15}))?)?.*");

    /// A part of the disk; `find` takes offsets from its beginning.
    interface Extent {
        long bytes();

        Piece find(long offset) throws IOException;
    }

    private final List<Extent> extents;
    private final List<ImageFile> files;
    private final BlockBackend parent;
    private final long bytes;

    private Vmdk(List<Extent> extents, List<ImageFile> files, BlockBackend parent) {
        this.extents = extents;
        this.files = files;
        this.parent = parent;
        this.bytes = extents.stream().mapToLong(Extent::bytes).sum();
    }

    static Vmdk open(ImageFile file, ForeignImage.Others others) throws IOException {
        ByteBuffer magic = file.load(0, 4);
        require(magic.getInt(0) != 0x434f5744, "is an ESX sparse extent, which is not supported");
        if (magic.getInt(0) != VmdkSparse.MAGIC) {
            return open(file, descriptor(file, 0, file.length()), others);
        }
        VmdkSparse whole = new VmdkSparse(file, null, 0);
        if (whole.descriptorBytes() > 0) {
            String descriptor = descriptor(file, whole.descriptorOffset(), whole.descriptorBytes());
            BlockBackend parent = parent(descriptor, others);
            return new Vmdk(List.of(new VmdkSparse(file, parent, 0)), List.of(file), parent);
        }
        return new Vmdk(List.of(whole), List.of(file), null);
    }

    private static String descriptor(ImageFile file, long offset, long length) throws IOException {
        require(length > 0 && length <= MOST_DESCRIPTOR && offset >= 0 && offset <= file.length() - length,
                "has a VMDK descriptor of " + length + " bytes at " + offset);
        byte[] text = new byte[(int) length];
        file.load(offset, (int) length).get(text);
        String whole = new String(text, StandardCharsets.UTF_8);
        int end = whole.indexOf('\0');
        return end < 0 ? whole : whole.substring(0, end);
    }

    private static String value(String descriptor, String key) {
        Matcher line = Pattern.compile("(?im)^\\s*" + key + "\\s*=\\s*\"?([^\"\\r\\n]*)\"?").matcher(descriptor);
        return line.find() ? line.group(1).strip() : "";
    }

    private static BlockBackend parent(String descriptor, ForeignImage.Others others) throws IOException {
        String id = value(descriptor, "parentCID");
        if (id.isEmpty() || id.equalsIgnoreCase(NO_PARENT)) {
            return null;
        }
        String name = value(descriptor, "parentFileNameHint");
        require(!name.isEmpty(), "does not name the disk that it holds the differences to");
        return others.parent(name);
    }

    private static Vmdk open(ImageFile file, String descriptor, ForeignImage.Others others) throws IOException {
        List<ImageFile> files = new ArrayList<>(List.of(file));
        BlockBackend parent = parent(descriptor, others);
        try {
            List<Extent> extents = new ArrayList<>();
            long start = 0;
            for (String line : descriptor.lines().map(String::strip).toList()) {
                Matcher matcher = EXTENT.matcher(line);
                if (matcher.matches()) {
                    require(extents.size() < MOST_EXTENTS, "has too many extents");
                    Extent extent = extent(matcher, files, parent, start, others);
                    extents.add(extent);
                    start += extent.bytes();
                }
            }
            require(!extents.isEmpty(), "is a VMDK descriptor without extents");
            return new Vmdk(extents, files, parent);
        } catch (IOException | RuntimeException e) {
            // The descriptor's own file stays the caller's when this fails.
            files.stream().skip(1).forEach(ImageFile::close);
            if (parent != null) {
                parent.close();
            }
            throw e;
        }
    }

    private static Extent extent(Matcher line, List<ImageFile> files, BlockBackend parent, long start,
                                 ForeignImage.Others others) throws IOException {
        long length = Long.parseLong(line.group(1)) * SECTOR;
        require(start + length <= MOST_BYTES, "has extents of more than 2^50 bytes");
        if (line.group(2).equals("ZERO")) {
            return new Zero(length);
        }
        require(line.group(3) != null, "has an extent without a file");
        ImageFile file = others.file(line.group(3));
        files.add(file);
        return switch (line.group(2)) {
            case "FLAT", "VMFS" -> new Flat(file, line.group(4) == null ? 0 : Long.parseLong(line.group(4)) * SECTOR,
                    length);
            case "SPARSE" -> {
                VmdkSparse sparse = new VmdkSparse(file, parent, start);
                require(sparse.bytes() >= length, "has an extent shorter than its descriptor says");
                yield sparse;
            }
            default -> throw new IOException("has an extent of type " + line.group(2) + ", which is not supported");
        };
    }

    private record Zero(long bytes) implements Extent {
        @Override
        public Piece find(long offset) {
            return Piece.zeroes(bytes - offset);
        }
    }

    private record Flat(ImageFile file, long start, long bytes) implements Extent {
        @Override
        public Piece find(long offset) {
            return Piece.of(file, start + offset, bytes - offset);
        }
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public Piece find(long offset) throws IOException {
        long left = offset;
        for (Extent extent : extents) {
            if (left < extent.bytes()) {
                return extent.find(left);
            }
            left -= extent.bytes();
        }
        throw new IndexOutOfBoundsException(offset);
    }

    @Override
    public void close() {
        files.forEach(ImageFile::close);
        if (parent != null) {
            parent.close();
        }
    }
}
