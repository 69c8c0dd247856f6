// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.lang.foreign.MemorySegment;

/// Takes what is in pages that are to be absent again.
public interface PageSink {
    /// @param offset where the page is in its [Ram]
    void take(long offset, MemorySegment page);
}
