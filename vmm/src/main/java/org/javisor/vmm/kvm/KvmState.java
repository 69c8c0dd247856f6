// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.StateLayout.EVENTS_FLAGS;
import static org.javisor.vmm.kvm.StateLayout.EXCEPTION_CODE;
import static org.javisor.vmm.kvm.StateLayout.EXCEPTION_HAS_CODE;
import static org.javisor.vmm.kvm.StateLayout.EXCEPTION_INJECTED;
import static org.javisor.vmm.kvm.StateLayout.EXCEPTION_PENDING;
import static org.javisor.vmm.kvm.StateLayout.EXCEPTION_VECTOR;
import static org.javisor.vmm.kvm.StateLayout.INTERRUPT_INJECTED;
import static org.javisor.vmm.kvm.StateLayout.INTERRUPT_SHADOW;
import static org.javisor.vmm.kvm.StateLayout.INTERRUPT_VECTOR;
import static org.javisor.vmm.kvm.StateLayout.NMI_INJECTED;
import static org.javisor.vmm.kvm.StateLayout.NMI_MASKED;
import static org.javisor.vmm.kvm.StateLayout.NMI_PENDING;
import static org.javisor.vmm.kvm.StateLayout.SMI_PENDING;
import static org.javisor.vmm.kvm.StateLayout.SMM_ACTIVE;
import static org.javisor.vmm.kvm.StateLayout.SMM_INSIDE_NMI;
import static org.javisor.vmm.kvm.StateLayout.STARTUP_VECTOR;
import static org.javisor.vmm.kvm.StateLayout.TRIPLE_FAULT_PENDING;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.Irqchip;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Registers;
import org.javisor.vmm.SmiState;
import org.javisor.vmm.VcpuEvents;
import org.javisor.vmm.irq.LapicState;

/// What a processor of KVM's that does not run has beside its registers, as [VcpuEvents], [MpState] and [LapicState]
/// tell of it.
final class KvmState {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final int SMBASE = 0x9e, APIC_BASE = 0x1b, X2APIC = 1 << 10;
    /// The register's offset in the APIC's page, and where the id is in it.
    private static final int APIC_ID = 0x20, XAPIC_ID_SHIFT = 24;
    private static final long RFLAGS_IF = 1 << 9;
    private static final MpState[] MP_STATES = MpState.values();

    private final VcpuFd vcpu;
    private final int id;
    private final boolean chips;
    private final boolean pic;

    KvmState(VcpuFd vcpu, int id, Irqchip irqchip) {
        this.vcpu = vcpu;
        this.id = id;
        this.chips = irqchip != Irqchip.NONE;
        this.pic = irqchip == Irqchip.FULL || irqchip == Irqchip.KERNEL;
    }

    // ---- interrupts from the owner ----

    boolean readyForInterrupt(Registers registers) {
        VcpuEvents now = events();
        return (registers.rflags() & RFLAGS_IF) != 0 && !now.shadow() && now.interrupt().isEmpty()
                && now.exception().isEmpty();
    }

    void injectInterrupt(int vector, Registers registers) {
        if (vector < 0 || vector > 255) {
            throw new IllegalArgumentException("no interrupt has vector " + vector);
        }
        if (pic) {
            throw new IllegalStateException("the interrupt chips of this machine interrupt its processors");
        }
        if (!readyForInterrupt(registers)) {
            throw new IllegalStateException("the processor takes no interrupts now");
        }
        vcpu.interrupt(vector);
    }

    // ---- events ----

    VcpuEvents events() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment raw = arena.allocate(StateLayout.EVENTS_BYTES, Long.BYTES);
            vcpu.get(KvmCalls.KVM_GET_VCPU_EVENTS, raw);
            Optional<VcpuEvents.PendingException> exception = exception(raw);
            Optional<Integer> interrupt = exception.isEmpty() && is(raw, INTERRUPT_INJECTED)
                    ? Optional.of(raw.get(BYTE, INTERRUPT_VECTOR) & 0xff) : Optional.empty();
            return new VcpuEvents(exception, interrupt, is(raw, INTERRUPT_SHADOW),
                    is(raw, NMI_PENDING) || is(raw, NMI_INJECTED), is(raw, NMI_MASKED),
                    raw.get(INT, STARTUP_VECTOR) & 0xff,
                    (raw.get(INT, EVENTS_FLAGS) & StateLayout.TRIPLE_FAULT_VALID) != 0
                            && is(raw, TRIPLE_FAULT_PENDING));
        }
    }

    private static Optional<VcpuEvents.PendingException> exception(MemorySegment raw) {
        if (!is(raw, EXCEPTION_INJECTED) && !is(raw, EXCEPTION_PENDING)) {
            return Optional.empty();
        }
        Optional<Integer> code =
                is(raw, EXCEPTION_HAS_CODE) ? Optional.of(raw.get(INT, EXCEPTION_CODE)) : Optional.empty();
        return Optional.of(new VcpuEvents.PendingException(raw.get(BYTE, EXCEPTION_VECTOR) & 0xff, code));
    }

    private static boolean is(MemorySegment raw, int at) {
        return raw.get(BYTE, at) != 0;
    }

    void events(VcpuEvents events) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment raw = arena.allocate(StateLayout.EVENTS_BYTES, Long.BYTES);
            // System management mode stays as it is.
            vcpu.get(KvmCalls.KVM_GET_VCPU_EVENTS, raw);
            raw.asSlice(0, STARTUP_VECTOR).fill((byte) 0);
            events.exception().ifPresent(exception -> {
                raw.set(BYTE, EXCEPTION_INJECTED, (byte) 1);
                raw.set(BYTE, EXCEPTION_VECTOR, (byte) exception.vector());
                exception.errorCode().ifPresent(code -> {
                    raw.set(BYTE, EXCEPTION_HAS_CODE, (byte) 1);
                    raw.set(INT, EXCEPTION_CODE, code);
                });
            });
            events.interrupt().ifPresent(vector -> {
                raw.set(BYTE, INTERRUPT_INJECTED, (byte) 1);
                raw.set(BYTE, INTERRUPT_VECTOR, vector.byteValue());
            });
            raw.set(BYTE, INTERRUPT_SHADOW, (byte) (events.shadow() ? StateLayout.SHADOW_STI : 0));
            raw.set(BYTE, NMI_PENDING, (byte) (events.nmiPending() ? 1 : 0));
            raw.set(BYTE, NMI_MASKED, (byte) (events.nmiMasked() ? 1 : 0));
            raw.set(INT, STARTUP_VECTOR, events.startupVector());
            raw.set(INT, EVENTS_FLAGS, StateLayout.NMI_PENDING_VALID | StateLayout.SHADOW_VALID
                    | (chips ? StateLayout.STARTUP_VECTOR_VALID : 0)
                    | (vcpu.has(KvmCapability.X86_TRIPLE_FAULT_EVENT) ? StateLayout.TRIPLE_FAULT_VALID : 0));
            raw.set(BYTE, TRIPLE_FAULT_PENDING, (byte) (events.tripleFault() ? 1 : 0));
            vcpu.set(KvmCalls.KVM_SET_VCPU_EVENTS, raw);
        }
    }

    // ---- system management mode ----

    SmiState smi() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment raw = arena.allocate(StateLayout.EVENTS_BYTES, Long.BYTES);
            vcpu.get(KvmCalls.KVM_GET_VCPU_EVENTS, raw);
            return new SmiState(is(raw, SMM_ACTIVE), is(raw, SMI_PENDING), is(raw, SMM_INSIDE_NMI), base());
        }
    }

    private long base() {
        long[] value = vcpu.msrs(SMBASE);
        return value.length == 0 ? SmiState.NONE.base() : value[0];
    }

    void smi(SmiState state) {
        if (!vcpu.msr(SMBASE, state.base())) {
            throw new InvalidRegisterException("smbase", String.format("0x%x is refused", state.base()));
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment raw = arena.allocate(StateLayout.EVENTS_BYTES, Long.BYTES);
            vcpu.get(KvmCalls.KVM_GET_VCPU_EVENTS, raw);
            raw.set(BYTE, SMM_ACTIVE, (byte) (state.active() ? 1 : 0));
            raw.set(BYTE, SMI_PENDING, (byte) (state.pending() ? 1 : 0));
            raw.set(BYTE, SMM_INSIDE_NMI, (byte) (state.nmiBlocked() ? 1 : 0));
            raw.set(INT, EVENTS_FLAGS, StateLayout.SMM_VALID);
            vcpu.set(KvmCalls.KVM_SET_VCPU_EVENTS, raw);
        }
    }

    // ---- multiprocessor state and local APIC ----

    MpState mpState() {
        if (!chips) {
            return MpState.RUNNABLE;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment raw = arena.allocate(StateLayout.MP_STATE_BYTES, Integer.BYTES);
            vcpu.get(KvmCalls.KVM_GET_MP_STATE, raw);
            return MP_STATES[raw.get(INT, 0)];
        }
    }

    void mpState(MpState state) {
        if (!chips && state != MpState.RUNNABLE) {
            throw new IllegalArgumentException("without interrupt chips a processor is never " + state);
        }
        if (chips) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment raw = arena.allocate(StateLayout.MP_STATE_BYTES, Integer.BYTES);
                // The numbers are KVM's.
                raw.set(INT, 0, state.ordinal());
                vcpu.set(KvmCalls.KVM_SET_MP_STATE, raw);
            }
        }
    }

    LapicState lapic() {
        requireChips();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment raw = arena.allocate(StateLayout.LAPIC_BYTES, Long.BYTES);
            vcpu.get(KvmCalls.KVM_GET_LAPIC, raw);
            LapicState page = new LapicState(raw.toArray(BYTE));
            return isX2apic() ? page.with(APIC_ID, page.register(APIC_ID) >>> XAPIC_ID_SHIFT) : page;
        }
    }

    void lapic(LapicState page) {
        requireChips();
        LapicState theirs = page;
        if (isX2apic()) {
            if (page.register(APIC_ID) != id) {
                throw new IllegalArgumentException("an x2APIC's id is its processor's: " + id + ", not "
                        + page.register(APIC_ID));
            }
            theirs = page.with(APIC_ID, id << XAPIC_ID_SHIFT);
        }
        try (Arena arena = Arena.ofConfined()) {
            vcpu.set(KvmCalls.KVM_SET_LAPIC, arena.allocateFrom(BYTE, theirs.registers()));
        }
    }

    /// KVM's page has an xAPIC's id even then, for programs that know no others.
    private boolean isX2apic() {
        return (vcpu.msrs(APIC_BASE)[0] & X2APIC) != 0;
    }

    private void requireChips() {
        if (!chips) {
            throw new IllegalStateException("this machine has no interrupt chips");
        }
    }
}
