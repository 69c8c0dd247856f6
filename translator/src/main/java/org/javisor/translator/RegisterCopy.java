// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;

/// What of the processor's block R14 is known to be a copy of while code is written: a general register that is in
/// memory, mostly, which then need not be loaded once more.
///
/// [Assembler] tells of each instruction that could change either; wherever ways meet nothing is known.
final class RegisterCopy {
    /// Null if nothing is known.
    private Address address;

    /// R14 and the 8 bytes at `original` are the same.
    void is(Address original) {
        address = original.base() == State.BASE && original.index() == Address.NONE ? original : null;
    }

    boolean isOf(Address original) {
        return original.equals(address);
    }

    /// Another way leads here.
    void forget() {
        address = null;
    }

    /// An instruction that may change this register is written.
    void changed(int reg) {
        if (reg == R14) {
            address = null;
        }
    }

    /// The same of memory.
    void changed(Address memory) {
        if (memory.equals(address)) {
            address = null;
        }
    }
}
