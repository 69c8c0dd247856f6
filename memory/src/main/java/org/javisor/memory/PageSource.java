// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where the contents of memory come from that is not there yet: a snapshot that is restored while the machine runs
/// already, or another host.
///
/// Called from several threads at once, for different pages, and once for each until it is withdrawn. A call may take
/// long.
public interface PageSource {
    /// Fills a page of [GuestMemory#PAGE_BYTES] bytes.
    ///
    /// @param offset where the page is in the [Ram]
    /// @param page   to be filled; what is in it means nothing, but zeros where it was never filled before
    /// @throws IOException if it cannot be had. Who touches it next asks again
    void read(long offset, MemorySegment page) throws IOException;
}
