// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// A disk's contents. Several threads may use one at once; what overlapping requests do to each other is
/// undefined, as on a disk.
public interface BlockBackend extends AutoCloseable {
    int SECTOR_BYTES = 512;

    /// The length of the contents. What is left of the last sector reads as zeros.
    long bytes();

    boolean readOnly();

    /// Fills `target` from `offset` on; zeros beyond the end.
    ///
    /// @param target off-heap, at most 1 GiB
    void read(long offset, MemorySegment target) throws IOException;

    /// Stores all of `source` from `offset` on.
    ///
    /// @param source off-heap, at most 1 GiB
    void write(long offset, MemorySegment source) throws IOException;

    /// Returns when all that was written before would survive a crash of the host.
    void flush() throws IOException;

    /// Says that the contents of a range are of no more use. They may become anything.
    void discard(long offset, long bytes) throws IOException;

    /// Makes a range read as zeros.
    ///
    /// @param mayUnmap whether the range may give up its space
    void writeZeroes(long offset, long bytes, boolean mayUnmap) throws IOException;

    @Override
    void close();
}
