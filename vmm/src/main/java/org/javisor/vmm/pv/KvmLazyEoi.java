// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.memory.GuestMemory;

/// KVM's word for ends of interrupts.
///
/// @linux Documentation/virt/kvm/x86/msr.rst "MSR_KVM_EOI_EN"
final class KvmLazyEoi {
    private static final int ENABLED = 1, RESERVED = 2;

    private final GuestMemory memory;
    private final PvProcessor processor;
    private long register;

    KvmLazyEoi(GuestMemory memory, PvProcessor processor) {
        this.memory = memory;
        this.processor = processor;
    }

    long register() {
        return register;
    }

    boolean register(long value) {
        if ((value & RESERVED) != 0 || (value & ENABLED) != 0 && !memory.backsWrites(value & ~3L, 4)) {
            return false;
        }
        processor.lazyEndOfInterrupt(null);
        register = value;
        if ((value & ENABLED) != 0) {
            processor.lazyEndOfInterrupt(new LazyEoiWord(memory, value & ~3L));
        }
        return true;
    }

    void reset() {
        processor.lazyEndOfInterrupt(null);
        register = 0;
    }
}
