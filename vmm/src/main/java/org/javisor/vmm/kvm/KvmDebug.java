// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.StateLayout.GUEST_DEBUG_BYTES;
import static org.javisor.vmm.kvm.StateLayout.GUEST_DEBUG_CONTROL;
import static org.javisor.vmm.kvm.StateLayout.GUEST_DEBUG_REGISTERS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.javisor.host.HostMemory;
import org.javisor.vmm.GuestDebug;
import org.javisor.vmm.GuestDebug.Event;
import org.javisor.vmm.GuestDebug.Kind;
import org.javisor.vmm.GuestDebug.Point;
import org.javisor.vmm.Registers;
import org.javisor.vmm.VmExit;

/// [GuestDebug] for a processor of KVM's: the host processor's own debug registers, which the guest does not see.
///
/// There are four, and they tell reads from nothing but writes: a point that waits for reads stops at every access.
final class KvmDebug {
    /// KVM_GUESTDBG_BLOCKIRQ, in the control word and in what KVM_CAP_SET_GUEST_DEBUG2 is worth.
    static final int BLOCK_INTERRUPTS = 0x10_0000;
    private static final int ENABLE = 1, SINGLE_STEP = 2, USE_INT3 = 0x1_0000, USE_POINTS = 0x2_0000,
            INJECT_INT3 = 0x8_0000;
    private static final int REGISTERS = 4;
    private static final int BREAKPOINT_EXCEPTION = 3;
    // DR6: which of the points has been met
    private static final long MET = 0xf;
    // DR7: what each point waits for, from bit 16 on, and how many bytes it has
    private static final int EXACT = 0x300, ENABLED_GLOBALLY = 2, CONDITION_SHIFT = 16, CONDITION_BITS = 4;
    private static final int ON_EXECUTION = 0, ON_WRITE = 1, ON_ACCESS = 3;
    private static final long RFLAGS_RF = 1 << 16;

    private final VcpuFd vcpu;
    private GuestDebug wanted = GuestDebug.OFF;
    /// Those that are in debug registers.
    private List<Point> points = List.of();
    private int control;

    KvmDebug(VcpuFd vcpu) {
        this.vcpu = vcpu;
    }

    /// @throws IllegalArgumentException for more points than the processor has registers for
    void set(GuestDebug debug) {
        List<Point> inRegisters = new ArrayList<>(debug.points());
        boolean int3 = inRegisters.removeIf(point -> point.kind() == Kind.INT3);
        if (inRegisters.size() > REGISTERS) {
            throw new IllegalArgumentException("the host's processor has " + REGISTERS + " debug registers, not "
                    + inRegisters.size());
        }
        points = inRegisters;
        control = (debug.step() ? SINGLE_STEP | (debug.holdsInterrupts() ? BLOCK_INTERRUPTS : 0) : 0)
                | (int3 ? USE_INT3 : 0) | (inRegisters.isEmpty() ? 0 : USE_POINTS);
        control = control == 0 ? 0 : control | ENABLE;
        wanted = debug;
        tell(0);
    }

    private void tell(int besides) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment raw = arena.allocate(GUEST_DEBUG_BYTES, Long.BYTES);
            raw.set(ValueLayout.JAVA_INT, GUEST_DEBUG_CONTROL, control | besides);
            long enabled = EXACT;
            for (int i = 0; i < points.size(); i++) {
                raw.setAtIndex(ValueLayout.JAVA_LONG, GUEST_DEBUG_REGISTERS / Long.BYTES + i,
                        points.get(i).address());
                enabled |= enabled(i, points.get(i));
            }
            raw.set(ValueLayout.JAVA_LONG, GUEST_DEBUG_REGISTERS + 7 * Long.BYTES, enabled);
            vcpu.set(KvmCalls.KVM_SET_GUEST_DEBUG, raw);
        }
    }

    private static long enabled(int number, Point point) {
        int condition = switch (point.kind()) {
            case EXECUTION, INT3 -> ON_EXECUTION;
            case WRITE -> ON_WRITE;
            case READ, ACCESS -> ON_ACCESS;
        };
        int length = point.bytes() == 8 ? 2 : point.bytes() - 1;
        return (long) ENABLED_GLOBALLY << 2 * number
                | (long) (condition | length << 2) << CONDITION_SHIFT + CONDITION_BITS * number;
    }

    /// What a debug exit tells, or null for an INT3 of the guest's own, which it gets.
    VmExit exit(Registers registers) {
        long pc = HostMemory.loadLong(vcpu.run() + RunLayout.DEBUG_PC);
        if (HostMemory.loadInt(vcpu.run() + RunLayout.DEBUG_EXCEPTION) == BREAKPOINT_EXCEPTION) {
            return breakpoint(pc, registers);
        }
        long status = HostMemory.loadLong(vcpu.run() + RunLayout.DEBUG_DR6);
        int met = Long.numberOfTrailingZeros(status & MET);
        if (met >= points.size()) {
            return new VmExit.Debug(registers.rip(), Event.STEP, pc);
        }
        Point point = points.get(met);
        if (point.kind() == Kind.EXECUTION) {
            // The instruction is still to be executed: not to be stopped before again.
            registers.rflags(registers.rflags() | RFLAGS_RF);
            return new VmExit.Debug(registers.rip(), Event.BREAKPOINT, point.address());
        }
        return new VmExit.Debug(registers.rip(), Event.valueOf(point.kind().name()), point.address());
    }

    private VmExit breakpoint(long pc, Registers registers) {
        Optional<Point> point =
                wanted.points().stream().filter(p -> p.kind() == Kind.INT3 && p.address() == pc).findFirst();
        if (point.isPresent()) {
            return new VmExit.Debug(registers.rip(), Event.INT3, pc);
        }
        // The guest's own, which KVM delivers when it is entered again.
        tell(INJECT_INT3);
        return null;
    }
}
