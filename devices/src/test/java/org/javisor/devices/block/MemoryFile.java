// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.javisor.host.IoVector;

/// A file in memory that can lose power: it remembers what has not been synced, and can forget any part of it. It can
/// also be full.
public final class MemoryFile implements ImageFile {
    private static final int SECTOR = 512;

    /// The process was killed in the middle of a system call.
    public static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private record Change(long offset, byte[] bytes, long newLength) { }

    private byte[] bytes = new byte[0];
    private byte[] durable = bytes;
    private final List<Change> unsynced = new ArrayList<>();
    private long changesLeft = Long.MAX_VALUE;
    private long mostBytes = Long.MAX_VALUE;

    public MemoryFile() { }

    public MemoryFile(byte[] bytes) {
        this.bytes = bytes.clone();
        this.durable = this.bytes;
    }

    /// The `changes`th change from now on does not happen, nor anything after it.
    public void killAfter(long changes) {
        changesLeft = changes;
    }

    /// The file has no room for more bytes than this.
    public void limit(long most) {
        mostBytes = most;
    }

    public byte[] contents() {
        return bytes.clone();
    }

    /// What there is after the process was killed: all that was written.
    public MemoryFile afterKill() {
        return new MemoryFile(bytes);
    }

    /// What there is after the host lost power: all that was synced, and any sectors of the rest.
    public MemoryFile afterPowerFailure(Random random) {
        byte[] left = durable.clone();
        int chance = random.nextInt(101);
        for (Change change : unsynced) {
            if (change.bytes == null) {
                if (random.nextInt(100) < chance) {
                    left = Arrays.copyOf(left, (int) change.newLength);
                }
                continue;
            }
            for (int at = 0; at < change.bytes.length; at += SECTOR) {
                if (random.nextInt(100) < chance) {
                    int to = (int) change.offset + at;
                    int count = Math.min(SECTOR, change.bytes.length - at);
                    left = left.length < to + count ? Arrays.copyOf(left, to + count) : left;
                    System.arraycopy(change.bytes, at, left, to, count);
                }
            }
        }
        return new MemoryFile(left);
    }

    private void change() {
        if (changesLeft-- <= 0) {
            throw new Killed();
        }
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public long length() {
        return bytes.length;
    }

    @Override
    public void read(long offset, IoVector target) {
        target.zero();
        if (offset < bytes.length) {
            long there = Math.min(target.bytes(), bytes.length - offset);
            target.window(0, there).copyFrom(MemorySegment.ofArray(bytes).asSlice(offset, there));
        }
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        change();
        if (offset + source.bytes() > mostBytes) {
            throw new NoSpaceException("memory is full", null);
        }
        if (offset + source.bytes() > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.toIntExact(offset + source.bytes()));
        }
        byte[] written = new byte[(int) source.bytes()];
        source.copyTo(MemorySegment.ofArray(written));
        System.arraycopy(written, 0, bytes, (int) offset, written.length);
        unsynced.add(new Change(offset, written, 0));
    }

    @Override
    public void sync() {
        change();
        durable = bytes.clone();
        unsynced.clear();
    }

    @Override
    public void truncate(long length) throws IOException {
        change();
        if (length > mostBytes) {
            throw new NoSpaceException("memory is full", null);
        }
        bytes = Arrays.copyOf(bytes, Math.toIntExact(length));
        unsynced.add(new Change(0, null, length));
    }

    @Override
    public boolean punch(long offset, long length) {
        change();
        int from = (int) Math.min(offset, bytes.length);
        int to = (int) Math.min(offset + length, bytes.length);
        Arrays.fill(bytes, from, to, (byte) 0);
        unsynced.add(new Change(from, new byte[to - from], 0));
        return true;
    }

    @Override
    public boolean zero(long offset, long length) {
        return punch(offset, length);
    }

    @Override
    public void close() { }
}
