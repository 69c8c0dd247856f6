// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.events.EventBudget;
import org.javisor.cpu.events.TlbFillEvent;
import org.javisor.host.HostMemory;
import org.javisor.memory.MemorySlot;

/// What lets translated code walk page tables by itself: in IA-32e mode, through ordinary memory, to pages of 4 KiB and
/// 2 MiB with key 0, or to a fault. All else is left to [TlbFill].
final class HostWalks {
    /// Of an entry: protection keys, and XD.
    private static final long KEY = 15L << 59, XD = 1L << 63;
    private static final int KEY_0 = 3, KEY_RIGHTS_BYTES = 4;

    /// For walks that are left to Java only so that they are recorded.
    final EventBudget recorded = new EventBudget(1_000);
    private final Cpu cpu;
    private final long state;
    /// The slots that translated code knows, so that what it has of them stays where it is.
    private final MemorySlot[] slots = new MemorySlot[CpuLayout.WALK_SLOT_COUNT];
    private final long address;
    private final long reserved;

    HostWalks(Cpu cpu) {
        this.cpu = cpu;
        this.state = cpu.state;
        this.address = (1L << cpu.cpuid.physicalAddressBits()) - 4096;
        this.reserved = (1L << 52) - 4096 & ~address;
    }

    /// Translated code is about to be entered. It walks only where that is the same as in Java; and not at all while
    /// somebody counts walks, or the next is to be recorded.
    void permit() {
        boolean possible = isUsual() && !cpu.monitor.counting
                && !(TlbFillEvent.on() && recorded.hasRoom());
        HostMemory.storeLong(state + CpuLayout.WALK_ADDRESS, possible ? address : 0);
        HostMemory.storeLong(state + CpuLayout.WALK_RESERVED, (cpu.efer & ControlBits.EFER_NXE) == 0 ? reserved | XD
                : reserved);
        HostMemory.storeLong(state + CpuLayout.WALK_KEYS, cpu.keys.enabled() ? KEY : 0);
        HostMemory.storeInt(state + CpuLayout.KEY_RIGHTS,
                (cpu.cr4 & ControlBits.CR4_PKE) != 0 ? cpu.keys.user() : 0);
        HostMemory.storeInt(state + CpuLayout.KEY_RIGHTS + KEY_RIGHTS_BYTES,
                (cpu.cr4 & ControlBits.CR4_PKS) != 0 ? cpu.keys.supervisor() : 0);
        HostMemory.storeInt(state + CpuLayout.WALK_FETCH,
                cpu.mmu.fill.tellsFetches() ? PageWalker.FETCH : 0);
        HostMemory.storeInt(state + CpuLayout.EPOCH, cpu.group.epoch());
        // In lock-step, what host code has changed in memory is taken back, but for what it has not noted.
        HostMemory.storeInt(state + CpuLayout.WALK_SETS, cpu.group.checked ? 0 : 1);
    }

    private boolean isUsual() {
        return (cpu.efer & ControlBits.EFER_LMA) != 0
                && (!cpu.keys.enabled() || ((cpu.keys.user() | cpu.keys.supervisor()) & KEY_0) == 0)
                && !cpu.debug.watching && !cpu.mmu.fill.a20Masked && !cpu.management.active();
    }

    /// Slots have changed, or whether writes are logged.
    void publishSlots() {
        for (int n = 0; n < slots.length; n++) {
            slots[n] = null;
            HostMemory.storeLong(at(n) + CpuLayout.SLOT_LENGTH, 0);
        }
        for (MemorySlot slot : cpu.environment.memory().slots()) {
            offer(slot);
        }
    }

    /// Has translated code know a slot that was walked to in its place.
    void met(MemorySlot slot) {
        if (slot != slots[0] && slot != slots[1] && slot.isPlain() && isWanted(slot) && !cpu.management.active()) {
            publishSlots();
        }
    }

    private boolean isWanted(MemorySlot slot) {
        return slots[0] == null || slots[1] == null || Math.min(slots[0].bytes(), slots[1].bytes()) < slot.bytes();
    }

    /// The largest are known.
    private void offer(MemorySlot slot) {
        int least = slots[0] != null && (slots[1] == null || slots[1].bytes() < slots[0].bytes()) ? 1 : 0;
        if (slot.isPlain() && (slots[least] == null || slots[least].bytes() < slot.bytes())) {
            slots[least] = slot;
            long at = at(least);
            HostMemory.storeLong(at + CpuLayout.SLOT_GPA, slot.gpa());
            HostMemory.storeLong(at + CpuLayout.SLOT_LENGTH, slot.bytes());
            HostMemory.storeLong(at + CpuLayout.SLOT_DISTANCE, slot.hva(slot.gpa()) - slot.gpa());
            HostMemory.storeLong(at + CpuLayout.SLOT_GRANTS, slot.grantsHva());
            HostMemory.storeLong(at + CpuLayout.SLOT_TRACKED, slot.trackedHva());
        }
    }

    private long at(int slot) {
        return state + CpuLayout.WALK_SLOTS + (long) slot * CpuLayout.WALK_SLOT_BYTES;
    }
}
