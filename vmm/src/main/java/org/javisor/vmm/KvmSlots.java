// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Arrays;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemoryListener;
import org.javisor.memory.MemorySlot;
import org.javisor.vmm.kvm.VmFd;

/// Keeps KVM's slots those of guest memory.
final class KvmSlots implements MemoryListener {
    private final VmFd vm;
    private final GuestMemory memory;
    /// KVM's numbers of the slots that it has; guarded by this object's monitor.
    private final Map<MemorySlot, Integer> numbers = new IdentityHashMap<>();
    private final BitSet taken = new BitSet();

    KvmSlots(VmFd vm, GuestMemory memory) {
        this.vm = vm;
        this.memory = memory;
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
        vm.memoryRegion(number, slot.readOnly() ? VmFd.MEM_READONLY : 0, slot.gpa(), slot.bytes(),
                slot.hva(slot.gpa()));
        taken.set(number);
        numbers.put(slot, number);
    }

    private void remove(MemorySlot slot) {
        int number = numbers.remove(slot);
        vm.memoryRegion(number, 0, slot.gpa(), 0, 0);
        taken.clear(number);
    }
}
