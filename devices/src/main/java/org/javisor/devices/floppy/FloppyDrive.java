// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.javisor.devices.block.BlockBackend;

/// A drive, where its heads are, and the diskette in it. What moves is guarded by the controller's lock; sectors are
/// read and written without it, by one thread at a time.
public final class FloppyDrive {
    /// As far as heads can be moved.
    private static final int LAST_TRACK = 84;

    /// What can change while it is used; what is in the drive is not part of it.
    ///
    /// @param sector  the last sector whose ID was read, less one
    /// @param changed whether the diskette may have been changed since the heads last moved
    public record State(int track, int sector, boolean changed) {
        public State {
            if (track < 0 || track > LAST_TRACK || sector < 0 || sector > 0xff) {
                throw new IllegalArgumentException("floppy drive at track " + track + ", sector " + sector);
            }
        }
    }

    /// What the drive was made for.
    final FloppyFormat made;
    /// Null while the drive is empty.
    private BlockBackend medium;
    private FloppyFormat format;
    private final MemorySegment buffer = Arena.ofAuto().allocate(FloppyFormat.SECTOR_BYTES);
    private int track;
    private int sector;
    private boolean changed = true;

    /// @param medium of one of the sizes of [FloppyFormat]
    FloppyDrive(BlockBackend medium) {
        this.medium = medium;
        this.format = FloppyFormat.of(medium.bytes());
        this.made = format;
        if (format == null) {
            throw new IllegalArgumentException("a floppy of " + medium.bytes() + " bytes");
        }
    }

    /// Puts another diskette into the drive, or with null none.
    ///
    /// @return what was in it
    /// @throws IllegalArgumentException if the drive cannot read such a one; nothing has changed then
    BlockBackend change(BlockBackend other) {
        FloppyFormat newFormat = other == null ? null : FloppyFormat.of(other.bytes());
        if (other != null && (newFormat == null || !newFormat.fits(made))) {
            throw new IllegalArgumentException("a diskette of " + (other.bytes() >> 10) + "K in a drive for "
                    + (made.bytes() >> 10) + "K");
        }
        BlockBackend before = medium;
        medium = other;
        format = newFormat;
        changed = true;
        sector = 0;
        return before;
    }

    /// How many sectors a track of the diskette has.
    int sectors() {
        return format.sectors;
    }

    int track() {
        return track;
    }

    /// Moves the heads, as far as they go; that tells whether a diskette is there.
    void seek(int newTrack) {
        track = Math.clamp(newTrack, 0, LAST_TRACK);
        changed = medium == null;
    }

    boolean changed() {
        return changed;
    }

    boolean writeProtected() {
        return medium != null && medium.readOnly();
    }

    /// Whether the heads are over something that can be read at `rate` by `head`.
    boolean readable(int rate, int head) {
        return format != null && rate == format.rate && head < format.heads && track < format.tracks;
    }

    /// The number of the next sector that comes by.
    int nextSector() {
        sector = sector % format.sectors + 1;
        return sector;
    }

    /// @throws IOException if the host fails, or the sector is not there
    void read(int atTrack, int head, int number, byte[] into) throws IOException {
        medium.read(offset(atTrack, head, number), buffer);
        MemorySegment.copy(buffer, 0, MemorySegment.ofArray(into), 0, FloppyFormat.SECTOR_BYTES);
    }

    /// @throws IOException if the host fails, or the sector is not there
    void write(int atTrack, int head, int number, byte[] from) throws IOException {
        MemorySegment.copy(MemorySegment.ofArray(from), 0, buffer, 0, FloppyFormat.SECTOR_BYTES);
        medium.write(offset(atTrack, head, number), buffer);
    }

    /// The diskette may have been changed since a sector was found.
    private long offset(int atTrack, int head, int number) throws IOException {
        if (format == null || atTrack >= format.tracks || head >= format.heads || number < 1
                || number > format.sectors) {
            throw new IOException("that sector is no longer in the drive");
        }
        return format.offset(atTrack, head, number);
    }

    State save() {
        return new State(track, sector, changed);
    }

    void load(State state) {
        track = state.track;
        sector = state.sector;
        changed = state.changed;
    }

    void reset() {
        load(new State(0, 0, true));
    }
}
