// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where the contents of memory come from that is not there yet: a snapshot that is restored while the machine runs
/// already, or another host.
///
/// Called from several threads at once, for different pages, once for each that it has delivered. A call may take long.
public interface PageSource {
    /// Fills a page of [GuestMemory#PAGE_BYTES] bytes.
    ///
    /// @param offset where the page is in the [Ram]
    /// @param page   to be filled; holds zeros
    /// @throws IOException if it cannot be had. Who touches it next asks again
    void read(long offset, MemorySegment page) throws IOException;
}
