// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.javisor.memory.Chip;
import org.javisor.memory.IoBus;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

/// A tree of buses: behind the bridge at 00:04.0 a function at device 2 and a second bridge at device 3, behind which
/// is a function at device 5; and a port at 00:06.0 with a function.
class PciBridgeTest {
    private static final int BRIDGE = 4, INNER_BRIDGE = 3, FUNCTION = 2, INNER_FUNCTION = 5, PORT = 6;
    private static final int IO = 1, MEMORY = 2, MASTER = 4;

    private final PciFixture pci = new PciFixture();
    private final PciBridge outer = PciBridge.conventional();
    private final PciBridge inner = PciBridge.conventional();
    private final PcieRootPort port = new PcieRootPort(1);
    private final PciFunction function = PciFixture.function();
    private final PciFunction innerFunction = PciFixture.function();
    private final PciFunction card = PciFixture.function();

    PciBridgeTest() {
        outer.bus().add(FUNCTION, 0, function);
        pci.bus.add(BRIDGE, 0, outer.function());
        outer.bus().add(INNER_BRIDGE, 0, inner.function());
        inner.bus().add(INNER_FUNCTION, 0, innerFunction);
        pci.bus.add(PORT, 0, port.function());
        ExpressCapability.add(card, () -> { });
        port.install(card);
    }

    private int read(int bus, int device, int offset, int size) {
        return (int) pci.mmio.read(PciFixture.ECAM + ((long) bus << 20 | device << 15 | offset), size);
    }

    private void write(int bus, int device, int offset, int size, int value) {
        pci.mmio.write(PciFixture.ECAM + ((long) bus << 20 | device << 15 | offset), size, value);
    }

    /// Numbers the outer bus 3, and the inner one 7 of 7 to 9.
    private void number() {
        write(0, BRIDGE, PciBridge.PRIMARY, 4, 9 << 16 | 3 << 8);
        write(3, INNER_BRIDGE, PciBridge.PRIMARY, 4, 9 << 16 | 7 << 8 | 3);
    }

    private void configureAsFirmwareDoes() {
        new PciFirmware(new PciFirmware.Window(0xc000, 0x10000),
                new PciFirmware.Window(0xc000_0000L, 0xe000_0000L),
                new PciFirmware.Window(0x10_0000_0000L, 0x20_0000_0000L)).assign(pci.bus);
    }

    // ---- configuration accesses ----

    @Test
    void functionsAreFoundUnderTheNumbersThatTheGuestGivesTheirBuses() {
        assertEquals(-1, read(3, FUNCTION, 0, 4));

        number();

        assertEquals(0x5678_1234, read(3, FUNCTION, 0, 4));
        assertEquals(0x0001_1b36, read(3, INNER_BRIDGE, 0, 4));
        assertEquals(0x5678_1234, read(7, INNER_FUNCTION, 0, 4));
        assertEquals(-1, read(7, FUNCTION, 0, 4));
        assertEquals(-1, read(8, INNER_FUNCTION, 0, 4));
        assertEquals("03:02.0", function.bdf().toString());
        assertEquals("07:05.0", innerFunction.bdf().toString());
    }

    @Test
    void anInnerBusOutsideItsOuterBridgesNumbersIsNotReached() {
        number();

        write(0, BRIDGE, PciBridge.SUBORDINATE, 1, 6);

        assertEquals(0x5678_1234, read(3, FUNCTION, 0, 4));
        assertEquals(-1, read(7, INNER_FUNCTION, 0, 4));
    }

    @Test
    void conventionalPciHasNoExtendedSpaceAndNoExpressCapability() {
        PciFunction other = PciFixture.function();
        ExpressCapability.add(other, () -> { });
        outer.bus().add(9, 0, other);
        configureAsFirmwareDoes();
        int bus = outer.secondaryNumber();

        assertEquals(-1, read(bus, 9, 0x100, 4));
        assertEquals(0, read(bus, 9, ConfigSpace.CAPABILITIES, 1));
        int portBus = port.bus().number();
        assertEquals(0x0002_0001, read(portBus, 0, 0x100, 4));
        int capability = read(portBus, 0, ConfigSpace.CAPABILITIES, 1);
        assertEquals(0x0002_0010, read(portBus, 0, capability, 4));
    }

    @Test
    void aBridgeSaysSoInItsHeader() {
        assertEquals(1, read(0, BRIDGE, ConfigSpace.HEADER_TYPE, 1));
        assertEquals(0x0604_0000, read(0, BRIDGE, 8, 4));
        for (int bar = ConfigSpace.BAR0; bar < PciBridge.PRIMARY; bar += 4) {
            write(0, BRIDGE, bar, 4, -1);
            assertEquals(0, read(0, BRIDGE, bar, 4));
        }
    }

    // ---- windows ----

    @Test
    void aRangeAnswersOnlyWhereAllWindowsBeforeItHoldIt() {
        number();
        write(3, FUNCTION, ConfigSpace.BAR0, 4, 0xc010_0000);
        write(3, FUNCTION, ConfigSpace.COMMAND, 2, MEMORY);
        write(0, BRIDGE, PciBridge.MEMORY_BASE, 4, 0xc010_c010);
        assertTrue(pci.mmio.unclaimed(0xc010_0000L, 4));

        write(0, BRIDGE, ConfigSpace.COMMAND, 2, MEMORY);
        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xc010_0000L, 4));
        write(0, BRIDGE, PciBridge.MEMORY_BASE, 4, 0xc020_c020);
        assertTrue(pci.mmio.unclaimed(0xc010_0000L, 4));
        write(3, FUNCTION, ConfigSpace.BAR0, 4, 0xc020_0000);

        assertEquals(PciFixture.MEMORY_BAR, pci.mmio.read(0xc020_0000L, 4));
        write(0, BRIDGE, ConfigSpace.COMMAND, 2, 0);
        assertTrue(pci.mmio.unclaimed(0xc020_0000L, 4));
    }

    @Test
    void theWindowOf64BitsHoldsWhatLiesAbove4GiB() {
        number();
        write(3, FUNCTION, ConfigSpace.BAR0 + 8, 4, 0x4000_0000);
        write(3, FUNCTION, ConfigSpace.BAR0 + 12, 4, 0x12);
        write(3, FUNCTION, ConfigSpace.COMMAND, 2, MEMORY);
        write(0, BRIDGE, ConfigSpace.COMMAND, 2, MEMORY);
        write(0, BRIDGE, PciBridge.PREFETCHABLE_BASE, 4, 0x4000_4000);
        assertTrue(pci.mmio.unclaimed(0x12_4000_0000L, 4));

        write(0, BRIDGE, PciBridge.PREFETCHABLE_BASE_HIGH, 4, 0x12);
        write(0, BRIDGE, PciBridge.PREFETCHABLE_LIMIT_HIGH, 4, 0x12);

        assertEquals(PciFixture.MEMORY64_BAR, pci.mmio.read(0x12_4000_0000L, 4));
        assertEquals(1, read(0, BRIDGE, PciBridge.PREFETCHABLE_BASE, 2) & 0xf);
    }

    @Test
    void portsOfTheIsaKindAreNotForwardedWhileIsaIsEnabled() {
        number();
        write(3, FUNCTION, ConfigSpace.BAR0 + 4, 4, 0xc100);
        write(3, FUNCTION, ConfigSpace.COMMAND, 2, IO);
        write(0, BRIDGE, PciBridge.IO_BASE, 2, 0xc0c0);
        write(0, BRIDGE, ConfigSpace.COMMAND, 2, IO);
        assertEquals(PciFixture.IO_BAR, pci.ports.read(0xc100, 1));

        write(0, BRIDGE, PciBridge.BRIDGE_CONTROL, 2, 4);
        assertTrue(pci.ports.unclaimed(0xc100, 1));
        write(3, FUNCTION, ConfigSpace.BAR0 + 4, 4, 0xc400);

        assertEquals(PciFixture.IO_BAR, pci.ports.read(0xc400, 1));
    }

    @Test
    void firmwareReachesEveryRangeOfTheTree() {
        configureAsFirmwareDoes();

        assertEquals(List.of(1, 2, 3), List.of(outer.bus().number(), inner.bus().number(), port.bus().number()));
        for (PciFunction one : List.of(function, innerFunction, card)) {
            one.bars().forEach(bar -> assertTrue(bar.attached(), one.bdf() + " BAR " + bar.index));
        }
        assertFalse(outer.forwards(Bar.Kind.MEMORY32, card.readConfig(ConfigSpace.BAR0, 4) & 0xffff_ffffL, 16));
    }

    // ---- interrupts and messages ----

    @Test
    void pinsAreTurnedByTheDevicesNumberOnTheirWayUp() {
        innerFunction.intx(true);
        // INTA# of device 5 is INTB# of device 3, which is INTA# of device 4.
        assertTrue(pci.gsis[PirqWiring.ICH9.gsi(PirqWiring.ICH9.line(BRIDGE, 1))].high());

        function.intx(true);
        assertTrue(pci.gsis[PirqWiring.ICH9.gsi(PirqWiring.ICH9.line(BRIDGE, 3))].high());
        pci.bus.reset();

        for (int line = 0; line < 8; line++) {
            assertFalse(pci.gsis[16 + line].high());
        }
    }

    @Test
    void firmwareTellsFunctionsWhichInterruptTheyReach() {
        new PciFirmware(new PciFirmware.Window(0, 0), new PciFirmware.Window(0, 0), new PciFirmware.Window(0, 0))
                .route(pci.bus, PirqWiring.ICH9, new int[] {3, 4, 5, 6, 7, 9, 10, 11});

        assertEquals(7, innerFunction.readConfig(ConfigSpace.INTERRUPT_LINE, 1));
        assertEquals(10, function.readConfig(ConfigSpace.INTERRUPT_LINE, 1));
    }

    @Test
    void aFunctionReachesMemoryOnlyWhileNoBridgeBeforeItHoldsItInReset() {
        configureAsFirmwareDoes();
        innerFunction.writeConfig(ConfigSpace.COMMAND, 2, MASTER);
        assertTrue(innerFunction.busMaster());

        write(0, BRIDGE, PciBridge.BRIDGE_CONTROL, 2, PciBridge.SECONDARY_RESET);
        innerFunction.writeConfig(ConfigSpace.COMMAND, 2, MASTER);

        assertFalse(innerFunction.busMaster());
    }

    // ---- reset and state ----

    @Test
    void aBusInResetIsSilentAndForgets() {
        configureAsFirmwareDoes();
        int bus = outer.bus().number();
        write(bus, FUNCTION, ConfigSpace.COMMAND, 2, 7);

        write(0, BRIDGE, PciBridge.BRIDGE_CONTROL, 2, PciBridge.SECONDARY_RESET);
        assertEquals(-1, read(bus, FUNCTION, 0, 4));
        write(0, BRIDGE, PciBridge.BRIDGE_CONTROL, 2, 0);

        assertEquals(0, read(bus, FUNCTION, ConfigSpace.COMMAND, 2));
        assertEquals(0, read(bus, INNER_BRIDGE, PciBridge.SECONDARY, 1));
        assertEquals(0xf0f0, read(0, BRIDGE, PciBridge.IO_BASE, 1) | 0xf0f0);
        assertEquals(bus, read(0, BRIDGE, PciBridge.SECONDARY, 1));
    }

    @Test
    void aFunctionThatIsTakenOutIsGone() {
        configureAsFirmwareDoes();
        function.writeConfig(ConfigSpace.COMMAND, 2, 7);
        function.intx(true);

        outer.bus().remove(function);

        assertEquals(-1, read(outer.bus().number(), FUNCTION, 0, 4));
        function.bars().forEach(bar -> assertFalse(bar.attached()));
        assertFalse(pci.gsis[PirqWiring.ICH9.gsi(PirqWiring.ICH9.line(BRIDGE, 3))].high());
        function.intx(true);
        function.writeConfig(ConfigSpace.COMMAND, 2, 7);
        assertFalse(pci.gsis[PirqWiring.ICH9.gsi(PirqWiring.ICH9.line(BRIDGE, 3))].high());
        assertFalse(function.busMaster());
        assertThrows(IllegalStateException.class, () -> outer.bus().add(FUNCTION, 0, function));
    }

    private static String mapping(PciFixture fixture) {
        StringBuilder text = new StringBuilder();
        for (IoBus bus : List.of(fixture.ports, fixture.mmio)) {
            for (IoBus.Range range : bus.ranges()) {
                text.append(String.format("%s %x %x%n", range.name(), range.start(), range.bytes()));
            }
        }
        return text.toString();
    }

    /// Whatever a guest writes, in whichever order: the registers alone say who answers where.
    @Test
    void randomConfigurationWritesAcrossBridgesNeverThrowAndASavedTreeIsRestoredExactly() {
        SplittableRandom random = Seeds.random("PciBridgeTest");
        for (int round = 0; round < 40; round++) {
            PciBridgeTest tree = new PciBridgeTest();
            tree.configureAsFirmwareDoes();
            for (int i = 0; i < 1500; i++) {
                tree.randomWrite(random);
            }
            PciBridgeTest twin = new PciBridgeTest();
            List<Chip<PciFunction.State>> chips = tree.chips();
            List<Chip<PciFunction.State>> twins = twin.chips();
            List<Integer> order = new ArrayList<>();
            for (int n = 0; n < chips.size(); n++) {
                order.add(random.nextInt(order.size() + 1), n);
            }
            order.forEach(n -> twins.get(n).load(chips.get(n).save()));

            assertEquals(mapping(tree.pci), mapping(twin.pci));
            for (int n = 0; n < chips.size(); n++) {
                assertArrayEquals(chips.get(n).save().config(), twins.get(n).save().config());
            }
        }
    }

    private List<Chip<PciFunction.State>> chips() {
        return List.of(pci.bus.function(0, 0), pci.lpc.function(), outer, inner, port, function, innerFunction, card);
    }

    private void randomWrite(SplittableRandom random) {
        int bus = random.nextInt(5);
        int device = List.of(0, FUNCTION, INNER_BRIDGE, BRIDGE, INNER_FUNCTION, PORT, 31).get(random.nextInt(7));
        int size = 1 << random.nextInt(3);
        int offset = (random.nextInt(4) == 0 ? random.nextInt(0x100) : random.nextInt(0x40)) & -size;
        // Few different values, so that ranges and windows meet.
        int value = switch (random.nextInt(5)) {
            case 0 -> random.nextInt();
            case 1 -> 7;
            case 2 -> 0x0403_0100 | random.nextInt(4) << 8;
            case 3 -> 0xc000_c000 + random.nextInt(4) * 0x0010_0010;
            default -> 0xc000_0000 + random.nextInt(8) * 0x0010_0000;
        };
        write(bus, device, offset, size, value);
    }
}
