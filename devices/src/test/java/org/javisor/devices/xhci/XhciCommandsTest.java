// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.devices.usb.UsbKeyboard;
import org.javisor.devices.usb.UsbTablet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Registers, ports, events and commands.
class XhciCommandsTest {
    /// The first of USB 2.
    private static final int PORT = XhciLayout.PORTS_OF_EACH + 1;

    private final UsbTablet tablet = new UsbTablet();
    private final XhciDriver driver = new XhciDriver(tablet);

    @BeforeEach
    void start() {
        driver.start();
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private void resetPort() {
        driver.set(XhciDriver.port(PORT), 4, RootPort.POWER | RootPort.RESET);
        driver.drain();
    }

    @Test
    void capabilitiesSayWhereRegistersAre() {
        assertEquals(0x0110_0040, driver.get(XhciLayout.CAPLENGTH));
        assertEquals(0x40, driver.xhci.read(0, 1) & 0xff);
        assertEquals(0x0110, driver.xhci.read(2, 2) & 0xffff);
        int extended = driver.get(XhciLayout.HCCPARAMS1) >>> 16 << 2;
        assertEquals(0x0300_0402, driver.get(extended));
        assertEquals(0x0200_0002, driver.get(extended + 16));
        assertEquals(0x0809, driver.get(extended + 24));
    }

    @Test
    void aConnectedDeviceIsToldWhenTheControllerRuns() {
        XhciDriver.Event event = driver.take();

        assertEquals(XhciLayout.PORT_STATUS_CHANGE, event.type());
        assertEquals((long) PORT << 24, event.parameter());
        assertEquals(RootPort.CONNECTED | RootPort.CONNECT_CHANGE,
                driver.get(XhciDriver.port(PORT)) & (RootPort.CONNECTED | RootPort.CONNECT_CHANGE | RootPort.ENABLED));
        assertNull(driver.take());
    }

    @Test
    void resettingAPortEnablesIt() {
        driver.drain();
        driver.set(XhciDriver.port(PORT), 4, RootPort.POWER | RootPort.CONNECT_CHANGE | RootPort.RESET);

        assertEquals(XhciLayout.PORT_STATUS_CHANGE, driver.take().type());
        assertEquals(RootPort.CONNECTED | RootPort.ENABLED | RootPort.POWER | RootPort.RESET_CHANGE | 3 << 10,
                driver.get(XhciDriver.port(PORT)));
        driver.set(XhciDriver.port(PORT), 4, RootPort.POWER | RootPort.ENABLED);
        assertEquals(0, driver.get(XhciDriver.port(PORT)) & RootPort.ENABLED);
    }

    @Test
    void aSuspendedPortResumes() {
        resetPort();
        driver.set(XhciDriver.port(PORT), 4, RootPort.POWER | RootPort.LINK_WRITE | 3 << 5);
        assertEquals(3, driver.get(XhciDriver.port(PORT)) >>> 5 & 0xf);
        driver.set(XhciDriver.port(PORT), 4, RootPort.POWER | RootPort.LINK_WRITE | 15 << 5);
        driver.set(XhciDriver.port(PORT), 4, RootPort.POWER | RootPort.LINK_WRITE);

        assertEquals(RootPort.LINK_CHANGE, driver.get(XhciDriver.port(PORT)) & (RootPort.LINK_CHANGE | 0x1e0));
        assertEquals(XhciLayout.PORT_STATUS_CHANGE, driver.take().type());
    }

    @Test
    void devicesComeAndGo() {
        driver.drain();
        driver.xhci.unplug(tablet);
        assertEquals(XhciLayout.PORT_STATUS_CHANGE, driver.take().type());
        assertEquals(0, driver.get(XhciDriver.port(PORT)) & RootPort.CONNECTED);

        assertEquals(PORT, driver.xhci.plug(new UsbKeyboard()));

        assertEquals(XhciLayout.PORT_STATUS_CHANGE, driver.take().type());
    }

    @Test
    void thePinIsHighUntilThePendingBitIsCleared() {
        assertTrue(driver.intx().high());
        assertEquals(XhciLayout.STS_INTERRUPT | XhciLayout.STS_PORT_CHANGE, driver.get(XhciLayout.USBSTS));

        driver.set(XhciLayout.USBSTS, 4, XhciLayout.STS_INTERRUPT);
        driver.set(XhciLayout.INTERRUPTERS, 4, 3);

        assertFalse(driver.intx().high());
        driver.drain();
        assertFalse(driver.intx().high());
        driver.command(XhciLayout.NO_OP_COMMAND, 0, 0);
        assertTrue(driver.intx().high());
    }

    /// The driver says that it is done with events while there is another: it is told once more.
    @Test
    void anEventThatTheDriverHasNotSeenIsToldAgain() {
        driver.take();
        driver.command(XhciLayout.NO_OP_COMMAND, 0, 0);
        driver.set(XhciLayout.INTERRUPTERS, 4, 3);
        assertFalse(driver.intx().high());

        driver.set(XhciLayout.INTERRUPTERS + 0x18, 8, 0x1_0000 + 16 | 8);

        assertTrue(driver.intx().high());
    }

    @Test
    void eventsWaitForRoomAndNoneIsLost() {
        driver.drain();
        for (int i = 0; i < 100; i++) {
            driver.memory.storeInt(0x2_0000 + 16 * i + 12, XhciLayout.NO_OP_COMMAND << 10 | 1);
        }
        driver.doorbell(0, 0);

        int seen = 0;
        for (XhciDriver.Event event = driver.take(); event != null; event = driver.take()) {
            assertEquals(0x2_0000 + 16L * seen++, event.parameter());
            driver.taken();
        }
        assertEquals(100, seen);
    }

    @Test
    void theCommandRingFollowsItsLinks() {
        driver.drain();
        driver.memory.storeLong(0x2_0000, 0x2_8000);
        driver.memory.storeInt(0x2_000c, XhciLayout.LINK << 10 | XhciLayout.TOGGLE_CYCLE | 1);
        driver.memory.storeInt(0x2_800c, XhciLayout.NO_OP_COMMAND << 10);
        driver.memory.storeInt(0x2_801c, 1);

        driver.doorbell(0, 0);

        assertEquals(0x2_8000, driver.take().parameter());
        assertEquals(XhciLayout.CR_RUNNING, driver.get(XhciLayout.CRCR));
        driver.taken();
        driver.set(XhciLayout.CRCR, 8, XhciLayout.CR_ABORT);
        XhciDriver.Event stopped = driver.take();
        assertEquals(XhciLayout.COMMAND_RING_STOPPED, stopped.code());
        assertEquals(0x2_8010, stopped.parameter());
        assertEquals(0, driver.get(XhciLayout.CRCR));
        driver.taken();
        driver.memory.storeInt(0x2_801c, XhciLayout.NO_OP_COMMAND << 10);
        driver.memory.storeInt(0x2_802c, 1);
        driver.doorbell(0, 0);
        assertEquals(0x2_8010, driver.take().parameter());
    }

    @Test
    void aRingThatIsAllLinksIsAnError() {
        driver.drain();
        driver.memory.storeLong(0x2_0000, 0x2_0000);
        driver.memory.storeInt(0x2_000c, XhciLayout.LINK << 10 | 1);

        driver.doorbell(0, 0);

        assertEquals(XhciLayout.TRB_ERROR, driver.take().code());
    }

    @Test
    void ringsOutsideMemoryStopTheController() {
        driver.set(XhciLayout.USBCMD, 4, 0);
        driver.set(XhciLayout.CRCR, 8, 1L << 40 | 1);
        driver.set(XhciLayout.USBCMD, 4, XhciLayout.CMD_RUN);
        driver.doorbell(0, 0);

        assertEquals(XhciLayout.STS_SYSTEM_ERROR | XhciLayout.STS_HALTED,
                driver.get(XhciLayout.USBSTS) & (XhciLayout.STS_SYSTEM_ERROR | XhciLayout.STS_HALTED));
        driver.start();
        assertEquals(0, driver.get(XhciLayout.USBSTS) & (XhciLayout.STS_SYSTEM_ERROR | XhciLayout.STS_HALTED));
    }

    @Test
    void slotsAreEnabledUpToTheLimit() {
        driver.drain();
        driver.set(XhciLayout.CONFIG, 4, 2);
        assertEquals(1, driver.command(XhciLayout.ENABLE_SLOT, 0, 0).slot());
        assertEquals(2, driver.command(XhciLayout.ENABLE_SLOT, 0, 0).slot());
        assertEquals(XhciLayout.NO_SLOTS, driver.command(XhciLayout.ENABLE_SLOT, 0, 0).code());

        assertEquals(XhciLayout.SUCCESS, driver.command(XhciLayout.DISABLE_SLOT, 0, 1 << 24).code());

        assertEquals(1, driver.command(XhciLayout.ENABLE_SLOT, 0, 0).slot());
        assertEquals(XhciLayout.SLOT_NOT_ENABLED, driver.command(XhciLayout.DISABLE_SLOT, 0, 9 << 24).code());
    }

    @Test
    void anAddressedDeviceIsInItsContext() {
        resetPort();
        int slot = driver.address(PORT);

        assertEquals(slot | Slot.ADDRESSED << 27, driver.memory.loadInt(XhciDriver.context(slot) + 12));
        assertEquals(Endpoint.RUNNING, driver.endpointState(slot, 1));
        assertEquals(XhciLayout.CONTEXT_STATE_ERROR,
                driver.command(XhciLayout.ADDRESS_DEVICE, XhciDriver.INPUT, slot << 24).code());
        assertEquals(XhciLayout.SUCCESS, driver.command(XhciLayout.RESET_DEVICE, 0, slot << 24).code());
        assertEquals(Slot.DEFAULT << 27, driver.memory.loadInt(XhciDriver.context(slot) + 12));
    }

    @Test
    void whatCannotBeAddressedIsRefused() {
        resetPort();
        int slot = driver.command(XhciLayout.ENABLE_SLOT, 0, 0).slot();
        driver.clearInput(0, 3);
        assertEquals(XhciLayout.PARAMETER_ERROR,
                driver.command(XhciLayout.ADDRESS_DEVICE, XhciDriver.INPUT, slot << 24).code());
        driver.memory.storeInt(XhciDriver.INPUT + 36, 3 << 16);
        assertEquals(XhciLayout.TRANSACTION_ERROR,
                driver.command(XhciLayout.ADDRESS_DEVICE, XhciDriver.INPUT, slot << 24).code());
        assertEquals(XhciLayout.ENDPOINT_NOT_ENABLED,
                driver.command(XhciLayout.STOP_ENDPOINT, 0, slot << 24 | 1 << 16).code());
        assertEquals(XhciLayout.CONTEXT_STATE_ERROR, driver.configure(slot, 0));
    }

    @Test
    void endpointsAreConfiguredAndDropped() {
        resetPort();
        int slot = driver.address(PORT);

        assertEquals(XhciLayout.BANDWIDTH_ERROR, driver.configure(slot, 0, 3, 5));
        assertEquals(XhciLayout.SUCCESS, driver.configure(slot, 0, 3, XhciDriver.INTERRUPT_IN));
        assertEquals(Endpoint.RUNNING, driver.endpointState(slot, 3));
        assertEquals(3, driver.memory.loadInt(XhciDriver.context(slot)) >>> 27);
        assertEquals(XhciLayout.PARAMETER_ERROR, driver.configure(slot, 0, 3, XhciDriver.INTERRUPT_IN));
        assertEquals(XhciLayout.SUCCESS, driver.configure(slot, 1 << 3, 5, XhciDriver.BULK_IN));

        assertEquals(Endpoint.DISABLED, driver.endpointState(slot, 3));
        assertEquals(Endpoint.RUNNING, driver.endpointState(slot, 5));
    }

    @Test
    void aControllerGoesOnAsAnotherThatIsGivenItsState() {
        resetPort();
        int slot = driver.address(PORT);
        driver.configure(slot, 0, 3, XhciDriver.INTERRUPT_IN);
        XhciFunction.State saved = driver.xhci.save();
        driver.xhci.reset();
        assertNotEquals(0, driver.get(XhciLayout.USBSTS) & XhciLayout.STS_HALTED);

        driver.xhci.load(saved);

        assertEquals(XhciLayout.SUCCESS,
                driver.command(XhciLayout.STOP_ENDPOINT, 0, slot << 24 | 3 << 16).code());
        try (XhciDriver empty = new XhciDriver()) {
            assertThrows(IllegalArgumentException.class, () -> empty.xhci.load(saved));
        }
    }
}
