// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemoryListener;
import org.javisor.memory.MemorySlot;

/// Keeps KVM's slots those of guest memory, in one of KVM's address spaces: that of processors, or that of processors
/// in system management mode.
///
/// The slots of a view hide those beneath, while KVM's do not overlap: what KVM gets are pieces of slots.
final class KvmSlots implements MemoryListener {
    /// KVM's numbers of address spaces: the upper halves of its numbers of slots.
    static final int ORDINARY = 0, MANAGEMENT = 1 << 16;

    private final VmFd vm;
    private final int space;
    private final GuestMemory memory;
    /// KVM's numbers of the pieces that it has; guarded by this object's monitor.
    private final Map<SlotPiece, Integer> numbers = new HashMap<>();
    /// The same the other way round, which anybody may look at.
    private final Map<Integer, SlotPiece> byNumber = new ConcurrentHashMap<>();
    private final BitSet taken = new BitSet();
    /// Those whose writes KVM logs.
    private final Set<SlotPiece> logged = new HashSet<>();
    /// Takes what rings hold, where KVM logs in these; else null.
    private final Runnable rings;

    /// @param space  [#ORDINARY], or [#MANAGEMENT] for what is seen through the memory's view
    KvmSlots(VmFd vm, int space, GuestMemory memory, Runnable rings) {
        this.vm = vm;
        this.space = space;
        this.memory = memory;
        this.rings = rings;
    }

    /// Follows changes of the memory from now on.
    void follow() {
        memory.addListener(this);
        if (space == MANAGEMENT) {
            memory.management().addListener(this);
        }
    }

    void unfollow() {
        memory.removeListener(this);
        if (space == MANAGEMENT) {
            memory.management().removeListener(this);
        }
    }

    @Override
    public synchronized void slotsChanged() {
        Set<SlotPiece> now = seen();
        for (SlotPiece piece : List.copyOf(numbers.keySet())) {
            if (!now.contains(piece)) {
                remove(piece);
            }
        }
        for (SlotPiece piece : now) {
            if (!numbers.containsKey(piece)) {
                add(piece);
            }
        }
    }

    private Set<SlotPiece> seen() {
        Set<SlotPiece> pieces = new LinkedHashSet<>();
        MemorySlot[] hiding = space == MANAGEMENT ? memory.management().slots() : new MemorySlot[0];
        for (MemorySlot slot : memory.slots()) {
            List<SlotPiece> left = List.of(SlotPiece.whole(slot));
            for (MemorySlot over : hiding) {
                left = left.stream().flatMap(piece -> piece.without(over).stream()).toList();
            }
            pieces.addAll(left);
        }
        for (MemorySlot slot : hiding) {
            pieces.add(SlotPiece.whole(slot));
        }
        return pieces;
    }

    private void add(SlotPiece piece) {
        int number = taken.nextClearBit(0);
        describe(number | space, piece);
        taken.set(number);
        numbers.put(piece, number | space);
        byNumber.put(number | space, piece);
    }

    private void describe(int number, SlotPiece piece) {
        MemorySlot slot = piece.slot();
        int flags = (slot.readOnly() ? VmFd.MEM_READONLY : 0) | (slot.logging() ? VmFd.MEM_LOG_DIRTY_PAGES : 0);
        // The host's kernel asks nobody for pages: all of them have to be there.
        vm.memoryRegion(number, flags, piece.gpa(), piece.bytes(), slot.hva(piece.gpa(), piece.bytes()));
        if (slot.logging()) {
            logged.add(piece);
        } else {
            logged.remove(piece);
        }
    }

    private void remove(SlotPiece piece) {
        collect(piece);
        logged.remove(piece);
        int number = numbers.remove(piece);
        byNumber.remove(number);
        vm.memoryRegion(number, 0, piece.gpa(), 0, 0);
        taken.clear(number & ~space);
    }

    /// A page of what KVM knows by `number` has been written. Takes no lock.
    void written(int number, long page) {
        SlotPiece piece = byNumber.get(number);
        if (piece != null && page < piece.pages()) {
            piece.markDirty(page);
        }
    }

    /// KVM tells of the next writes again.
    @Override
    public void ringsReset() {
        if (rings != null) {
            vm.resetDirtyRings();
        }
    }

    @Override
    public synchronized void loggingChanged(MemorySlot slot) {
        numbers.forEach((piece, number) -> {
            if (piece.slot() == slot && slot.logging() != logged.contains(piece)) {
                describe(number, piece);
            }
        });
    }

    /// KVM's log is empty afterwards, and what is written from now on will be in it.
    @Override
    public synchronized void collectWrites(MemorySlot slot) {
        for (SlotPiece piece : List.copyOf(numbers.keySet())) {
            if (piece.slot() == slot) {
                collect(piece);
            }
        }
    }

    private void collect(SlotPiece piece) {
        if (rings != null) {
            rings.run();
            vm.resetDirtyRings();
        } else if (logged.contains(piece)) {
            long[] written = vm.dirtyLog(numbers.get(piece), piece.pages());
            for (int word = 0; word < written.length; word++) {
                for (long bits = written[word]; bits != 0; bits &= bits - 1) {
                    piece.markDirty(word * 64L + Long.numberOfTrailingZeros(bits));
                }
            }
        }
    }
}
