// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.DFR;
import static org.javisor.vmm.irq.ApicLayout.ICR;
import static org.javisor.vmm.irq.ApicLayout.ICR_HIGH;
import static org.javisor.vmm.irq.ApicLayout.LDR;
import static org.javisor.vmm.irq.ApicLayout.SVR;
import static org.javisor.vmm.irq.ApicLayout.TPR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// How messages find local APICs: destinations, shorthands, MSIs.
class ApicBusTest {
    private static final int VECTOR = 0x41;
    private static final int LOGICAL = 1 << 11, LOWEST = 1 << 8, NMI = 4 << 8;

    private final ManualClock clock = new ManualClock();
    private final ApicBus bus = new ApicBus();
    private final MsiDecoder msi = new MsiDecoder(bus, false);
    private final List<LocalApic> apics = new ArrayList<>();
    private final List<FakePins> processors = new ArrayList<>();
    private final List<ApicRegisters> registers = new ArrayList<>();

    private void processors(int count) {
        for (int id = 0; id < count; id++) {
            FakePins pins = new FakePins(clock);
            LocalApic apic = new LocalApic(id, bus, pins, clock, _ -> { }, null);
            processors.add(pins);
            apics.add(apic);
            registers.add(new ApicRegisters(apic));
            write(id, SVR, 0x1ff);
        }
    }

    private void write(int id, int register, int value) {
        registers.get(id).write(register, 4, value & 0xffff_ffffL);
    }

    private void ipi(int sender, int destination, int command) {
        write(sender, ICR_HIGH, destination << 24);
        write(sender, ICR, command);
    }

    private void x2() {
        apics.forEach(apic -> apic.mode(true, true));
    }

    private void ipiX2(int sender, int destination, int command) {
        registers.get(sender).writeMsr(0x830, (long) destination << 32 | command);
    }

    /// Who was interrupted since the last time, and takes it.
    private Set<Integer> interrupted() {
        Set<Integer> ids = new TreeSet<>();
        for (LocalApic apic : apics) {
            if (apic.acknowledge() >= 0) {
                ids.add(apic.id());
                apic.endOfInterrupt();
            }
        }
        return ids;
    }

    @Test
    void aPhysicalDestinationIsAnId() {
        processors(4);

        ipi(0, 2, VECTOR);

        assertEquals(Set.of(2), interrupted());
    }

    @Test
    void anIdThatAGuestHasChangedCountsInXapicModeOnly() {
        processors(3);
        write(2, ApicLayout.ID, 1 << 24);

        ipi(0, 1, VECTOR);
        assertEquals(Set.of(1, 2), interrupted());
        x2();
        ipiX2(0, 2, VECTOR);

        assertEquals(Set.of(2), interrupted());
    }

    @Test
    void aPhysicalDestinationOfAllOnesIsEverybody() {
        processors(3);

        ipi(0, 0xff, VECTOR);

        assertEquals(Set.of(0, 1, 2), interrupted());
    }

    @Test
    void shorthandsNeedNoDestination() {
        processors(3);

        ipi(1, 0, VECTOR | 1 << 18);
        assertEquals(Set.of(1), interrupted());
        ipi(1, 0, VECTOR | 2 << 18);
        assertEquals(Set.of(0, 1, 2), interrupted());
        ipi(1, 0, VECTOR | 3 << 18);
        assertEquals(Set.of(0, 2), interrupted());
    }

    @Test
    void flatLogicalDestinationsAreSetsOfBits() {
        processors(4);
        for (int id = 0; id < 4; id++) {
            write(id, LDR, 1 << 24 + id);
        }

        ipi(0, 0b1010, VECTOR | LOGICAL);

        assertEquals(Set.of(1, 3), interrupted());
    }

    @Test
    void clusterLogicalDestinationsAreSetsWithinACluster() {
        processors(4);
        for (int id = 0; id < 4; id++) {
            write(id, DFR, 0x0fff_ffff);
            write(id, LDR, (id / 2) << 28 | 1 << 24 + id % 2);
        }

        ipi(0, 0x13, VECTOR | LOGICAL);

        assertEquals(Set.of(2, 3), interrupted());
    }

    @Test
    void lowestPriorityPicksTheLeastBusy() {
        processors(3);
        for (int id = 0; id < 3; id++) {
            write(id, LDR, 1 << 24 + id);
        }
        write(0, TPR, 0x20);
        write(1, TPR, 0x10);
        write(2, TPR, 0x20);

        bus.deliver(0b111, VECTOR | LOGICAL | LOWEST);

        assertEquals(Set.of(1), interrupted());
    }

    @Test
    void equallyBusyOnesTakeTurns() {
        processors(3);
        Set<Integer> all = new TreeSet<>();

        for (int i = 0; i < 3; i++) {
            bus.deliver(ApicLayout.BROADCAST, VECTOR | LOWEST);
            Set<Integer> one = interrupted();
            assertEquals(1, one.size());
            all.addAll(one);
        }

        assertEquals(Set.of(0, 1, 2), all);
    }

    @Test
    void lowestPriorityLeavesOutWhoIsDisabled() {
        processors(2);
        write(0, SVR, 0xff);

        for (int i = 0; i < 4; i++) {
            assertTrue(bus.deliver(ApicLayout.BROADCAST, VECTOR | LOWEST));
            assertEquals(Set.of(1), interrupted());
        }
    }

    @Test
    void aMessageToNobodyIsNotAccepted() {
        processors(2);

        assertFalse(bus.deliver(7, VECTOR));
    }

    @Test
    void switchedOffApicsAreNotThere() {
        processors(2);
        apics.get(1).mode(false, false);

        assertFalse(bus.deliver(1, NMI));
    }

    @Test
    void x2PhysicalDestinationsAre32BitsWide() {
        processors(2);
        x2();

        ipiX2(0, 0x101, VECTOR);
        assertEquals(Set.of(), interrupted());
        ipiX2(0, 1, VECTOR);
        assertEquals(Set.of(1), interrupted());
        ipiX2(0, 0xff, VECTOR);
        assertEquals(Set.of(), interrupted());
        ipiX2(0, -1, VECTOR);
        assertEquals(Set.of(0, 1), interrupted());
    }

    @Test
    void x2LogicalDestinationsAreClustersOfSixteen() {
        processors(18);
        x2();
        assertEquals(1 << 16 | 2, apics.get(17).address.logicalId());

        ipiX2(0, 1 << 16 | 3, VECTOR | LOGICAL);
        assertEquals(Set.of(16, 17), interrupted());
        ipiX2(0, 0x8001, VECTOR | LOGICAL);

        assertEquals(Set.of(0, 15), interrupted());
    }

    @Test
    void anX2SelfInterruptTakesTheVectorAlone() {
        processors(2);
        x2();

        assertTrue(registers.get(1).writeMsr(0x83f, VECTOR));

        assertEquals(Set.of(1), interrupted());
    }

    @Test
    void initAndStartupReachTheProcessor() {
        processors(2);

        ipi(0, 1, 0x4500);
        ipi(0, 1, 0x8500);
        ipi(0, 1, 0x4608);

        assertEquals(List.of("INIT", "STARTUP 8"), processors.get(1).signals);
    }

    @Test
    void ipisAreEdges() {
        processors(2);

        ipi(0, 1, VECTOR | 0xc000);

        assertEquals(0, registers.get(1).read(ApicLayout.TMR + 0x20, 4));
    }

    @Test
    void aMessageSignalledInterruptGoesToItsDestination() {
        processors(3);

        msi.send(0xfee0_1000L, VECTOR);

        assertEquals(Set.of(1), interrupted());
    }

    @Test
    void aLogicalMessageWithHintGoesToOne() {
        processors(3);
        for (int id = 0; id < 3; id++) {
            write(id, LDR, 1 << 24 + id);
        }

        msi.send(0xfee0_7004L, VECTOR);
        assertEquals(Set.of(0, 1, 2), interrupted());
        msi.send(0xfee0_700cL, VECTOR);

        assertEquals(1, interrupted().size());
    }

    @Test
    void messagesToOtherAddressesGoNowhere() {
        processors(2);

        msi.send(0xfed0_1000L, VECTOR);
        msi.send(0x1_fee0_1000L, VECTOR);

        assertEquals(Set.of(), interrupted());
    }

    @Test
    void wideDestinationsReachBeyond255() {
        LocalApic far = new LocalApic(0x123, bus, new FakePins(clock), clock, _ -> { }, null);
        far.mode(true, true);
        far.spurious(0x1ff);

        new MsiDecoder(bus, true).send(0xfee0_0000L | 0x23 << 12 | 1 << 5, VECTOR);

        assertEquals(VECTOR, far.acknowledge());
    }

    @Test
    @Timeout(60)
    void noInterruptIsLostBetweenThreads() throws InterruptedException {
        processors(1);
        LocalApic apic = apics.getFirst();
        FakePins pins = processors.getFirst();
        int senders = 3;
        int rounds = 5_000;
        CountDownLatch done = new CountDownLatch(senders);
        // Each sender owns a vector, and sends again only when its last one has been taken.
        boolean[] taken = new boolean[senders * 8];
        for (int s = 0; s < senders; s++) {
            int sender = s;
            Thread.ofPlatform().daemon().start(() -> {
                for (int i = 0; i < rounds; i++) {
                    bus.deliver(0, 0x40 + 0x10 * sender);
                    awaitTaken(taken, sender * 8);
                }
                done.countDown();
            });
        }
        int count = 0;
        while (count < senders * rounds) {
            while (!pins.interrupt) {
                Thread.onSpinWait();
            }
            int vector = apic.acknowledge();
            if (vector >= 0) {
                apic.endOfInterrupt();
                count++;
                synchronized (taken) {
                    taken[(vector - 0x40 >> 4) * 8] = true;
                    taken.notifyAll();
                }
            }
        }
        done.await();

        assertEquals(-1, apic.acknowledge());
    }

    private static void awaitTaken(boolean[] taken, int at) {
        synchronized (taken) {
            while (!taken[at]) {
                try {
                    taken.wait();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            taken[at] = false;
        }
    }

    /// Linux writes them when it gives LINT0 back to the PIC.
    @Test
    void bitsOfAVectorTableEntryThatCanOnlyBeReadMayBeWritten() {
        processors(2);
        x2();

        assertTrue(registers.get(1).writeMsr(0x835, 0x1_5700));
        assertEquals(0x1_0700, registers.get(1).readMsr(0x835));
        assertFalse(registers.get(1).writeMsr(0x835, 1 << 17));
    }
}
