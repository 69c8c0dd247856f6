// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import java.io.IOException;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ImageFile;
import org.javisor.host.IoVector;

/// A run of a disk's bytes that are all in one place.
///
/// @param bytes  how many there are
/// @param zeroes whether they are zeros
/// @param source reads the first of them
record Piece(long bytes, boolean zeroes, Source source) {
    /// Fills `target` with a piece's first bytes.
    @FunctionalInterface
    interface Source {
        void read(IoVector target) throws IOException;
    }

    static Piece zeroes(long bytes) {
        return new Piece(bytes, true, IoVector::zero);
    }

    static Piece of(ImageFile file, long offset, long bytes) {
        return new Piece(bytes, false, target -> file.read(offset, target));
    }

    /// What the disk has that an image only holds the differences to; zeros without one.
    static Piece of(BlockBackend parent, long offset, long bytes) {
        return parent == null ? zeroes(bytes) : new Piece(bytes, false, target -> parent.read(offset, target));
    }
}
