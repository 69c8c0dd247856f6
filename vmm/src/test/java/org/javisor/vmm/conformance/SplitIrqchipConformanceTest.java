// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.javisor.memory.InterruptLine;
import org.javisor.vmm.Irqchip;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.irq.GsiRoute;
import org.javisor.vmm.irq.GsiRouting;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Machines that have local APICs only: the owner models I/O APIC and PIC.
@Timeout(60)
class SplitIrqchipConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int LEVEL = 1 << 15, ASSERT = 1 << 14;
    private static final VmConfig SPLIT =
            VmConfig.pc(1).withIrqchip(Irqchip.SPLIT).withExitsOnUnclaimed(true);

    private static Guest sleeping(String engine) {
        return Guest.sleeping(engine, SPLIT);
    }

    private static void started(Guest guest) {
        assertEquals(new VmExit.PortWrite(0xe1, 1, 0xff), guest.run());
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theOwnersIoApicHearsOfEndsOfInterrupts(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = sleeping(engine).ending(0x40)) {
            guest.vm.routing(new GsiRouting(Map.of()).with(9,
                    new GsiRoute.Msi(0xfee0_0000L, 0x40 | LEVEL | ASSERT)));
            InterruptLine line = guest.vm.gsi(9);
            started(guest);
            for (int round = 0; round < 2; round++) {
                line.set(true);
                assertEquals(new VmExit.EndOfInterrupt(0x40), guest.run());
                line.set(false);
                assertEquals(new VmExit.PortWrite(0xe0, 1, 0), guest.run());
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void theOwnersPicInterruptsThroughLint0(String engine) {
        try (Guest guest = sleeping(engine).handling(0x30, 0x1800, """
                e6e0          out 0xe0, al
                cf            iret
                """)) {
            started(guest);
            for (int round = 0; round < 2; round++) {
                guest.vcpu.requestInterruptWindow(true);
                assertEquals(VmExit.InterruptWindow.INSTANCE, guest.run());
                assertTrue(guest.vcpu.readyForInterrupt());
                guest.vcpu.requestInterruptWindow(false);
                guest.vcpu.injectInterrupt(0x30);
                assertEquals(new VmExit.PortWrite(0xe0, 1, 0xff), guest.run());
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void routesToChipsThatThereAreNotAreRefused(String engine) {
        try (Guest guest = new Guest(engine, SPLIT, "f4 hlt")) {
            GsiRouting before = guest.vm.routing();

            assertThrows(IllegalArgumentException.class, () -> guest.vm.routing(GsiRouting.pc()));

            assertEquals(before, guest.vm.routing());
        }
    }
}
