// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.javisor.devices.edu.Edu;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;
import org.javisor.testkit.DeviceFuzz;
import org.javisor.testkit.FuzzRig;
import org.javisor.vmm.irq.ForeignApics;
import org.javisor.vmm.irq.GsiRoute;
import org.javisor.vmm.irq.InterruptChips;

/// A unit under a driver that writes tables, queues and registers of which some are nearly right.
class VtdFuzzTest extends DeviceFuzz {
    private static final long UNIT = 0xfed9_0000L;
    private static final int ENTRIES = 512, REQUESTERS = 32;
    /// Its requester is one of those.
    private static final int DEVICE = 3;

    @Override
    protected Map<String, Consumer<FuzzRig>> devices() {
        return Map.of("vtd", rig -> build(rig, VtdRig.CONFIG),
                "vtd-narrow", rig -> build(rig, new VtdConfig(true, false, true, 39, 40)),
                "vtd-edu", VtdFuzzTest::withDevice);
    }

    /// A device whose DMA and messages go through the unit.
    private static void withDevice(FuzzRig rig) {
        VtdUnit unit = build(rig, VtdRig.CONFIG);
        PciBus bus = new PciBus(rig.ports, rig.mmio, (1L << 46) - 1, new PirqRouter(_ -> rig.wire()), rig.msi());
        bus.translateBy(unit);
        Edu device = new Edu(rig.memory);
        bus.add(DEVICE, 0, device.function());
        rig.chip(device).action(random -> {
            rig.mmio.write(UNIT + VtdLayout.CONTEXT_COMMAND, 8, 1L << 63 | 1L << 61);
            device.function().writeConfig(4, 2, 6);
            device.function().writeConfig(0x44, 4, 0xfee0_0000 | random.nextInt(1 << 14));
            device.function().writeConfig(0x42, 2, random.nextInt(2));
            boolean toMemory = random.nextBoolean();
            long address = random.nextLong(1L << random.nextInt(12, 28));
            device.write(0x80, 8, toMemory ? 0x4_0000 : address);
            device.write(0x88, 8, toMemory ? address : 0x4_0000);
            device.write(0x90, 8, random.nextInt(4097));
            device.write(0x98, 4, 1 | (toMemory ? 2 : 0) | random.nextInt(2) << 2);
            device.write(0x64, 4, -1);
        });
    }

    private static VtdUnit build(FuzzRig rig, VtdConfig config) {
        InterruptChips chips = new InterruptChips(rig.clock, rig.ports, rig.mmio, false);
        chips.lead(new Observer(rig));
        VtdUnit unit = new VtdUnit(rig.memory, chips, config);
        chips.remapBy(unit.remapping(VtdUnit.IO_APIC_SOURCE), unit.remapping(VtdUnit.HPET_SOURCE));
        rig.chip(chips::reset, chips::save, chips::restore).atAddress(UNIT, VtdUnit.BYTES, unit)
                .action(random -> rig.mmio.write(UNIT + register(random), random.nextBoolean() ? 4 : 8,
                        FuzzRig.value(random)))
                .action(random -> enable(rig, random))
                .action(random -> tables(rig, random))
                .action(random -> descriptors(rig, random))
                .action(random -> accesses(rig, unit, random))
                .action(random -> unit.messages(() -> random.nextInt(REQUESTERS)).send(
                        0xfee0_0000L | random.nextInt(1 << 20), random.nextInt(300)))
                .action(random -> chips.gsi(random.nextInt(24)).pulse());
        return unit;
    }

    private static int register(SplittableRandom random) {
        int[] registers = {VtdLayout.GLOBAL_COMMAND, VtdLayout.ROOT_TABLE, VtdLayout.CONTEXT_COMMAND,
            VtdLayout.FAULT_STATUS, VtdLayout.FAULT_EVENT, VtdLayout.QUEUE_TAIL, VtdLayout.QUEUE_ADDRESS,
            VtdLayout.COMPLETION_STATUS, VtdLayout.COMPLETION_EVENT, VtdLayout.INTERRUPT_TABLE,
            VtdLayout.INVALIDATE_ADDRESS, VtdLayout.IOTLB_INVALIDATE, VtdLayout.FAULT_RECORDS + 8};
        return registers[random.nextInt(registers.length)];
    }

    private static void enable(FuzzRig rig, SplittableRandom random) {
        rig.mmio.write(UNIT + VtdLayout.ROOT_TABLE, 8, page(random));
        rig.mmio.write(UNIT + VtdLayout.INTERRUPT_TABLE, 8,
                page(random) | random.nextInt(16) | random.nextInt(2) << 11);
        rig.mmio.write(UNIT + VtdLayout.QUEUE_ADDRESS, 8, page(random) | random.nextInt(3));
        rig.mmio.write(UNIT + VtdLayout.GLOBAL_COMMAND, 4,
                0xffff_ffffL & (VtdLayout.TRANSLATION | VtdLayout.SET_ROOT_TABLE | VtdLayout.QUEUED_INVALIDATION
                        | VtdLayout.INTERRUPT_REMAPPING | VtdLayout.SET_INTERRUPT_TABLE));
    }

    /// One of a few pages, that tables lead to one another.
    private static long page(SplittableRandom random) {
        return (long) random.nextInt(16) << 12;
    }

    private static void tables(FuzzRig rig, SplittableRandom random) {
        long table = page(random);
        for (int n = 0; n < ENTRIES; n++) {
            long entry = page(random) | (random.nextInt(20) == 0 ? random.nextLong() : 3)
                    | (random.nextInt(16) == 0 ? 0x80 : 0)
                    | (random.nextInt(4) == 0 ? (long) random.nextInt(8) << 8 : 0);
            rig.memory.storeLong(table + 8 * n, random.nextInt(3) == 0 ? random.nextInt(8) << 8 | 1 : entry);
        }
    }

    private static void descriptors(FuzzRig rig, SplittableRandom random) {
        long queue = rig.mmio.read(UNIT + VtdLayout.QUEUE_ADDRESS, 8) & -0x1000L;
        int count = random.nextInt(1, 64);
        for (int n = 0; n < count && queue + 0x1000 <= FuzzRig.MEMORY_BYTES; n++) {
            long low = random.nextInt(1, 6) | (long) random.nextInt(4) << 4 | (long) random.nextInt(8) << 16
                    | (long) random.nextInt(REQUESTERS) << 32;
            rig.memory.storeLong(queue + 16 * n, random.nextInt(30) == 0 ? random.nextLong() : low);
            rig.memory.storeLong(queue + 16 * n + 8, (low & 7) == 2 ? random.nextInt(1 << 20) & ~0xfc0
                    : (low & 7) == 5 ? random.nextInt(1 << 18) << 2 : 0);
        }
        rig.mmio.write(UNIT + VtdLayout.QUEUE_TAIL, 8, 16 * count);
        rig.mmio.write(UNIT + VtdLayout.FAULT_STATUS, 4, 0x11);
    }

    /// What is kept of tables is no part of the state: it goes before the tables are looked at.
    private static void accesses(FuzzRig rig, VtdUnit unit, SplittableRandom random) {
        rig.mmio.write(UNIT + VtdLayout.CONTEXT_COMMAND, 8, 1L << 63 | 1L << 61);
        int requester = random.nextInt(REQUESTERS);
        DmaSpace space = new DmaSpace(rig.memory);
        space.translateBy(unit.translation(() -> requester));
        for (int n = 0; n < 16; n++) {
            long address = random.nextInt(8) == 0 ? random.nextLong() : random.nextLong(1L << random.nextInt(12, 40));
            try {
                if (random.nextBoolean()) {
                    rig.observe(space.load(address, 8));
                } else {
                    space.store(address, 8, FuzzRig.value(random));
                }
            } catch (OutOfRangeException _) {
                rig.observe(-1);
            }
        }
    }

    private record Observer(FuzzRig rig) implements ForeignApics {
        @Override
        public boolean deliver(int destination, int command, boolean one) {
            rig.observe(destination);
            rig.observe(command);
            return (command & 1) == 0;
        }

        @Override
        public void lint0(boolean level) { }

        @Override
        public void lint1(boolean level) { }

        @Override
        public void redirected(Map<Integer, GsiRoute.Msi> messages) { }
    }
}
