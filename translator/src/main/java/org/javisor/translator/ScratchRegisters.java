// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import static org.javisor.translator.Assembler.R14;
import static org.javisor.translator.Assembler.R15;

/// Guest registers that are in memory, R12 to R15, in the host's R14 and R15 for one instruction.
///
/// An operand that is only written may take the place of one that is only read, or of the memory operand's address: the
/// host's instruction has read those by then.
final class ScratchRegisters {
    static final int ABSENT = -1;
    private static final int[] HOST = {R14, R15};

    private final Assembler asm;
    /// By position in [#HOST]: which guest register was loaded, and which is to be stored.
    private final int[] source = new int[HOST.length];
    private final int[] target = new int[HOST.length];
    private Address address;

    ScratchRegisters(Assembler asm) {
        this.asm = asm;
    }

    /// Begins an instruction.
    ///
    /// @param operand its memory operand, which may be in scratch registers, or null
    void begin(Address operand) {
        address = operand;
        for (int n = 0; n < HOST.length; n++) {
            source[n] = ABSENT;
            target[n] = ABSENT;
        }
    }

    /// Loads guest register `reg`. All that are read come before all that are written.
    void read(int reg) {
        if (indexOf(source, reg) == ABSENT) {
            int n = free();
            source[n] = reg;
            asm.load(HOST[n], State.general(reg));
        }
    }

    /// Finds a place for guest register `reg`, which [#writeBack] stores.
    void write(int reg) {
        if (indexOf(target, reg) != ABSENT) {
            return;
        }
        int n = indexOf(source, reg);
        if (n == ABSENT) {
            n = free();
        }
        for (int other = 0; n == ABSENT; other++) {
            n = target[other] == ABSENT ? other : ABSENT;
        }
        target[n] = reg;
    }

    private int free() {
        for (int n = 0; n < HOST.length; n++) {
            boolean taken = address != null && (address.base() == HOST[n] || address.index() == HOST[n]);
            if (source[n] == ABSENT && target[n] == ABSENT && !taken) {
                return n;
            }
        }
        return ABSENT;
    }

    private static int indexOf(int[] guests, int reg) {
        for (int n = 0; n < guests.length; n++) {
            if (guests[n] == reg) {
                return n;
            }
        }
        return ABSENT;
    }

    /// The host register that has guest register `reg`, or is to have it if it is written.
    int host(int reg, boolean written) {
        int read = indexOf(source, reg);
        return HOST[written || read == ABSENT ? indexOf(target, reg) : read];
    }

    /// Whether R15 has been assigned.
    boolean usesR15() {
        return source[1] != ABSENT || target[1] != ABSENT;
    }

    /// To be called behind the instruction.
    ///
    /// @param changed the guest register that it has changed where it is in memory, or ABSENT
    void writeBack(int changed) {
        if (source[0] != ABSENT && target[0] == ABSENT && source[0] != changed) {
            asm.copy().is(State.general(source[0]));
        }
        for (int n = 0; n < HOST.length; n++) {
            if (target[n] != ABSENT) {
                asm.store(State.general(target[n]), HOST[n]);
            }
        }
    }
}
