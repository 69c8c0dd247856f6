// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.javisor.host.Ioctl;

/// The state that a processor of KVM's has when it is made, which is that after power-on, for resets: KVM itself has
/// none for them.
final class KvmPowerOn {
    private static final int TSC = 0x10;

    private record Part(Ioctl set, MemorySegment value) { }

    private final VcpuFd vcpu;
    /// In the order in which they are given back: what decides what others may hold comes first.
    private final List<Part> parts = new ArrayList<>();
    private final Map<Integer, Long> msrs = new LinkedHashMap<>();

    /// @param msrIndices those that make up the state
    /// @param chips      whether the processor has a local APIC
    KvmPowerOn(VcpuFd vcpu, Arena arena, int[] msrIndices, boolean chips) {
        this.vcpu = vcpu;
        keep(KvmCalls.KVM_GET_SREGS, KvmCalls.KVM_SET_SREGS, StateLayout.SREGS_BYTES, arena);
        keep(KvmCalls.KVM_GET_REGS, KvmCalls.KVM_SET_REGS, StateLayout.REGS_BYTES, arena);
        keep(KvmCalls.KVM_GET_XCRS, KvmCalls.KVM_SET_XCRS, StateLayout.XCRS_BYTES, arena);
        keep(KvmCalls.KVM_GET_XSAVE, KvmCalls.KVM_SET_XSAVE, StateLayout.XSAVE_BYTES, arena);
        keep(KvmCalls.KVM_GET_DEBUGREGS, KvmCalls.KVM_SET_DEBUGREGS, StateLayout.DEBUGREGS_BYTES, arena);
        keep(KvmCalls.KVM_GET_VCPU_EVENTS, KvmCalls.KVM_SET_VCPU_EVENTS, StateLayout.EVENTS_BYTES, arena);
        if (chips) {
            keep(KvmCalls.KVM_GET_LAPIC, KvmCalls.KVM_SET_LAPIC, StateLayout.LAPIC_BYTES, arena);
            keep(KvmCalls.KVM_GET_MP_STATE, KvmCalls.KVM_SET_MP_STATE, StateLayout.MP_STATE_BYTES, arena);
        }
        for (int index : msrIndices) {
            long[] value = vcpu.msrs(index);
            if (value.length == 1) {
                msrs.put(index, index == TSC ? 0 : value[0]);
            }
        }
    }

    private void keep(Ioctl get, Ioctl set, int bytes, Arena arena) {
        MemorySegment value = arena.allocate(bytes, Long.BYTES);
        vcpu.get(get, value);
        parts.add(new Part(set, value));
    }

    void restore() {
        parts.forEach(part -> vcpu.set(part.set, part.value));
        // One that cannot be written has not changed either.
        msrs.forEach(vcpu::msr);
    }
}
