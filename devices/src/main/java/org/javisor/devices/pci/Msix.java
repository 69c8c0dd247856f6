// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.Arrays;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;

/// The MSI-X capability: a table of messages and an array of pending bits, both in one memory BAR of their
/// own.
///
/// A vector that is triggered while it or the whole function is masked stays pending until the mask is
/// lifted.
///
/// @pci PCI Express 5.0 §7.7.2 "MSI-X Capability and Table Structure"
public final class Msix implements BusDevice, Chip<Msix.State> {
    private static final int ID = 0x11, CAPABILITY_BYTES = 12, CONTROL = 2;
    private static final int ENABLE = 0x8000, FUNCTION_MASK = 0x4000;
    private static final int ENTRY_BYTES = 16, VECTOR_CONTROL = 3, MASKED = 1;

    /// The table, four words an entry, and the pending bits.
    public record State(int[] table, long[] pending) {
        public State {
            if (table.length % 4 != 0 || pending.length != (table.length / 4 + 63) / 64) {
                throw new IllegalArgumentException("MSI-X table of " + table.length + " words");
            }
            table = table.clone();
            pending = pending.clone();
        }
    }

    private final PciFunction function;
    private final int control;
    private final int pbaOffset;
    private final int[] table;
    private final long[] pending;
    private boolean enabled;
    private boolean functionMasked;

    /// Adds the capability, and BAR `bar` with table and pending bits, to `function`.
    ///
    /// @param vectors 1 to 2048
    public Msix(PciFunction function, int bar, int vectors) {
        if (vectors < 1 || vectors > 2048) {
            throw new IllegalArgumentException(vectors + " MSI-X vectors");
        }
        this.function = function;
        table = new int[4 * vectors];
        pending = new long[(vectors + 63) / 64];
        pbaOffset = Math.max(2048, Integer.highestOneBit(2 * vectors * ENTRY_BYTES - 1));
        ConfigSpace config = function.config();
        int at = config.addCapability(ID, CAPABILITY_BYTES);
        control = at + CONTROL;
        config.set(control, 2, vectors - 1);
        config.allow(control, 2, ENABLE | FUNCTION_MASK);
        config.set(at + 4, 4, bar);
        config.set(at + 8, 4, pbaOffset | bar);
        function.addMemoryBar(bar, Math.max(4096, 2 * pbaOffset), this, "MSI-X table");
        function.onWrite(control, 2, this::applyControl);
        maskAll();
    }

    /// Runs `action` after each write of the word that switches between pins and messages: the pin is let go there.
    public void onSwitch(Runnable action) {
        function.onWrite(control, 2, action);
    }

    public int vectors() {
        return table.length / 4;
    }

    /// Whether the guest has switched from INTx to MSI-X.
    public synchronized boolean enabled() {
        return enabled;
    }

    /// Sends the vector's message, or remembers it while it is masked. Does nothing while MSI-X is off, or
    /// for a vector that does not exist.
    public void trigger(int vector) {
        if (vector < 0 || vector >= vectors()) {
            return;
        }
        long address;
        int data;
        synchronized (this) {
            if (!enabled) {
                return;
            }
            if (masked(vector)) {
                pending[vector >>> 6] |= 1L << vector;
                return;
            }
            address = address(vector);
            data = table[4 * vector + 2];
        }
        send(address, data);
    }

    private void send(long address, int data) {
        if (function.busMaster() && Msi.isMessageAddress(address)) {
            function.msi().send(address, data);
        }
    }

    private boolean masked(int vector) {
        return functionMasked || (table[4 * vector + VECTOR_CONTROL] & MASKED) != 0;
    }

    private long address(int vector) {
        return (long) table[4 * vector + 1] << 32 | table[4 * vector] & 0xffff_fffcL;
    }

    private void applyControl() {
        int value = function.readConfig(control, 2);
        synchronized (this) {
            enabled = (value & ENABLE) != 0;
            functionMasked = (value & FUNCTION_MASK) != 0;
        }
        for (int vector = 0; vector < vectors(); vector++) {
            sendPending(vector);
        }
    }

    private void sendPending(int vector) {
        boolean due;
        synchronized (this) {
            due = (pending[vector >>> 6] & 1L << vector) != 0 && enabled && !masked(vector);
            if (due) {
                pending[vector >>> 6] &= ~(1L << vector);
            }
        }
        if (due) {
            trigger(vector);
        }
    }

    // ---- the BAR ----

    @Override
    public long read(long offset, int size) {
        if (size == 8) {
            return read(offset, 4) & 0xffff_ffffL | read(offset + 4, 4) << 32;
        }
        int word = (int) offset >>> 2;
        int shift = 8 * ((int) offset & 3);
        long value;
        synchronized (this) {
            if (word < table.length) {
                value = table[word];
            } else {
                int at = (int) offset - pbaOffset >>> 3;
                value = offset >= pbaOffset && at < pending.length ? pending[at] >>> (offset & 4) * 8 : 0;
            }
        }
        return (value & 0xffff_ffffL) >>> shift;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (size == 8) {
            write(offset, 4, value & 0xffff_ffffL);
            write(offset + 4, 4, value >>> 32);
            return;
        }
        int word = (int) offset >>> 2;
        int shift = 8 * ((int) offset & 3);
        if (word >= table.length || shift + 8 * size > 32) {
            return;
        }
        int mask = size == 4 ? -1 : (1 << 8 * size) - 1 << shift;
        synchronized (this) {
            int merged = table[word] & ~mask | (int) value << shift & mask;
            table[word] = switch (word & 3) {
                case 0 -> merged & ~3;
                case VECTOR_CONTROL -> merged & MASKED;
                default -> merged;
            };
        }
        if ((word & 3) == VECTOR_CONTROL) {
            sendPending(word >>> 2);
        }
    }

    // ---- life ----

    private void maskAll() {
        for (int i = 0; i < table.length; i++) {
            table[i] = (i & 3) == VECTOR_CONTROL ? MASKED : 0;
        }
        Arrays.fill(pending, 0);
    }

    /// Resets the table; the capability's control word belongs to the function.
    @Override
    public void reset() {
        synchronized (this) {
            maskAll();
        }
    }

    @Override
    public synchronized State save() {
        return new State(table, pending);
    }

    @Override
    public void load(State state) {
        synchronized (this) {
            if (state.table.length != table.length) {
                throw new IllegalArgumentException("MSI-X table for " + state.table.length / 4 + " vectors");
            }
            System.arraycopy(state.table, 0, table, 0, table.length);
            System.arraycopy(state.pending, 0, pending, 0, pending.length);
        }
    }
}
