// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

/// A memory operand of a host instruction.
///
/// @param base  host register, or [#NONE]
/// @param index host register but RSP, or [#NONE]
/// @param shift 0 to 3: the index counts 1, 2, 4 or 8 times
record Address(int base, int index, int shift, int displacement) {
    static final int NONE = -1;

    static Address of(int base, int displacement) {
        return new Address(base, NONE, 0, displacement);
    }

    Address plus(int distance) {
        return new Address(base, index, shift, Math.addExact(displacement, distance));
    }

    boolean canAdd(int distance) {
        return displacement <= Integer.MAX_VALUE - distance;
    }
}
