// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.javisor.devices.net.e1000.Layout.BASE_HIGH;
import static org.javisor.devices.net.e1000.Layout.BASE_LOW;
import static org.javisor.devices.net.e1000.Layout.HEAD;
import static org.javisor.devices.net.e1000.Layout.LENGTH;
import static org.javisor.devices.net.e1000.Layout.TAIL;

/// A ring of descriptors of 16 bytes: those from the head up to the tail are the card's. What the driver says of it is
/// in registers, and may be nonsense: a head outside the ring means that nothing is in it.
///
/// Guarded by the card's lock.
///
/// @datasheet Intel 317453 §3.2.6 "Receive Descriptor Queue Structure"
final class Ring {
    static final int DESCRIPTOR = 16;
    private static final int LENGTH_BITS = 0xf_ff80, INDEX_BITS = 0xffff;

    private final int[] registers;
    private final int at;

    /// @param at the offset of the first of its registers in the card's
    Ring(int[] registers, int at) {
        this.registers = registers;
        this.at = at;
    }

    private int register(int which) {
        return registers[at + which >>> 2];
    }

    int size() {
        return (register(LENGTH) & LENGTH_BITS) / DESCRIPTOR;
    }

    int head() {
        return register(HEAD) & INDEX_BITS;
    }

    private int tail() {
        return register(TAIL) & INDEX_BITS;
    }

    /// How many descriptors are the card's.
    int available() {
        int size = size();
        int head = head();
        int tail = tail();
        if (head >= size || tail >= size) {
            return 0;
        }
        return head <= tail ? tail - head : size - head + tail;
    }

    /// The address of the descriptor `ahead` behind the head.
    long descriptor(int ahead) {
        int index = head() + ahead;
        return base() + (long) (index < size() ? index : index - size()) * DESCRIPTOR;
    }

    private long base() {
        return (long) register(BASE_HIGH) << 32 | register(BASE_LOW) & 0xffff_fff0L;
    }

    /// Gives the first `count` descriptors back to the driver.
    void advance(int count) {
        int index = head() + count;
        registers[at + HEAD >>> 2] = index < size() ? index : index - size();
    }
}
