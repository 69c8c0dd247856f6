// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.HostImageFile;
import org.javisor.devices.block.ImageFile;
import org.javisor.devices.block.RawImage;
import org.javisor.devices.block.foreign.ForeignImage;
import org.javisor.devices.block.qcow2.Qcow2Creation;
import org.javisor.devices.block.qcow2.Qcow2Header;
import org.javisor.devices.block.qcow2.Qcow2Image;
import org.javisor.devices.block.qcow2.Snapshot;
import org.javisor.memory.ConfigurationException;

/// Opens disk images, with the files that they are based on.
///
/// Everything that is wrong with them is a [ConfigurationException] of one line that names the file.
public final class DiskImage {
    /// More files on top of each other than this is a mistake.
    private static final int DEEPEST = 64;
    private static final Pattern PROTOCOL = Pattern.compile("[a-z][a-z0-9+.-]*:.*", Pattern.DOTALL);

    /// The files that are being opened, from the uppermost down.
    private final List<Object> above = new ArrayList<>();

    private DiskImage() { }

    /// Opens a disk.
    ///
    /// @param format null to find out; a raw image that was found out keeps its guest from making another format of it
    public static BlockBackend open(Path path, ImageFormat format, boolean readOnly) {
        return new DiskImage().openFile(path, format, readOnly);
    }

    /// Opens a disk as it was when a snapshot was made.
    ///
    /// @param snapshot its name or number
    public static BlockBackend openSnapshot(Path path, String snapshot) {
        return new DiskImage().openSnapshotOf(path, snapshot);
    }

    /// Opens a disk whose file stays as it is: what is written goes to a temporary file, and is gone at the end.
    public static BlockBackend openThrowaway(Path path, ImageFormat format) {
        BlockBackend base = open(path, format, true);
        try {
            ImageFile overlay = HostImageFile.temporary(temporaryDirectory());
            try {
                Qcow2Creation.of(base.bytes()).write(overlay);
                return Qcow2Image.open(overlay, false, base);
            } catch (IOException | RuntimeException e) {
                overlay.close();
                throw e;
            }
        } catch (IOException e) {
            base.close();
            throw failed(path, e);
        } catch (RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /// Not `/tmp`, which may be memory.
    private static Path temporaryDirectory() {
        String chosen = System.getenv("TMPDIR");
        Path usual = Path.of("/var/tmp");
        return chosen != null ? Path.of(chosen) : Files.isWritable(usual) ? usual
                : Path.of(System.getProperty("java.io.tmpdir"));
    }

    /// The format of a file, found out from its beginning.
    public static ImageFormat probe(ImageFile file) throws IOException {
        return ImageFormat.probe(file.load(0, ImageFormat.PROBED));
    }

    static ConfigurationException failed(Path path, IOException e) {
        String message = String.valueOf(e.getMessage());
        String name = "disk " + path + ": ";
        return new ConfigurationException(message.startsWith(path + ": ") ? "disk " + message : name + message, e);
    }

    private BlockBackend openFile(Path path, ImageFormat stated, boolean readOnly) {
        enter(path);
        ImageFile file = HostImageFile.open(path, readOnly);
        try {
            ImageFormat format = stated != null ? stated : probe(file);
            if (!readOnly && !format.writable()) {
                throw new IOException("is a " + format.label() + " image, which can only be read; convert it with"
                        + " `javisor image convert`, or open it read-only or with throw-away changes");
            }
            return switch (format) {
                case RAW -> raw(file, readOnly, stated == null);
                case QCOW2 -> qcow2(path, file, readOnly);
                case VHD -> ForeignImage.vhd(file, othersOf(path, format));
                case VHDX -> ForeignImage.vhdx(file);
                case VMDK -> ForeignImage.vmdk(file, othersOf(path, format));
                case VDI -> ForeignImage.vdi(file);
            };
        } catch (IOException e) {
            file.close();
            throw failed(path, e);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /// A chain that comes back to a file would have no end.
    private void enter(Path path) {
        Object key = path.toAbsolutePath().normalize();
        try {
            Object found = Files.readAttributes(path, java.nio.file.attribute.BasicFileAttributes.class).fileKey();
            key = found != null ? found : key;
        } catch (IOException _) {
            // Whoever opens it will say what is wrong.
        }
        if (above.contains(key)) {
            throw new ConfigurationException("disk " + path + ": is based on itself");
        }
        if (above.size() >= DEEPEST) {
            throw new ConfigurationException("disk " + path + ": more than " + DEEPEST + " files are on top of it");
        }
        above.add(key);
    }

    private static BlockBackend raw(ImageFile file, boolean readOnly, boolean probed) throws IOException {
        if (file.length() == 0) {
            throw new IOException("is empty; make a disk with `javisor image create FILE SIZE`");
        }
        if (!probed || readOnly) {
            return new RawImage(file, readOnly);
        }
        return new RawImage(file, false, ImageFormat.PROBED, beginning -> {
            ImageFormat look = ImageFormat.probe(beginning.asByteBuffer());
            if (look != ImageFormat.RAW) {
                throw new IOException(file.name() + ": its guest may not make a " + look.label()
                        + " image of a disk whose format was not stated; say format=raw if it is raw");
            }
        });
    }

    /// @param format also of what the image holds the differences to
    private ForeignImage.Others othersOf(Path path, ImageFormat format) {
        return new ForeignImage.Others() {
            @Override
            public ImageFile file(String name) throws IOException {
                return HostImageFile.open(resolve(path, name), true);
            }

            @Override
            public BlockBackend parent(String name) throws IOException {
                return openFile(resolve(path, name), format, true);
            }
        };
    }

    // ---- qcow2 ----

    private BlockBackend qcow2(Path path, ImageFile file, boolean readOnly) throws IOException {
        BlockBackend backing = backing(path, Qcow2Image.header(file));
        try {
            return Qcow2Image.open(file, readOnly, backing);
        } catch (IOException | RuntimeException e) {
            close(backing);
            throw e;
        }
    }

    private static void close(BlockBackend backend) {
        if (backend != null) {
            backend.close();
        }
    }

    private BlockBackend openSnapshotOf(Path path, String wanted) {
        enter(path);
        ImageFile file = HostImageFile.open(path, true);
        try {
            if (probe(file) != ImageFormat.QCOW2) {
                throw new IOException("has no snapshots: only a qcow2 image may");
            }
            Snapshot snapshot = find(Qcow2Image.snapshots(file), wanted);
            BlockBackend backing = backing(path, Qcow2Image.header(file));
            try {
                return Qcow2Image.openSnapshot(file, snapshot, backing);
            } catch (IOException | RuntimeException e) {
                close(backing);
                throw e;
            }
        } catch (IOException e) {
            file.close();
            throw failed(path, e);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Snapshot find(List<Snapshot> snapshots, String wanted) throws IOException {
        return snapshots.stream().filter(s -> s.name().equals(wanted)).findFirst()
                .or(() -> snapshots.stream().filter(s -> s.id().equals(wanted)).findFirst())
                .orElseThrow(() -> new IOException("has no snapshot '" + wanted + "'"));
    }

    /// Opens what a qcow2 image is on top of; null if it is on top of nothing.
    static BlockBackend openBacking(Path path, Qcow2Header header) throws IOException {
        DiskImage images = new DiskImage();
        images.enter(path);
        return images.backing(path, header);
    }

    private BlockBackend backing(Path path, Qcow2Header header) throws IOException {
        if (header.backing() == null) {
            return null;
        }
        ImageFormat format = header.backingFormat() == null ? null : ImageFormat.named(header.backingFormat());
        return openFile(resolve(path, header.backing()), format, true);
    }

    /// Where a backing file is, that is named relative to the image on top of it.
    ///
    /// @throws IOException if it is no file of this host
    public static Path resolve(Path image, String backing) throws IOException {
        String name = backing.startsWith("file:") ? backing.substring(5) : backing;
        if (PROTOCOL.matcher(name).matches()) {
            throw new IOException("its backing file '" + name + "' is no local file");
        }
        try {
            return image.resolveSibling(name);
        } catch (InvalidPathException e) {
            throw new IOException("its backing file has an impossible name", e);
        }
    }
}
