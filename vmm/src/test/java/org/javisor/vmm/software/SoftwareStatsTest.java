// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.cpu.Durations;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.GuestCode;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.stats.Statistics;
import org.junit.jupiter.api.Test;

class SoftwareStatsTest {
    /// Runs `listing` to its HLT; a device answers at port 0x60.
    private static void run(String listing, Check check) {
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE);
                Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(1 << 20)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(0x1000, GuestCode.of(listing));
            vm.ports().attach(0x60, 1, new Slow(), "slow");
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            while (vcpu.run() != VmExit.Halt.INSTANCE) { }
            check.check(vm, vcpu);
        }
    }

    private interface Check {
        void check(Vm vm, Vcpu vcpu);
    }

    /// Takes at least a microsecond.
    private static final class Slow implements BusDevice {
        @Override
        public long read(long offset, int size) {
            long start = System.nanoTime();
            while (System.nanoTime() - start < 1_000) {
                Thread.onSpinWait();
            }
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) { }
    }

    private static final String THREE_READS_TWO_WRITES = """
            e460    in al, 0x60
            e460    in al, 0x60
            e460    in al, 0x60
            e680    out 0x80, al
            e680    out 0x80, al
            f4      hlt
            """;

    @Test
    void eachReasonHasItsTimes() {
        run(THREE_READS_TWO_WRITES, (_, vcpu) -> {
            Durations.Reading reads = vcpu.stats().exitTimes().get("PORT_READ");
            assertEquals(3, reads.count());
            assertTrue(reads.shortest() >= 1_000);
            assertTrue(reads.nanos() >= 3 * reads.shortest());
            assertTrue(reads.longest() >= reads.nanos() / 3);
            Durations.Reading writes = vcpu.stats().exitTimes().get("PORT_WRITE");
            assertEquals(2, writes.count());
            assertTrue(writes.nanos() > 0);
        });
    }

    @Test
    void anExitThatGoesOnIsCountedAtOnce() {
        run(THREE_READS_TWO_WRITES, (_, vcpu) -> {
            Durations.Reading halt = vcpu.stats().exitTimes().get("HALT");
            assertEquals(1, halt.count());
            assertEquals(0, halt.nanos());
        });
    }

    @Test
    void statisticsAgreeWithTheCounters() {
        run(THREE_READS_TWO_WRITES, (_, vcpu) -> {
            Statistics statistics = vcpu.statistics();
            assertEquals(6, statistics.value("exits"));
            assertEquals(5, statistics.value("io_exits"));
            assertEquals(0, statistics.value("mmio_exits"));
            assertEquals(1, statistics.value("halt_exits"));
            assertTrue(statistics.value("pf_fixed") > 0);
            assertEquals(0, statistics.value("blocking"));
        });
    }

    @Test
    void theMachineCountsPausesAndResets() {
        run("f4", (vm, _) -> {
            vm.pause();
            vm.pause();
            vm.resume();
            vm.reset();
            vm.resume();

            assertEquals(1, vm.statistics().value("pauses"));
            assertEquals(1, vm.statistics().value("resets"));
            assertTrue(vm.statistics().value("pause_ns") > 0);
        });
    }
}
