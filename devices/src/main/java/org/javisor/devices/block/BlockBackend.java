// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.javisor.host.IoVector;

/// A disk's contents. Several threads may use one at once; what overlapping requests do to each other is
/// undefined, as on a disk.
///
/// A request that throws has had no effect, or part of its effect; the same request may be made again. One that
/// returns before a [#flush] does is on the disk for good when that returns.
public interface BlockBackend extends AutoCloseable {
    int SECTOR_BYTES = 512;

    /// The length of the contents. What is left of the last sector reads as zeros.
    long bytes();

    boolean readOnly();

    /// Fills `target` from `offset` on; zeros beyond the end.
    void read(long offset, IoVector target) throws IOException;

    /// Stores all of `source` from `offset` on.
    void write(long offset, IoVector source) throws IOException;

    /// Returns when all that was written before would survive a crash of the host.
    void flush() throws IOException;

    /// Says that the contents of a range are of no more use. They may become anything.
    void discard(long offset, long bytes) throws IOException;

    /// Makes a range read as zeros.
    ///
    /// @param mayUnmap whether the range may give up its space
    void writeZeroes(long offset, long bytes, boolean mayUnmap) throws IOException;

    /// How many bytes from `offset` on, up to `bytes`, are known to be zeros without a look at them. 0 is always true.
    default long zeroesAt(long offset, long bytes) throws IOException {
        return 0;
    }

    /// @param target off-heap
    default void read(long offset, MemorySegment target) throws IOException {
        read(offset, IoVector.of(target));
    }

    /// @param source off-heap
    default void write(long offset, MemorySegment source) throws IOException {
        write(offset, IoVector.of(source));
    }

    /// Flushes, as well as it can, and lets go of everything that it holds of the host.
    @Override
    void close();
}
