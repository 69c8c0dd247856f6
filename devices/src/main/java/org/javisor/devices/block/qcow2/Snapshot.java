// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.block.ImageFile;

/// A state of the disk that an image has kept.
///
/// @param seconds   when it was made, since 1970
/// @param vmClock   how long the machine had run, in nanoseconds
/// @param vmState   how many bytes of a machine's state are kept with it
/// @param diskBytes the disk's size then
public record Snapshot(String id, String name, long seconds, long vmClock, long vmState, long diskBytes,
                       long l1Offset, int l1Entries) {
    /// @throws IOException if the table makes no sense
    static List<Snapshot> readAll(ImageFile file, Qcow2Header header) throws IOException {
        return read(file, header).snapshots();
    }

    /// All snapshots, and where their table ends.
    record Found(List<Snapshot> snapshots, long end) { }

    static Found read(ImageFile file, Qcow2Header header) throws IOException {
        List<Snapshot> snapshots = new ArrayList<>();
        long at = header.snapshotsOffset();
        long end = Math.min(file.length(), at + Qcow2Layout.MAX_SNAPSHOT_TABLE_BYTES);
        for (int i = 0; i < header.snapshots(); i++) {
            ByteBuffer fixed = file.load(at, Qcow2Layout.SNAPSHOT_FIXED);
            int extra = fixed.getInt(Qcow2Layout.SNAPSHOT_EXTRA_SIZE);
            int idBytes = fixed.getShort(Qcow2Layout.SNAPSHOT_ID_SIZE) & 0xffff;
            int nameBytes = fixed.getShort(Qcow2Layout.SNAPSHOT_NAME_SIZE) & 0xffff;
            if (extra < 0 || extra > 1024 || at + Qcow2Layout.SNAPSHOT_FIXED + extra + idBytes + nameBytes > end) {
                throw new IOException("the table of snapshots is damaged");
            }
            ByteBuffer rest = file.load(at + Qcow2Layout.SNAPSHOT_FIXED, extra + idBytes + nameBytes + 1);
            snapshots.add(snapshot(header, fixed, rest, extra, idBytes, nameBytes));
            at += Qcow2Layout.SNAPSHOT_FIXED + extra + idBytes + nameBytes + 7 & -8;
        }
        return new Found(snapshots, at);
    }

    private static Snapshot snapshot(Qcow2Header header, ByteBuffer fixed, ByteBuffer rest, int extra, int idBytes,
                                     int nameBytes) throws IOException {
        long disk = extra >= Qcow2Layout.EXTRA_DISK_SIZE + 8 ? rest.getLong(Qcow2Layout.EXTRA_DISK_SIZE)
                : header.bytes();
        long state = extra >= 8 ? rest.getLong(Qcow2Layout.EXTRA_VM_STATE)
                : Integer.toUnsignedLong(fixed.getInt(Qcow2Layout.SNAPSHOT_VM_STATE));
        long l1Offset = fixed.getLong(Qcow2Layout.SNAPSHOT_L1_OFFSET);
        int l1Entries = fixed.getInt(Qcow2Layout.SNAPSHOT_L1_SIZE);
        String name = text(rest, extra + idBytes, nameBytes);
        boolean possible = disk >= 0 && l1Entries >= 0 && l1Entries * 8L <= Qcow2Layout.MAX_L1_BYTES
                && l1Entries >= header.neededL1Entries(disk) && l1Offset >= 0
                && l1Offset % header.clusterBytes() == 0 && l1Offset <= Qcow2Layout.OFFSET_MASK;
        if (!possible) {
            throw new IOException("snapshot '" + name + "' is damaged");
        }
        return new Snapshot(text(rest, extra, idBytes), name,
                Integer.toUnsignedLong(fixed.getInt(Qcow2Layout.SNAPSHOT_SECONDS)),
                fixed.getLong(Qcow2Layout.SNAPSHOT_VM_CLOCK), state, disk, l1Offset, l1Entries);
    }

    private static String text(ByteBuffer bytes, int from, int length) {
        byte[] text = new byte[length];
        bytes.get(from, text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
