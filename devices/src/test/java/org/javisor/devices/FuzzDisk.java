// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.javisor.devices.block.BlockBackend;
import org.javisor.host.IoVector;
import org.javisor.testkit.FuzzRig;

/// A disk in a rig's storage, which fails now and then: at places that are always the same, so that two rigs do alike.
public final class FuzzDisk implements BlockBackend {
    private static final long BAD_EVERY = 64, BAD = 37;

    private final MemorySegment contents;
    private final boolean readOnly;

    public FuzzDisk(FuzzRig rig, long bytes, boolean readOnly) {
        this.contents = rig.storage(bytes);
        this.readOnly = readOnly;
    }

    private void check(long offset, long length) throws IOException {
        for (long sector = offset / SECTOR_BYTES; sector * SECTOR_BYTES < offset + length; sector++) {
            if (sector % BAD_EVERY == BAD) {
                throw new IOException("sector " + sector + " is bad");
            }
        }
    }

    @Override
    public long bytes() {
        return contents.byteSize();
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, IoVector target) throws IOException {
        check(offset, target.bytes());
        target.copyFrom(contents.asSlice(offset));
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        check(offset, source.bytes());
        source.copyTo(contents.asSlice(offset));
    }

    @Override
    public void flush() { }

    @Override
    public void discard(long offset, long bytes) {
        contents.asSlice(offset, bytes).fill((byte) 0);
    }

    @Override
    public void writeZeroes(long offset, long bytes, boolean mayUnmap) throws IOException {
        check(offset, bytes);
        contents.asSlice(offset, bytes).fill((byte) 0);
    }

    @Override
    public void close() { }
}
