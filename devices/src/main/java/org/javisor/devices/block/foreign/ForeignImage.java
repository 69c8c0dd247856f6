// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import java.io.IOException;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ImageFile;
import org.javisor.host.IoVector;

/// A disk in a format that can only be read.
public final class ForeignImage implements BlockBackend {
    /// Opens other files that an image is made of, by the names that are written in it.
    public interface Others {
        /// Opens a part of the image.
        ImageFile file(String name) throws IOException;

        /// Opens the disk that the image holds the differences to.
        BlockBackend parent(String name) throws IOException;
    }

    private final Layout layout;

    private ForeignImage(Layout layout) {
        this.layout = layout;
    }

    public static ForeignImage vhd(ImageFile file, Others others) throws IOException {
        return new ForeignImage(Vhd.open(file, others));
    }

    public static ForeignImage vhdx(ImageFile file) throws IOException {
        return new ForeignImage(new Vhdx(file));
    }

    public static ForeignImage vmdk(ImageFile file, Others others) throws IOException {
        return new ForeignImage(Vmdk.open(file, others));
    }

    public static ForeignImage vdi(ImageFile file) throws IOException {
        return new ForeignImage(new Vdi(file));
    }

    /// @throws IOException if it does not hold: the image is `what`
    static void require(boolean holds, String what) throws IOException {
        if (!holds) {
            throw new IOException(what);
        }
    }

    @Override
    public long bytes() {
        return layout.bytes();
    }

    @Override
    public boolean readOnly() {
        return true;
    }

    @Override
    public void read(long offset, IoVector target) throws IOException {
        long done = 0;
        while (done < target.bytes() && offset + done < layout.bytes()) {
            Piece piece = layout.find(offset + done);
            long count = Math.min(Math.min(piece.bytes(), target.bytes() - done), layout.bytes() - offset - done);
            piece.source().read(target.window(done, count));
            done += count;
        }
        if (done < target.bytes()) {
            target.window(done, target.bytes() - done).zero();
        }
    }

    @Override
    public long zeroesAt(long offset, long length) throws IOException {
        long zeroes = 0;
        while (zeroes < length && offset + zeroes < layout.bytes()) {
            Piece piece = layout.find(offset + zeroes);
            if (!piece.zeroes()) {
                break;
            }
            zeroes += piece.bytes();
        }
        return Math.min(zeroes, length);
    }

    private static IOException readOnlyFormat() {
        return new IOException("a disk that can only be read");
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        throw readOnlyFormat();
    }

    @Override
    public void flush() { }

    @Override
    public void discard(long offset, long length) throws IOException {
        throw readOnlyFormat();
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        throw readOnlyFormat();
    }

    @Override
    public void close() {
        layout.close();
    }
}
