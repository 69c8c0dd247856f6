// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import org.javisor.host.IoVector;

/// A disk that waits when the host has no room for what is written to it, and tries the same again until there is some.
///
/// Whoever made the request waits with it, so nothing is answered that has not been done.
public final class PatientDisk implements BlockBackend {
    private static final long RETRY_MS = 1000;

    /// Is told when a disk begins to wait, and when it no longer does. Must not wait for the disk.
    public interface Listener {
        void full(String message);

        void goesOn();
    }

    @FunctionalInterface
    private interface Request {
        void make() throws IOException;
    }

    private final BlockBackend disk;
    private final Listener listener;
    private final long retryMs;
    private boolean givenUp;

    public PatientDisk(BlockBackend disk, Listener listener) {
        this(disk, listener, RETRY_MS);
    }

    PatientDisk(BlockBackend disk, Listener listener, long retryMs) {
        this.disk = disk;
        this.listener = listener;
        this.retryMs = retryMs;
    }

    /// Lets what waits fail, now and from now on: the machine is to end.
    public synchronized void giveUp() {
        givenUp = true;
        notifyAll();
    }

    private void make(Request request) throws IOException {
        try {
            request.make();
        } catch (NoSpaceException e) {
            if (!mayWait()) {
                throw e;
            }
            listener.full(e.getMessage());
            try {
                retry(request, e);
            } finally {
                listener.goesOn();
            }
        }
    }

    private void retry(Request request, NoSpaceException first) throws IOException {
        NoSpaceException last = first;
        while (await()) {
            try {
                request.make();
                return;
            } catch (NoSpaceException e) {
                last = e;
            }
        }
        throw last;
    }

    private synchronized boolean mayWait() {
        return !givenUp;
    }

    /// @return whether to try again
    private synchronized boolean await() {
        try {
            if (!givenUp) {
                wait(retryMs);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
        return !givenUp;
    }

    @Override
    public long bytes() {
        return disk.bytes();
    }

    @Override
    public boolean readOnly() {
        return disk.readOnly();
    }

    @Override
    public void read(long offset, IoVector target) throws IOException {
        disk.read(offset, target);
    }

    @Override
    public void write(long offset, IoVector source) throws IOException {
        make(() -> disk.write(offset, source));
    }

    @Override
    public void flush() throws IOException {
        make(disk::flush);
    }

    @Override
    public void discard(long offset, long bytes) throws IOException {
        make(() -> disk.discard(offset, bytes));
    }

    @Override
    public void writeZeroes(long offset, long bytes, boolean mayUnmap) throws IOException {
        make(() -> disk.writeZeroes(offset, bytes, mayUnmap));
    }

    @Override
    public long zeroesAt(long offset, long bytes) throws IOException {
        return disk.zeroesAt(offset, bytes);
    }

    @Override
    public void close() {
        giveUp();
        disk.close();
    }
}
