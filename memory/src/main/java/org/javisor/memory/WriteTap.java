// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// Somebody who takes some of the writes to a range of an [IoBus] before devices do: a doorbell that one value rings, a
/// zone whose writes are gathered. Reads are none of its business.
@FunctionalInterface
public interface WriteTap {
    /// A write that lies wholly in the range; on the thread of the access.
    ///
    /// @param address on the bus
    /// @param size    1, 2, 4 or 8 bytes
    /// @param value   zero-extended
    /// @return whether the write is done: if not, it goes on to the device
    boolean write(long address, int size, long value);
}
