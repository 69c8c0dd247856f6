// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.OptionalLong;

/// A write of the guest's that rings a doorbell (`KVM_IOEVENTFD`).
///
/// @param address a port, or guest-physical
/// @param bytes   how wide the write is: 1, 2, 4 or 8, or 0 for any that begins at the address
/// @param match   the value that must be written, or any
public record IoEvent(Space space, long address, int bytes, OptionalLong match) {
    private static final long LAST_PORT = 0xffff;

    /// Where an address is.
    public enum Space { PORT, MMIO }

    public IoEvent {
        if (bytes != 0 && bytes != 1 && bytes != 2 && bytes != 4 && (bytes != 8 || space == Space.PORT)) {
            throw new IllegalArgumentException("no write to a " + space + " address is " + bytes + " bytes wide");
        }
        if (bytes == 0 && match.isPresent()) {
            throw new IllegalArgumentException("a write of any width has no value to match");
        }
        if (match.isPresent() && bytes < 8 && match.getAsLong() >>> 8 * bytes != 0) {
            throw new IllegalArgumentException(String.format("0x%x does not fit %d bytes", match.getAsLong(), bytes));
        }
        long last = address + Math.max(0, bytes - 1);
        if (space == Space.PORT && (address < 0 || last > LAST_PORT)
                || Long.compareUnsigned(last, address) < 0) {
            throw new IllegalArgumentException(String.format("no %s address is 0x%x", space, address));
        }
    }

    /// A write of `bytes` bytes, whatever the value.
    public static IoEvent any(Space space, long address, int bytes) {
        return new IoEvent(space, address, bytes, OptionalLong.empty());
    }

    /// A write of `value`.
    public static IoEvent of(Space space, long address, int bytes, long value) {
        return new IoEvent(space, address, bytes, OptionalLong.of(value));
    }

    /// Whether some write would ring both.
    public boolean overlaps(IoEvent other) {
        return space == other.space && address == other.address
                && (bytes == 0 || other.bytes == 0
                        || bytes == other.bytes && (match.isEmpty() || other.match.isEmpty()
                                || match.equals(other.match)));
    }
}
