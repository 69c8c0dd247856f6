// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.javisor.host.IoVector;

/// A disk in memory that writes down what is asked of it, and fails when it is told to.
public final class MemoryDisk implements BlockBackend {
    public final List<String> log = new ArrayList<>();
    public boolean failing;
    public boolean readOnly;
    private final MemorySegment contents;

    public MemoryDisk(long bytes) {
        contents = Arena.ofAuto().allocate(bytes);
    }

    public MemorySegment contents() {
        return contents;
    }

    private void note(String what) throws IOException {
        log.add(what);
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
        note("read");
        target.copyFrom(contents.asSlice(offset));
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        note("write");
        source.copyTo(contents.asSlice(offset));
    }

    @Override
    public void flush() throws IOException {
        note("flush");
    }

    @Override
    public void discard(long offset, long bytes) throws IOException {
        note("discard " + offset + " " + bytes);
    }

    @Override
    public void writeZeroes(long offset, long bytes, boolean mayUnmap) throws IOException {
        note("zeroes " + offset + " " + bytes + (mayUnmap ? " unmap" : ""));
    }

    @Override
    public void close() { }
}
