// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.javisor.memory.GuestMemory;
import org.javisor.vmm.Vcpu;

/// Guest memory as a debugger sees it: by linear address with a vCPU's page tables, or by physical address, and without
/// the INT3 bytes of its own breakpoints. Devices are never touched: what is not memory cannot be read.
///
/// Only while the machine is stopped.
final class GuestView {
    private static final int INT3 = 0xcc;
    private static final long PAGE_MASK = GuestMemory.PAGE_BYTES - 1;

    private final GuestMemory memory;
    /// By guest-physical address: the bytes that breakpoints have replaced.
    private final Map<Long, Byte> replaced = new HashMap<>();
    private boolean physical;

    GuestView(GuestMemory memory) {
        this.memory = memory;
    }

    boolean physical() {
        return physical;
    }

    /// Whether addresses are guest-physical from now on.
    void physical(boolean wanted) {
        physical = wanted;
    }

    /// The guest-physical address of an address of the client's, or -1.
    long gpa(Vcpu vcpu, long address) {
        return physical ? address : vcpu.translate(address);
    }

    /// As much of `count` bytes from `address` as can be read: nothing, if not even the first can.
    byte[] read(Vcpu vcpu, long address, int count) {
        byte[] bytes = new byte[count];
        int done = 0;
        while (done < count) {
            long at = address + done;
            int run = (int) Math.min(count - done, PAGE_MASK + 1 - (at & PAGE_MASK));
            long gpa = gpa(vcpu, at);
            if (gpa == -1 || !memory.backs(gpa, run)) {
                break;
            }
            memory.load(gpa, bytes, done, run);
            for (int i = 0; i < run && !replaced.isEmpty(); i++) {
                bytes[done + i] = replaced.getOrDefault(gpa + i, bytes[done + i]);
            }
            done += run;
        }
        return done == count ? bytes : Arrays.copyOf(bytes, done);
    }

    /// Writes all of `bytes`.
    ///
    /// @throws BadPacket if not all of it is memory; nothing has been written then
    void write(Vcpu vcpu, long address, byte[] bytes) {
        forEachPage(vcpu, address, bytes.length, (gpa, from, count) -> { });
        forEachPage(vcpu, address, bytes.length, (gpa, from, count) -> {
            for (int i = 0; i < count; i++) {
                // Under a breakpoint it is the byte to be put back that changes.
                if (replaced.replace(gpa + i, bytes[from + i]) == null) {
                    memory.store(gpa + i, 1, bytes[from + i]);
                }
            }
        });
    }

    @FunctionalInterface
    private interface Part {
        void accept(long gpa, int from, int count);
    }

    private void forEachPage(Vcpu vcpu, long address, int length, Part part) {
        for (int done = 0; done < length; ) {
            long at = address + done;
            int run = (int) Math.min(length - done, PAGE_MASK + 1 - (at & PAGE_MASK));
            long gpa = gpa(vcpu, at);
            if (gpa == -1 || !memory.backs(gpa, run) || memory.find(gpa).readOnly()) {
                throw new BadPacket(String.format("no memory can be written at 0x%x", at));
            }
            part.accept(gpa, done, run);
            done += run;
        }
    }

    // ---- breakpoints in memory ----

    /// Puts an INT3 at a guest-physical address; false where that is not possible.
    boolean putInt3(long gpa) {
        if (gpa == -1 || !memory.backs(gpa, 1) || memory.find(gpa).readOnly()) {
            return false;
        }
        if (!replaced.containsKey(gpa)) {
            replaced.put(gpa, memory.loadByte(gpa));
            memory.storeByte(gpa, (byte) INT3);
        }
        return true;
    }

    /// Takes an INT3 away, unless the guest has meanwhile written something else.
    void takeInt3(long gpa) {
        Byte original = replaced.remove(gpa);
        if (original != null && memory.backs(gpa, 1) && memory.loadByte(gpa) == (byte) INT3) {
            memory.storeByte(gpa, original);
        }
    }
}
