// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class PciInterruptTest {
    private static final int MASTER = 6;
    private static final long MSIX_TABLE = 0xc010_0000L;

    private final PciFixture pci = new PciFixture();

    private static PciFunction function() {
        PciFunction function = new PciFunction(new PciFunction.Identity(0x1234, 0x5678, 0, 0xff0000, 1, 2));
        function.useIntx(1);
        return function;
    }

    private int capability(int devfn, int id) {
        int at = pci.readPorts(devfn, ConfigSpace.CAPABILITIES, 1);
        while (at != 0 && pci.readPorts(devfn, at, 1) != id) {
            at = pci.readPorts(devfn, at + 1, 1);
        }
        return at;
    }

    // ---- INTx ----

    @Test
    void anInterruptPinReachesTheGsiOfItsSlot() {
        PciFunction function = pci.addFunction(3, 0);

        function.intx(true);

        assertTrue(pci.gsis[16 + PirqWiring.ICH9.line(3, 1)].high());
        assertEquals(8, function.readConfig(ConfigSpace.STATUS, 2) & 8);
        function.intx(false);
        assertFalse(pci.gsis[16 + PirqWiring.ICH9.line(3, 1)].high());
    }

    @Test
    void theDisableBitHoldsThePinBackButNotTheStatus() {
        PciFunction function = pci.addFunction(3, 0);
        function.intx(true);

        function.writeConfig(ConfigSpace.COMMAND, 2, PciFunction.COMMAND_INTX_DISABLE);

        assertFalse(pci.gsis[19].high());
        assertEquals(8, function.readConfig(ConfigSpace.STATUS, 2) & 8);
        function.writeConfig(ConfigSpace.COMMAND, 2, 0);
        assertTrue(pci.gsis[19].high());
    }

    @Test
    void functionsThatShareALineAreBothHeard() {
        PciFunction one = pci.addFunction(3, 0);
        PciFunction other = pci.addFunction(11, 0);
        one.intx(true);
        other.intx(true);

        one.intx(false);

        assertTrue(pci.gsis[19].high());
        other.intx(false);
        assertFalse(pci.gsis[19].high());
    }

    @Test
    void aRoutedPirqReachesThePicAsWell() {
        PciFunction function = pci.addFunction(3, 0);
        pci.lpc.routePirq(3, 10);
        function.intx(true);
        assertTrue(pci.gsis[10].high());

        pci.writePorts(31 << 3, Ich9Lpc.PIRQA_ROUT + 3, 1, 11);
        assertFalse(pci.gsis[10].high());
        assertTrue(pci.gsis[11].high());
        pci.writePorts(31 << 3, Ich9Lpc.PIRQA_ROUT + 3, 1, 0x80);

        assertFalse(pci.gsis[11].high());
        assertTrue(pci.gsis[19].high());
    }

    @Test
    void aPirqRoutedToTheTimersInputGoesNowhere() {
        PciFunction function = pci.addFunction(3, 0);

        pci.lpc.routePirq(3, 0);
        function.intx(true);

        assertFalse(pci.gsis[0].high());
    }

    @Test
    void aResetReleasesThePin() {
        PciFunction function = pci.addFunction(3, 0);
        function.intx(true);

        pci.bus.reset();

        assertFalse(pci.gsis[19].high());
    }

    // ---- MSI-X ----

    private Msix msix(int vectors) {
        PciFunction function = function();
        Msix msix = new Msix(function, 1, vectors);
        pci.bus.add(5, 0, function);
        pci.writePorts(5 << 3, ConfigSpace.BAR0 + 4, 4, (int) MSIX_TABLE);
        pci.writePorts(5 << 3, ConfigSpace.COMMAND, 2, MASTER);
        return msix;
    }

    private void msixControl(int value) {
        pci.writePorts(5 << 3, capability(5 << 3, 0x11) + 2, 2, value);
    }

    private void msixEntry(int vector, long address, int data, int control) {
        pci.mmio.write(MSIX_TABLE + 16 * vector, 8, address);
        pci.mmio.write(MSIX_TABLE + 16 * vector + 8, 4, data);
        pci.mmio.write(MSIX_TABLE + 16 * vector + 12, 4, control);
    }

    @Test
    void anUnmaskedVectorSendsItsMessage() {
        Msix msix = msix(3);
        msixControl(0x8000);
        msixEntry(2, 0xfee0_3000L, 0x41, 0);

        msix.trigger(2);

        assertEquals(List.of("fee03000:41"), pci.messages);
        assertEquals(2, pci.readPorts(5 << 3, capability(5 << 3, 0x11) + 2, 2) & 0x7ff);
    }

    @Test
    void aMaskedVectorStaysPendingUntilUnmasked() {
        Msix msix = msix(3);
        msixControl(0x8000);
        msixEntry(1, 0xfee0_0000L, 0x42, 1);
        int pba = pci.readPorts(5 << 3, capability(5 << 3, 0x11) + 8, 4) & ~7;

        msix.trigger(1);
        msix.trigger(1);
        assertEquals(List.of(), pci.messages);
        assertEquals(2, pci.mmio.read(MSIX_TABLE + pba, 8));
        msixEntry(1, 0xfee0_0000L, 0x42, 0);

        assertEquals(List.of("fee00000:42"), pci.messages);
        assertEquals(0, pci.mmio.read(MSIX_TABLE + pba, 8));
    }

    @Test
    void theFunctionMaskHoldsAllVectorsBack() {
        Msix msix = msix(2);
        msixControl(0xc000);
        msixEntry(0, 0xfee0_0000L, 0x40, 0);
        msixEntry(1, 0xfee0_0000L, 0x41, 0);
        msix.trigger(0);
        msix.trigger(1);
        assertEquals(List.of(), pci.messages);

        msixControl(0x8000);

        assertEquals(List.of("fee00000:40", "fee00000:41"), pci.messages);
    }

    @Test
    void withoutBusMasteringNoMessageIsSent() {
        Msix msix = msix(1);
        msixControl(0x8000);
        msixEntry(0, 0xfee0_0000L, 0x40, 0);
        pci.writePorts(5 << 3, ConfigSpace.COMMAND, 2, 2);

        msix.trigger(0);

        assertEquals(List.of(), pci.messages);
    }

    @Test
    void aMessageAddressInMemoryIsNotWrittenTo() {
        Msix msix = msix(1);
        msixControl(0x8000);
        msixEntry(0, 0x1000, 0x40, 0);

        msix.trigger(0);

        assertEquals(List.of(), pci.messages);
    }

    // ---- MSI ----

    @Test
    void msiFoldsVectorsOntoThoseTheGuestEnabledAndKeepsMaskedOnesPending() {
        PciFunction function = function();
        Msi msi = new Msi(function, 4);
        pci.bus.add(6, 0, function);
        int at = capability(6 << 3, 5);
        pci.writePorts(6 << 3, ConfigSpace.COMMAND, 2, MASTER);
        pci.writePorts(6 << 3, at + 4, 4, 0xfee0_1000);
        pci.writePorts(6 << 3, at + 12, 2, 0x51);
        pci.writePorts(6 << 3, at + 2, 2, 1 << 4 | 1);      // two of four vectors

        msi.trigger(3);
        assertEquals(List.of("fee01000:51"), pci.messages);
        pci.writePorts(6 << 3, at + 16, 4, 1);
        msi.trigger(0);
        assertEquals(1, pci.messages.size());
        assertEquals(1, pci.readPorts(6 << 3, at + 20, 4));
        PciFunction.State saved = function.save();
        function.reset();
        function.load(saved);
        pci.writePorts(6 << 3, at + 16, 4, 0);

        assertEquals(List.of("fee01000:51", "fee01000:50"), pci.messages);
        assertEquals(0, pci.readPorts(6 << 3, at + 20, 4));
    }

    @Test
    void aFunctionLevelResetReachesTheDevice() {
        PciFunction function = function();
        int[] resets = new int[1];
        ExpressCapability.add(function, () -> resets[0]++);
        pci.bus.add(7, 0, function);
        int at = capability(7 << 3, 0x10);

        pci.writePorts(7 << 3, at + 8, 2, 0x8000);

        assertEquals(1, resets[0]);
        assertEquals(0, pci.readPorts(7 << 3, at + 8, 2) & 0x8000);
    }
}
