// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.util.Arrays;
import java.util.Comparator;

/// The slots of one moment, in the order of their addresses: an immutable table that every change replaces.
///
/// The slot that was found last is looked at first, since accesses come in runs; what threads race for is a hint.
final class SlotTable {
    static final SlotTable EMPTY = new SlotTable(0, new MemorySlot[0]);

    /// Counts the changes since the machine was made.
    final long generation;
    private final MemorySlot[] byAddress;
    private MemorySlot last;

    private SlotTable(long generation, MemorySlot[] byAddress) {
        this.generation = generation;
        this.byAddress = byAddress;
        this.last = byAddress.length == 0 ? null : byAddress[0];
    }

    MemorySlot[] slots() {
        return byAddress.clone();
    }

    /// The slot that holds `gpa`, or null. Never allocates.
    MemorySlot find(long gpa) {
        MemorySlot recent = last;
        if (recent == null || recent.holds(gpa)) {
            return recent;
        }
        int low = 0;
        for (int high = byAddress.length - 1; low < high; ) {
            int middle = low + high + 1 >>> 1;
            if (Long.compareUnsigned(byAddress[middle].gpa, gpa) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        if (!byAddress[low].holds(gpa)) {
            return null;
        }
        last = byAddress[low];
        return last;
    }

    /// Slot number `id`, or null.
    MemorySlot slot(int id) {
        for (MemorySlot slot : byAddress) {
            if (slot.id == id) {
                return slot;
            }
        }
        return null;
    }

    /// @throws InvalidSlotException if the number is taken, or the addresses are
    SlotTable with(MemorySlot added) {
        for (MemorySlot other : byAddress) {
            if (other.id == added.id) {
                throw new InvalidSlotException(added.id, "id", "it exists");
            }
            if (other.holds(added.gpa) || added.holds(other.gpa)) {
                throw new InvalidSlotException(added.id, "gpa", String.format(
                        "0x%x bytes at 0x%x overlap slot %d", added.bytes, added.gpa, other.id));
            }
        }
        MemorySlot[] grown = Arrays.copyOf(byAddress, byAddress.length + 1);
        grown[byAddress.length] = added;
        Arrays.sort(grown, Comparator.comparing(slot -> slot.gpa, Long::compareUnsigned));
        return new SlotTable(generation + 1, grown);
    }

    SlotTable without(MemorySlot removed) {
        return new SlotTable(generation + 1,
                Arrays.stream(byAddress).filter(slot -> slot != removed).toArray(MemorySlot[]::new));
    }
}
