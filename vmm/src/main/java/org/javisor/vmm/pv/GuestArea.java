// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.lang.invoke.VarHandle;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// A structure of the guest's that the hypervisor writes into. What lies outside memory is not written.
final class GuestArea {
    private final GuestMemory memory;
    private final long gpa;

    GuestArea(GuestMemory memory, long gpa) {
        this.memory = memory;
        this.gpa = gpa;
    }

    /// Whether all of `bytes` bytes are memory that can be written.
    boolean backed(int bytes) {
        return memory.backsWrites(gpa, bytes);
    }

    long load(int offset, int size) {
        try {
            return memory.load(gpa + offset, size);
        } catch (OutOfRangeException _) {
            return 0;
        }
    }

    void store(int offset, int size, long value) {
        try {
            memory.store(gpa + offset, size, value);
        } catch (OutOfRangeException _) {
            // As good as none.
        }
    }

    void store(int offset, byte[] bytes) {
        try {
            memory.store(gpa + offset, bytes);
        } catch (OutOfRangeException _) {
            // As good as none.
        }
    }

    /// Stores 4 bytes, all that was stored before visible to who sees them.
    void storeRelease(int offset, int value) {
        VarHandle.releaseFence();
        store(offset, 4, value);
    }

    /// Fills the first `bytes` bytes with zeros.
    ///
    /// @return false if not all of them are memory that can be written
    boolean clear(int bytes) {
        try {
            memory.store(gpa, new byte[bytes]);
            return true;
        } catch (OutOfRangeException _) {
            return false;
        }
    }

    /// Changes the area in a way that a reader on another processor notices: the number at `versionAt` is odd
    /// meanwhile, and another one afterwards.
    void change(int versionAt, Runnable stores) {
        int version = (int) load(versionAt, 4);
        int odd = version + 1 | 1;
        store(versionAt, 4, odd);
        VarHandle.releaseFence();
        stores.run();
        VarHandle.releaseFence();
        store(versionAt, 4, odd + 1);
    }
}
