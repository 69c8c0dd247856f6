// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A card behind a root port, whose errors are reported as the guest has asked.
class AdvancedErrorsTest {
    private static final int DEVICE = 4, DEVFN = DEVICE << 3, CARD = 1 << 8;
    private static final int DEVICE_CONTROL = 8, DEVICE_STATUS = 0xa, REPORT_ALL = 7;
    private static final int AER = 0x100, ACS = 0x148, SERR = 0x100;
    private static final int[] HEADER = {0x4a00_0001, 2, 3, 4};

    private final PciFixture pci = new PciFixture();
    private final PcieRootPort port = new PcieRootPort(3);
    private final PciFunction card = PciFixture.function();
    private final PciFunction root = port.function();
    private int cardExpress;
    private int rootExpress;

    @BeforeEach
    void build() {
        ExpressCapability.add(card, card::reset);
        port.install(card);
        pci.bus.add(DEVICE, 0, root);
        root.writeConfig(ConfigSpace.COMMAND, 2, 7);
        root.writeConfig(PciBridge.PRIMARY, 4, 1 << 16 | 1 << 8);
        root.writeConfig(PciBridge.BRIDGE_CONTROL, 2, PciBridge.FORWARD_ERRORS);
        cardExpress = capability(card, 0x10);
        rootExpress = capability(root, 0x10);
        card.writeConfig(cardExpress + DEVICE_CONTROL, 2, REPORT_ALL);
        root.writeConfig(AER + RootErrors.COMMAND, 4, 7);
    }

    private static int capability(PciFunction function, int id) {
        int at = function.readConfig(ConfigSpace.CAPABILITIES, 1);
        while (function.readConfig(at, 1) != id) {
            at = function.readConfig(at + 1, 1);
        }
        return at;
    }

    private void useMsi() {
        int msi = capability(root, 5);
        root.writeConfig(msi + 4, 4, 0xfee0_0000);
        root.writeConfig(msi + 12, 2, 0x55);
        root.writeConfig(msi + 2, 2, 1);
    }

    private int rootStatus() {
        return root.readConfig(AER + RootErrors.STATUS, 4);
    }

    private boolean pin() {
        return pci.gsis[PirqWiring.ICH9.gsi(PirqWiring.ICH9.line(DEVICE, 1))].high();
    }

    @Test
    void bothEndsOfALinkHaveTheCapabilityAndThePortAccessControl() {
        assertEquals(0x0002_0001, card.readConfig(AER, 4));
        assertEquals(ACS << 20 | 0x0002_0001, root.readConfig(AER, 4));
        assertEquals(0x0001_000d, root.readConfig(ACS, 4));
        assertEquals(0x1f, root.readConfig(ACS + 4, 2));
        root.writeConfig(ACS + 6, 2, 0xffff);
        assertEquals(0x1f, root.readConfig(ACS + 6, 2));
        assertEquals(0x0006_2030, card.readConfig(AER + AdvancedErrors.UNCORRECTABLE_SEVERITY, 4));
    }

    @Test
    void onTheRootBusErrorsAreNotReported() {
        PciFunction integrated = PciFixture.function();
        ExpressCapability.add(integrated, integrated::reset);
        pci.bus.add(5, 0, integrated);

        assertEquals(0, integrated.readConfig(AER, 4));
        assertNull(integrated.errors());
    }

    @Test
    void aCorrectableErrorInterruptsOnceAndNamesItsSource() {
        useMsi();

        card.errors().report(PciError.BAD_TLP);

        assertEquals(PciError.BAD_TLP.bit(), card.readConfig(AER + AdvancedErrors.CORRECTABLE_STATUS, 4));
        assertEquals(1, card.readConfig(cardExpress + DEVICE_STATUS, 2));
        assertEquals(RootErrors.CORRECTABLE, rootStatus());
        assertEquals(CARD, root.readConfig(AER + RootErrors.SOURCES, 4));
        assertEquals(List.of("fee00000:55"), pci.messages);
        assertFalse(pin());

        card.errors().report(PciError.RECEIVER);
        assertEquals(RootErrors.CORRECTABLE | RootErrors.MULTIPLE_CORRECTABLE, rootStatus());
        assertEquals(1, pci.messages.size(), "it is still being told of the first");
        root.writeConfig(AER + RootErrors.STATUS, 4, ~0);
        card.errors().report(PciError.RECEIVER);
        assertEquals(2, pci.messages.size());
    }

    @Test
    void withoutMessagesThePinIsAssertedUntilTheGuestHasSeenTheError() {
        card.errors().report(PciError.REPLAY_TIMER_TIMEOUT);
        assertTrue(pin());

        root.writeConfig(AER + RootErrors.STATUS, 4, RootErrors.CORRECTABLE);

        assertFalse(pin());
    }

    @Test
    void thePinIsHeldWhileEitherErrorsOrTheSlotWantIt() {
        int slotControl = rootExpress + 0x18, slotStatus = rootExpress + 0x1a;
        root.writeConfig(slotControl, 2, root.readConfig(slotControl, 2) | PcieSlot.INTERRUPT_ENABLE
                | PcieSlot.ATTENTION_PRESSED);
        root.writeConfig(slotStatus, 2, 0xffff);
        card.errors().report(PciError.BAD_DLLP);
        port.slot().askForRemoval();
        assertTrue(pin());

        root.writeConfig(AER + RootErrors.STATUS, 4, ~0);
        assertTrue(pin(), "the button is pressed");
        root.writeConfig(slotStatus, 2, 0xffff);
        assertFalse(pin());
    }

    @Test
    void anUncorrectableErrorIsLoggedWithItsPacketUntilItIsSeen() {
        card.errors().report(PciError.POISONED_TLP, HEADER);
        card.errors().report(PciError.COMPLETION_TIMEOUT, new int[] {9, 9, 9, 9});

        assertEquals(PciError.POISONED_TLP.bit() | PciError.COMPLETION_TIMEOUT.bit(),
                card.readConfig(AER + AdvancedErrors.UNCORRECTABLE_STATUS, 4));
        assertEquals(PciError.POISONED_TLP.number, card.readConfig(AER + AdvancedErrors.CONTROL, 4));
        for (int n = 0; n < HEADER.length; n++) {
            assertEquals(HEADER[n], card.readConfig(AER + AdvancedErrors.HEADER_LOG + 4 * n, 4));
        }
        assertEquals(RootErrors.UNCORRECTABLE | RootErrors.MULTIPLE_UNCORRECTABLE | RootErrors.NONFATAL,
                rootStatus());
        assertEquals(CARD << 16, root.readConfig(AER + RootErrors.SOURCES, 4));
        assertEquals(0x4000, root.readConfig(PciBridge.SECONDARY_STATUS, 2));

        card.writeConfig(AER + AdvancedErrors.UNCORRECTABLE_STATUS, 4, ~0);
        card.errors().report(PciError.UNSUPPORTED_REQUEST, new int[] {5, 6, 7, 8});
        assertEquals(PciError.UNSUPPORTED_REQUEST.number, card.readConfig(AER + AdvancedErrors.CONTROL, 4));
        assertEquals(5, card.readConfig(AER + AdvancedErrors.HEADER_LOG, 4));
        assertEquals(0xa, card.readConfig(cardExpress + DEVICE_STATUS, 2));
    }

    @Test
    void howBadAnErrorIsTheGuestDecides() {
        card.errors().report(PciError.MALFORMED_TLP);
        assertEquals(RootErrors.UNCORRECTABLE | RootErrors.FIRST_FATAL | RootErrors.FATAL, rootStatus());
        root.writeConfig(AER + RootErrors.STATUS, 4, ~0);

        card.writeConfig(AER + AdvancedErrors.UNCORRECTABLE_SEVERITY, 4, 0);
        card.errors().report(PciError.MALFORMED_TLP);

        assertEquals(RootErrors.UNCORRECTABLE | RootErrors.NONFATAL, rootStatus());
    }

    @Test
    void aMaskedErrorIsRememberedButNotToldOf() {
        card.writeConfig(AER + AdvancedErrors.CORRECTABLE_MASK, 4, PciError.BAD_TLP.bit());
        card.writeConfig(AER + AdvancedErrors.UNCORRECTABLE_MASK, 4, PciError.ECRC.bit());

        card.errors().report(PciError.BAD_TLP);
        card.errors().report(PciError.ECRC, HEADER);

        assertEquals(PciError.BAD_TLP.bit(), card.readConfig(AER + AdvancedErrors.CORRECTABLE_STATUS, 4));
        assertEquals(PciError.ECRC.bit(), card.readConfig(AER + AdvancedErrors.UNCORRECTABLE_STATUS, 4));
        assertEquals(0, card.readConfig(AER + AdvancedErrors.HEADER_LOG, 4));
        assertEquals(3, card.readConfig(cardExpress + DEVICE_STATUS, 2));
        assertEquals(0, rootStatus());
    }

    @Test
    void aFunctionThatMayNotReportIsSilentButForSystemErrors() {
        card.writeConfig(cardExpress + DEVICE_CONTROL, 2, 0);
        card.errors().report(PciError.BAD_TLP);
        card.errors().report(PciError.COMPLETER_ABORT);
        assertEquals(0, rootStatus());

        card.writeConfig(ConfigSpace.COMMAND, 2, SERR);
        card.errors().report(PciError.COMPLETER_ABORT);

        assertEquals(RootErrors.UNCORRECTABLE | RootErrors.NONFATAL, rootStatus());
        assertEquals(0x4000, card.readConfig(ConfigSpace.STATUS, 2) & 0x4000);
    }

    @Test
    void aPortThatDoesNotForwardErrorsHearsOfNone() {
        root.writeConfig(PciBridge.BRIDGE_CONTROL, 2, 0);

        card.errors().report(PciError.COMPLETER_ABORT);

        assertEquals(0, rootStatus());
        assertEquals(0x4000, root.readConfig(PciBridge.SECONDARY_STATUS, 2));
    }

    @Test
    void aPortTellsOfItsOwnErrors() {
        root.writeConfig(rootExpress + DEVICE_CONTROL, 2, REPORT_ALL);

        root.errors().report(PciError.SURPRISE_DOWN);

        assertEquals(RootErrors.UNCORRECTABLE | RootErrors.FIRST_FATAL | RootErrors.FATAL, rootStatus());
        assertEquals(DEVFN << 16, root.readConfig(AER + RootErrors.SOURCES, 4));
    }

    @Test
    void whatIsLoggedIsPartOfTheState() {
        card.errors().report(PciError.POISONED_TLP, HEADER);
        PciFunction.State cards = card.save(), ports = port.save();
        assertTrue(pin());
        card.reset();
        port.reset();
        assertFalse(pin());
        assertEquals(0, card.readConfig(AER + AdvancedErrors.UNCORRECTABLE_STATUS, 4));
        assertEquals(0, rootStatus());

        port.load(ports);
        card.load(cards);

        assertTrue(pin());
        assertEquals(PciError.POISONED_TLP.number, card.readConfig(AER + AdvancedErrors.CONTROL, 4));
        assertEquals(HEADER[3], card.readConfig(AER + AdvancedErrors.HEADER_LOG + 12, 4));
        assertEquals(CARD << 16, root.readConfig(AER + RootErrors.SOURCES, 4));
    }
}
