// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemoryListener;
import org.javisor.memory.MemorySlot;

/// Keeps KVM's slots those of guest memory.
final class KvmSlots implements MemoryListener {
    private final VmFd vm;
    private final GuestMemory memory;
    /// KVM's numbers of the slots that it has; guarded by this object's monitor.
    private final Map<MemorySlot, Integer> numbers = new IdentityHashMap<>();
    /// The same the other way round, which anybody may look at.
    private final Map<Integer, MemorySlot> byNumber = new ConcurrentHashMap<>();
    private final BitSet taken = new BitSet();
    /// Those whose writes KVM logs.
    private final Set<MemorySlot> logged = Collections.newSetFromMap(new IdentityHashMap<>());
    /// Takes what rings hold, where KVM logs in these; else null.
    private final Runnable rings;

    KvmSlots(VmFd vm, GuestMemory memory, Runnable rings) {
        this.vm = vm;
        this.memory = memory;
        this.rings = rings;
    }

    @Override
    public synchronized void slotsChanged() {
        MemorySlot[] now = memory.slots();
        Set<MemorySlot> kept = Arrays.stream(now).filter(numbers::containsKey).collect(Collectors.toSet());
        for (MemorySlot slot : numbers.keySet().toArray(MemorySlot[]::new)) {
            if (!kept.contains(slot)) {
                remove(slot);
            }
        }
        for (MemorySlot slot : now) {
            if (!kept.contains(slot)) {
                add(slot);
            }
        }
    }

    private void add(MemorySlot slot) {
        int number = taken.nextClearBit(0);
        describe(number, slot);
        taken.set(number);
        numbers.put(slot, number);
        byNumber.put(number, slot);
    }

    private void describe(int number, MemorySlot slot) {
        int flags = (slot.readOnly() ? VmFd.MEM_READONLY : 0) | (slot.logging() ? VmFd.MEM_LOG_DIRTY_PAGES : 0);
        // The host's kernel asks nobody for pages: all of them have to be there.
        vm.memoryRegion(number, flags, slot.gpa(), slot.bytes(), slot.hva(slot.gpa(), slot.bytes()));
        if (slot.logging()) {
            logged.add(slot);
        } else {
            logged.remove(slot);
        }
    }

    private void remove(MemorySlot slot) {
        collectWrites(slot);
        logged.remove(slot);
        int number = numbers.remove(slot);
        byNumber.remove(number);
        vm.memoryRegion(number, 0, slot.gpa(), 0, 0);
        taken.clear(number);
    }

    /// A page of the slot that KVM knows by `number` has been written. Takes no lock.
    void written(int number, long page) {
        MemorySlot slot = byNumber.get(number);
        if (slot != null && page < slot.pages()) {
            slot.markDirty(slot.gpa() + (page << GuestMemory.PAGE_SHIFT));
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
        Integer number = numbers.get(slot);
        if (number != null && slot.logging() != logged.contains(slot)) {
            describe(number, slot);
        }
    }

    /// KVM's log is empty afterwards, and what is written from now on will be in it.
    @Override
    public synchronized void collectWrites(MemorySlot slot) {
        if (rings != null) {
            rings.run();
            vm.resetDirtyRings();
        } else if (logged.contains(slot)) {
            long[] written = vm.dirtyLog(numbers.get(slot), slot.pages());
            for (int word = 0; word < written.length; word++) {
                for (long bits = written[word]; bits != 0; bits &= bits - 1) {
                    long page = word * 64L + Long.numberOfTrailingZeros(bits);
                    slot.markDirty(slot.gpa() + (page << GuestMemory.PAGE_SHIFT));
                }
            }
        }
    }
}
