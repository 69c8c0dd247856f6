// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.javisor.host.Errno;
import org.javisor.host.Ioctl;

/// A structure of a processor's state, here for as long as the processor does not run: fetched when it is first asked
/// for, and given back before the next run if it was changed.
final class KvmStatePart {
    private final VcpuFd vcpu;
    private final Ioctl get;
    private final Ioctl set;
    private final MemorySegment structure;
    private boolean here;
    private boolean changed;

    KvmStatePart(VcpuFd vcpu, Ioctl get, Ioctl set, Arena arena, int bytes) {
        this.vcpu = vcpu;
        this.get = get;
        this.set = set;
        this.structure = arena.allocate(bytes, Long.BYTES);
    }

    MemorySegment read() {
        if (!here) {
            vcpu.get(get, structure);
            here = true;
        }
        return structure;
    }

    /// For who changes it.
    MemorySegment write() {
        read();
        changed = true;
        return structure;
    }

    /// Asks KVM whether it takes the structure as it is after `change`. Afterwards both are as before.
    boolean accepts(Consumer<MemorySegment> change) {
        MemorySegment before = Arena.ofAuto().allocate(structure.byteSize(), Long.BYTES).copyFrom(structure);
        change.accept(structure);
        try {
            vcpu.set(set, structure);
        } catch (KvmException e) {
            if (e.errno() == Errno.EINVAL.number) {
                return false;
            }
            throw e;
        } finally {
            structure.copyFrom(before);
        }
        changed = true;
        return true;
    }

    /// Gives it back if it was changed. What KVM refuses is forgotten: the processor is as it was.
    void flush() {
        if (changed) {
            changed = false;
            here = false;
            vcpu.set(set, structure);
            here = true;
        }
    }

    /// The processor is about to run.
    void leave() {
        here = false;
    }

    /// Gives a change up.
    void forget() {
        changed = false;
        here = false;
    }
}
