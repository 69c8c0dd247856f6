// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.javisor.memory.InterruptLine;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.irq.MessageRemapping;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Interrupts that an IOMMU remaps before they come to local APICs, wherever those are.
@Timeout(60)
class RemappingConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int LEVEL = 1 << 15, ASSERT = 1 << 14, VECTOR = 0x40;
    private static final long IO_APIC = 0xfec0_0000L, SELECT = 0, WINDOW = 0x10, TABLE = 0x10;
    /// One that no PIC has, too.
    private static final int PIN = 20;

    /// An IOMMU of one table: the handle in bits 19 to 5 of an address names a destination; the rest is the message's.
    private record Table(InterruptChips chips, Map<Integer, Integer> destinations) implements MessageRemapping {
        @Override
        public boolean send(long address, int data) {
            Remapped to = resolve(address, data);
            return to != null && chips.deliver(to.destination(), to.command(), to.one());
        }

        @Override
        public Remapped resolve(long address, int data) {
            Integer destination = destinations.get((int) address >>> 5 & 0x7fff);
            return destination == null ? null : new Remapped(destination, data, false);
        }
    }

    private static long remappable(int handle) {
        return 0xfee0_0010L | (long) handle << 5;
    }

    /// A guest whose handler ends interrupts and tells by port 0xe0, and which has started.
    private static Guest started(String engine, Map<Integer, Integer> destinations) {
        Guest guest = Guest.sleeping(engine, VmConfig.pc(1).withExitsOnUnclaimed(true)).ending(VECTOR);
        InterruptChips chips = guest.vm.chips();
        Table iommu = new Table(chips, destinations);
        chips.remapBy(iommu, iommu);
        assertEquals(new VmExit.PortWrite(0xe1, 1, 0xff), guest.run());
        return guest;
    }

    private static void redirect(Guest guest, int pin, long entry) {
        for (int half = 0; half < 2; half++) {
            guest.vm.mmio().write(IO_APIC + SELECT, 4, TABLE + 2 * pin + half);
            guest.vm.mmio().write(IO_APIC + WINDOW, 4, entry >>> 32 * half & 0xffff_ffffL);
        }
    }

    private static void interrupted(Guest guest) {
        assertEquals(new VmExit.PortWrite(0xe0, 1, 0), guest.run());
    }

    private static void asleep(Guest guest) {
        guest.vcpu.kick();
        assertEquals(VmExit.Interrupted.INSTANCE, guest.run());
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void messagesGoWhereTheIommuSays(String engine) {
        Map<Integer, Integer> destinations = new ConcurrentHashMap<>(Map.of(3, 0, 4, 7));
        try (Guest guest = started(engine, destinations)) {
            for (int blocked : new int[] {4, 5}) {
                guest.vm.chips().msi().send(remappable(blocked), VECTOR | ASSERT);
                asleep(guest);
            }
            guest.vm.chips().msi().send(remappable(3), VECTOR | ASSERT);
            interrupted(guest);
            destinations.put(4, 0);
            guest.vm.chips().msi().send(remappable(4), VECTOR | ASSERT);
            interrupted(guest);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void endsOfLevelTriggeredInterruptsAreKnownOfWhatIsRemapped(String engine) {
        Engines.assumeProcessor(engine);
        Map<Integer, Integer> destinations = new ConcurrentHashMap<>(Map.of(3, 7));
        try (Guest guest = started(engine, destinations)) {
            redirect(guest, PIN, remappable(3) >> 4 << 48 | LEVEL | VECTOR);
            InterruptLine line = guest.vm.gsi(PIN);
            line.set(true);
            asleep(guest);

            destinations.put(3, 0);
            guest.vm.chips().remapped();
            line.set(false);
            line.set(true);

            // Asserted all the time: each end is followed by another.
            interrupted(guest);
            interrupted(guest);
            interrupted(guest);
            line.set(false);
            asleep(guest);
        }
    }
}
