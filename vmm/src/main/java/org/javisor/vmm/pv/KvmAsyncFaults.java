// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.MemorySlot;

/// KVM's asynchronous page faults of one processor: the guest is told that a page is not there yet, by a page fault
/// with a token in CR2 and a reason in a structure of its own, and that it is, by an interrupt with the token there; so
/// that it can run something else meanwhile.
///
/// ```
///   0 FLAGS  1: the page fault that was just raised is one of these
///   4 TOKEN  of a page that is ready; the guest clears it and writes ASYNC_PF_ACK when it has looked
/// ```
/// Pages become ready on other threads: the lock guards everything.
///
/// @linux Documentation/virt/kvm/x86/msr.rst "MSR_KVM_ASYNC_PF_EN"
final class KvmAsyncFaults {
    private static final int ENABLED = 1, ALSO_KERNEL = 2, BY_INTERRUPT = 8;
    /// Exits of nested guests for such faults, which are not offered, are one.
    private static final int RESERVED = 0x34;
    private static final int BYTES = 64;
    private static final int FLAGS = 0, TOKEN = 4;
    private static final int NOT_PRESENT = 1;
    /// The token of all pages that the guest waits for.
    private static final int ALL = -1;
    /// Fixed, edge-triggered, asserted.
    private static final int COMMAND = 0x4000;
    /// Pages that one processor may wait for at once.
    private static final int MOST = 64;

    private final GuestMemory memory;
    private final PvMachine machine;
    private final int processor;
    private long register;
    private int vector;
    private int count;
    /// What the guest waits for, and of it what is ready but has not been told.
    private final Set<Integer> awaited = new HashSet<>();
    private final Queue<Integer> ready = new ArrayDeque<>();
    /// An interrupt has been sent that the guest has not acknowledged.
    private boolean told;

    /// @param processor its number, which is its APIC id
    KvmAsyncFaults(PvMachine machine, int processor) {
        this.machine = machine;
        this.memory = machine.memory();
        this.processor = processor;
    }

    // ---- registers ----

    synchronized long register() {
        return register;
    }

    synchronized boolean register(long value) {
        boolean enabled = (value & ENABLED) != 0;
        if ((value & RESERVED) != 0 || enabled && !memory.backsWrites(value & -BYTES, BYTES)) {
            return false;
        }
        if (!enabled) {
            forget();
        }
        register = value;
        return true;
    }

    synchronized long vector() {
        return vector;
    }

    synchronized boolean vector(long value) {
        boolean valid = (value & ~0xff) == 0;
        vector = valid ? (int) value : vector;
        return valid;
    }

    /// ASYNC_PF_ACK. Bits beside the lowest are nobody's.
    synchronized boolean acknowledge(long value) {
        if ((value & 1) != 0) {
            told = false;
            tell();
        }
        return true;
    }

    synchronized void reset() {
        register = 0;
        vector = 0;
        forget();
    }

    /// Tells a guest that goes on in another machine that all it waits for is there: what is not, it will touch again.
    synchronized void restored() {
        int wanted = ENABLED | BY_INTERRUPT;
        if ((register & wanted) == wanted) {
            ready.add(ALL);
            tell();
        }
    }

    /// What is on its way comes without a word.
    private void forget() {
        awaited.clear();
        ready.clear();
        told = false;
    }

    // ---- faults ----

    /// The guest touches a page that is not there.
    ///
    /// @return the token that it is told, or 0 if it has to wait
    synchronized int notPresent(MemorySlot slot, long gpa, boolean user) {
        int wanted = ENABLED | BY_INTERRUPT | (user ? 0 : ALSO_KERNEL);
        if ((register & wanted) != wanted || awaited.size() == MOST || !hasArea()) {
            return 0;
        }
        int token = (++count & 0xf_ffff) << 12 | processor & 0xfff;
        if (!slot.fetch(gpa, () -> present(token))) {
            return 0;
        }
        awaited.add(token);
        area().store(FLAGS, 4, NOT_PRESENT);
        return token;
    }

    private GuestArea area() {
        return new GuestArea(memory, address());
    }

    private long address() {
        return register & -BYTES;
    }

    /// Whether the structure is there now, in memory that can be written: slots change.
    private boolean hasArea() {
        MemorySlot slot = memory.find(address());
        return slot != null && !slot.readOnly() && !slot.isAbsent(address());
    }

    private synchronized void present(int token) {
        if (awaited.remove(token)) {
            ready.add(token);
            tell();
        }
    }

    private void tell() {
        if (!told && !ready.isEmpty() && area().load(TOKEN, 4) == 0) {
            area().store(TOKEN, 4, ready.remove());
            told = true;
            machine.interrupt(processor, COMMAND | vector);
        }
    }
}
