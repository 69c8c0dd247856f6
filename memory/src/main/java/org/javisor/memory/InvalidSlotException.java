// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// A slot of guest memory that cannot be. Nothing has changed.
public final class InvalidSlotException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int slot;
    private final String argument;

    InvalidSlotException(int slot, String argument, String why) {
        super("slot " + slot + ": " + why);
        this.slot = slot;
        this.argument = argument;
    }

    /// The number of the slot that was asked for.
    public int slot() {
        return slot;
    }

    /// The name of the argument that is wrong: `id`, `gpa`, `ramOffset`, `bytes`, ...
    public String argument() {
        return argument;
    }
}
