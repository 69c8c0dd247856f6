// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Cards come and go in the slots of both kinds while the guest writes anything anywhere: nothing throws, every card
/// that came is in its slot or has been given back, and what has left is on no bus.
///
/// Under the tag `slow` for `-Djavisor.minutes`, an hour by default.
class HotplugFuzzTest {
    private static final int ROUNDS = 60, STEPS = 2_000;

    @Test
    void aFewSeconds() {
        int[] round = {0};
        run(() -> round[0]++ < ROUNDS);
    }

    @Test
    @Tag("slow")
    void aLongTime() {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(Integer.getInteger("javisor.minutes", 60));
        run(() -> System.nanoTime() < end);
    }

    private static void run(BooleanSupplier more) {
        SplittableRandom random = Seeds.random("HotplugFuzzTest");
        while (more.getAsBoolean()) {
            Board board = new Board();
            for (int step = 0; step < STEPS; step++) {
                board.step(random);
            }
            board.check();
        }
    }

    /// A port, and two slots of ACPI's kind.
    private static final class Board {
        private final PciFixture pci = new PciFixture();
        private final PcieRootPort port = new PcieRootPort(1);
        private final AcpiPciHotplug acpi = new AcpiPciHotplug(pci.bus, () -> { });
        private final List<HotplugSlot> slots = List.of(port.slot(), acpi.addSlot(4), acpi.addSlot(5));
        private int came;
        private int left;

        Board() {
            pci.bus.add(3, 0, port.function());
            pci.ports.attach(AcpiPciHotplug.PORT, AcpiPciHotplug.PORTS, acpi, "hot-plug");
            slots.forEach(slot -> slot.onEmptied(card -> {
                left++;
                card.bars().forEach(bar -> assertFalse(bar.attached()));
                assertFalse(card.busMaster());
            }));
        }

        void step(SplittableRandom random) {
            switch (random.nextInt(12)) {
                case 0 -> host(slots.get(random.nextInt(slots.size())), random.nextInt(4));
                case 1, 2 -> pci.ports.write(AcpiPciHotplug.PORT + random.nextInt(0x14), 4, random.nextInt(64));
                case 3, 4 -> slotRegister(random);
                case 5 -> {
                    if (random.nextInt(50) == 0) {
                        acpi.reset();
                        pci.bus.reset();
                    }
                }
                default -> configuration(random);
            }
        }

        private void host(HotplugSlot slot, int what) {
            switch (what) {
                case 0, 1 -> {
                    if (slot.isFree()) {
                        slot.insert(PciFixture.function());
                        came++;
                    }
                }
                case 2 -> slot.askForRemoval();
                default -> slot.pull();
            }
        }

        /// Power and indicators of the port, mostly as a system would write them.
        private void slotRegister(SplittableRandom random) {
            int at = 0x58 + 0x18;
            int value = random.nextInt(3) == 0 ? random.nextInt() : random.nextBoolean() ? 0x17f1 : 0x11f1;
            pci.writePorts(3 << 3, at, 2, value);
        }

        private void configuration(SplittableRandom random) {
            int bus = random.nextInt(3);
            int device = List.of(0, 3, 4, 5).get(random.nextInt(4));
            int offset = (random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(64)) & ~3;
            int value = switch (random.nextInt(4)) {
                case 0 -> random.nextInt();
                case 1 -> 7;
                case 2 -> 0x0002_0100;
                default -> 0xc000_0000 + random.nextInt(8) * 0x10_0000;
            };
            pci.mmio.write(PciFixture.ECAM + ((long) bus << 20 | device << 15 | offset), 4, value);
        }

        void check() {
            long there = slots.stream().filter(slot -> slot.occupant() != null).count();
            assertEquals(came, left + there);
        }
    }
}
