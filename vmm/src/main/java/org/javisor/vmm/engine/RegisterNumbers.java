// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.Registers;

/// Which registers there are, and what some of them cannot hold. Engines keep them in memory that nobody checks
/// accesses to: numbers are checked here, as they come from the machine's owner.
public final class RegisterNumbers {
    private static final int GENERAL = 16, VECTORS = 16, WORDS = 4, STACK = 8, LARGEST_LIMIT = 0xffff;
    /// Of RFLAGS: all that mean something, and that which is always set.
    private static final long FLAGS = 0x3f_7fd7, ALWAYS_SET = 2;

    private RegisterNumbers() { }

    private static int checked(String kind, int number, int count) {
        if (number < 0 || number >= count) {
            throw new InvalidRegisterException(kind + " " + number, "it does not exist");
        }
        return number;
    }

    /// @return `number`, which is that of a general register
    /// @throws InvalidRegisterException if it is not; so do all below
    public static int general(int number) {
        return checked("general register", number, GENERAL);
    }

    /// @return `number`, from [Registers#ES] to [Registers#TR]
    public static int segment(int number) {
        return checked("segment register", number, Registers.TR + 1);
    }

    /// @return `number`, of a debug register; 4 and 5 are other names
    public static int debug(int number) {
        if (number < 0 || number > 7 || number == 4 || number == 5) {
            throw new InvalidRegisterException("dr" + number, "it does not exist");
        }
        return number;
    }

    /// @return `number`, of a vector register that has a quarter `word`
    public static int vector(int number, int word) {
        checked("vector register " + number + ", word", word, WORDS);
        return checked("vector register", number, VECTORS);
    }

    /// @return `number`, from the top of the x87 unit's stack
    public static int x87(int number) {
        return checked("st", number, STACK);
    }

    /// @return `value` with the bit that is always set
    public static long rflags(long value) {
        if ((value & ~FLAGS) != 0) {
            throw new InvalidRegisterException("rflags", String.format("0x%x has bits that have no meaning", value));
        }
        return value | ALWAYS_SET;
    }

    /// @return `limit`, of a descriptor table
    public static int limit(String table, int limit) {
        if (limit < 0 || limit > LARGEST_LIMIT) {
            throw new InvalidRegisterException(table, String.format("0x%x is no limit of 16 bits", limit));
        }
        return limit;
    }
}
