// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.foreign;

import java.io.IOException;

/// Where everything on a disk is. For any thread.
interface Layout extends AutoCloseable {
    /// The disk's size.
    long bytes();

    /// What is at `offset` of the disk, which is before its end: a piece of at least one byte.
    Piece find(long offset) throws IOException;

    /// Closes the files that it reads.
    @Override
    void close();
}
