// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.memory.Clock;
import org.javisor.memory.Ram;
import org.javisor.memory.TickLine;
import org.javisor.testkit.ManualClock;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.GuestCode;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Test;

/// What a guest sees whose processor and clock the host runs seldom.
class LateHostTest {
    private static final int END_PORT = 0xe1;
    private static final long TICK_NANOS = 999_847, COUNTED_NANOS = 160_000_000;

    /// Makes the PIT interrupt every millisecond through vector 0x20 of the PIC, reads the time stamp counter until 160
    /// of them have passed, and writes to port 0xe1 how many interrupts there were. At 0x1000.
    private static final byte[] COUNTER = GuestCode.of("""
            bc000f         mov sp,0xf00
            c70680004d10   mov word [0x80],0x104d
            c70682000000   mov word [0x82],0
            b011           mov al,0x11
            e620           out 0x20,al
            b020           mov al,0x20
            e621           out 0x21,al
            b004           mov al,4
            e621           out 0x21,al
            b001           mov al,1
            e621           out 0x21,al
            b0fe           mov al,0xfe
            e621           out 0x21,al
            b034           mov al,0x34
            e643           out 0x43,al
            b0a9           mov al,0xa9
            e640           out 0x40,al
            b004           mov al,4
            e640           out 0x40,al
            6631c9         xor ecx,ecx
            0f31           rdtsc
            6689c3         mov ebx,eax
            fb             sti
            f390           pause
            0f31           rdtsc
            6629d8         sub eax,ebx
            663d00688909   cmp eax,160000000
            72f1           jc 0x1038
            fa             cli
            88c8           mov al,cl
            e6e1           out 0xe1,al
            f4             hlt
            fec1           inc cl
            50             push ax
            b020           mov al,0x20
            e620           out 0x20,al
            58             pop ax
            cf             iret
            """);

    /// Each time the processor is to be told the time, more of it has passed, in which the clock's thread did not run.
    private static final class LateClock implements Clock {
        private final ManualClock behind = new ManualClock();
        private final long late;

        LateClock(long late) {
            this.late = late;
        }

        @Override
        public long nanos() {
            return behind.nanos();
        }

        @Override
        public long wallNanos() {
            return behind.wallNanos();
        }

        @Override
        public long catchUp() {
            behind.advance(late);
            return behind.nextDeadline();
        }

        @Override
        public Timer timer(Runnable onExpiry) {
            return behind.timer(onExpiry);
        }
    }

    private static int ticksSeen(long late) {
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE); Ram ram = Ram.allocate(1 << 20)) {
            Vm vm = hypervisor.createVm(VmConfig.pc(1).withExitsOnUnclaimed(true).withClock(new LateClock(late)));
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, COUNTER);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            VmExit.PortWrite end = (VmExit.PortWrite) vcpu.run();
            assertEquals(END_PORT, end.port());
            return end.value();
        }
    }

    @Test
    void aHostInTimeDeliversEachTick() {
        long late = 10_000;
        long looks = 1 + Math.ceilDiv(COUNTED_NANOS, late);

        assertEquals(looks * late / TICK_NANOS, ticksSeen(late));
    }

    /// However few times the guest looks, each tick of the time between comes first, or as many as are delivered at
    /// once.
    @Test
    void ticksOfATimeInWhichTheHostSleptComeBeforeThatIsTold() {
        for (int missed : new int[] {3, 10, 40, 200}) {
            long late = missed * TICK_NANOS;
            long looks = 1 + Math.ceilDiv(COUNTED_NANOS, late);
            long least = Math.min(looks * missed - 1, 1 + TickLine.BURST);

            int seen = ticksSeen(late);

            assertTrue(seen >= least && seen <= looks * missed, () -> seen + " of " + looks * missed);
        }
    }
}
