// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.javisor.devices.block.BlockBackend;
import org.javisor.host.IoVector;

/// A diskette in memory that fails when it is told to.
final class TestDiskette implements BlockBackend {
    boolean failing;
    private final MemorySegment contents;
    private final boolean readOnly;

    TestDiskette(FloppyFormat format, boolean readOnly) {
        this.contents = Arena.ofAuto().allocate(format.bytes());
        this.readOnly = readOnly;
    }

    void fill(SplittableRandom random) {
        byte[] bytes = new byte[(int) bytes()];
        random.nextBytes(bytes);
        contents.copyFrom(MemorySegment.ofArray(bytes));
    }

    byte[] bytes(long from, int count) {
        return contents.asSlice(from, count).toArray(ValueLayout.JAVA_BYTE);
    }

    private void check() throws IOException {
        if (failing) {
            throw new IOException("told to fail");
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
        check();
        target.copyFrom(contents.asSlice(offset));
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        check();
        source.copyTo(contents.asSlice(offset));
    }

    @Override
    public void flush() { }

    @Override
    public void discard(long offset, long bytes) { }

    @Override
    public void writeZeroes(long offset, long bytes, boolean mayUnmap) {
        contents.asSlice(offset, bytes).fill((byte) 0);
    }

    @Override
    public void close() { }
}
