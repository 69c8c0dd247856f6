// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.devices.usb.UsbKeyboard;
import org.javisor.devices.usb.UsbTablet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Transfers, with a tablet and a keyboard.
class XhciTransfersTest {
    private static final long DATA = XhciDriver.DATA;
    /// The first of USB 2.
    private static final int PORT = XhciLayout.PORTS_OF_EACH + 1;

    private final UsbTablet tablet = new UsbTablet();
    private final UsbKeyboard keyboard = new UsbKeyboard();
    private final XhciDriver driver = new XhciDriver(tablet, keyboard);
    private int slot;

    @BeforeEach
    void configureTheTablet() {
        driver.start();
        slot = configured(PORT);
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private int configured(int port) {
        driver.set(XhciDriver.port(port), 4, RootPort.POWER | RootPort.RESET);
        driver.drain();
        int made = driver.address(port);
        assertEquals(XhciLayout.SUCCESS, driver.control(made, 0, 9, 1, 0, 0).code());
        assertEquals(XhciLayout.SUCCESS, driver.configure(made, 0, 3, XhciDriver.INTERRUPT_IN));
        return made;
    }

    @Test
    void descriptorsAreRead() {
        XhciDriver.Event event = driver.control(slot, 0x80, 6, 0x100, 0, 18);

        assertEquals(XhciLayout.SUCCESS, event.code());
        assertEquals(0x0200_0112, driver.memory.loadInt(DATA));
        driver.control(slot, 0x80, 6, 0x302, 0, 255);
        assertEquals('U', driver.memory.loadByte(DATA + 2));
        driver.control(slot, 0x81, 6, 0x2200, 0, 100);
        assertEquals(0x05, driver.memory.loadByte(DATA));
    }

    @Test
    void anAnswerThatIsShorterThanItsRoomIsTold() {
        long setup = 0x80 | 6 << 8 | 0x0100L << 16 | 64L << 48;
        driver.put(slot, 1, XhciLayout.SETUP_STAGE, setup, 8, XhciLayout.IMMEDIATE);
        long data = driver.put(slot, 1, XhciLayout.DATA_STAGE, DATA, 64,
                1 << 16 | XhciLayout.SHORT_INTERRUPTS | XhciLayout.CHAIN);
        driver.put(slot, 1, XhciLayout.EVENT_DATA, 0x1234, 0, XhciLayout.INTERRUPTS);
        long status = driver.put(slot, 1, XhciLayout.STATUS_STAGE, 0, 0, XhciLayout.INTERRUPTS);
        driver.doorbell(slot, 1);

        XhciDriver.Event first = driver.take();
        assertEquals(XhciLayout.SHORT_PACKET, first.code());
        assertEquals(data, first.parameter());
        assertEquals(64 - 18, first.length());
        XhciDriver.Event second = driver.take();
        assertTrue(second.eventData());
        assertEquals(0x1234, second.parameter());
        assertEquals(18, second.length());
        XhciDriver.Event third = driver.take();
        assertEquals(XhciLayout.SUCCESS, third.code());
        assertEquals(status, third.parameter());
    }

    @Test
    void whatADeviceDoesNotKnowHaltsTheEndpointUntilItIsReset() {
        XhciDriver.Event stalled = driver.control(slot, 0x80, 6, 0x5500, 0, 18);
        assertEquals(XhciLayout.STALL_ERROR, stalled.code());
        assertEquals(Endpoint.HALTED, driver.endpointState(slot, 1));
        driver.doorbell(slot, 1);
        assertNull(driver.take());

        assertEquals(XhciLayout.SUCCESS, driver.command(XhciLayout.RESET_ENDPOINT, 0, slot << 24 | 1 << 16).code());
        assertEquals(Endpoint.STOPPED, driver.endpointState(slot, 1));
        assertEquals(XhciLayout.SUCCESS, driver.command(XhciLayout.SET_TR_DEQUEUE, driver.place(slot, 1) | 1,
                slot << 24 | 1 << 16).code());

        assertEquals(XhciLayout.SUCCESS, driver.control(slot, 0x80, 6, 0x100, 0, 18).code());
        assertEquals(XhciLayout.CONTEXT_STATE_ERROR,
                driver.command(XhciLayout.RESET_ENDPOINT, 0, slot << 24 | 1 << 16).code());
    }

    @Test
    void aReportComesWhenThePointerMoves() {
        assertNull(driver.transfer(slot, 3, DATA, 8));

        tablet.move(0x1234, 0x5678, -1, 5);

        XhciDriver.Event event = driver.take();
        assertEquals(XhciLayout.SHORT_PACKET, event.code());
        assertEquals(2, event.length());
        assertArrayEquals(new byte[] {5, 0x34, 0x12, 0x78, 0x56, -1}, driver.bytes(DATA, 6));
    }

    @Test
    void movementsAreJoinedAndClicksAreNot() {
        tablet.move(1, 1, 0, 0);
        tablet.move(2, 2, 0, 0);
        tablet.move(2, 2, 0, 1);
        tablet.move(2, 2, 0, 0);

        for (int buttons : new int[] {0, 1, 0}) {
            assertEquals(XhciLayout.SHORT_PACKET, driver.transfer(slot, 3, DATA, 8).code());
            assertArrayEquals(new byte[] {(byte) buttons, 2, 0, 2, 0, 0}, driver.bytes(DATA, 6));
        }
        assertNull(driver.transfer(slot, 3, DATA, 8));
    }

    @Test
    void keysAreReportedOneByOneAndLightsAreSet() {
        int second = configured(PORT + 1);
        assertTrue(keyboard.key(0x2a, false, true));
        assertTrue(keyboard.key(0x1e, false, true));
        assertFalse(keyboard.key(0x7f, true, true));

        driver.transfer(second, 3, DATA, 8);
        assertArrayEquals(new byte[] {2, 0, 0, 0, 0, 0, 0, 0}, driver.bytes(DATA, 8));
        driver.transfer(second, 3, DATA, 8);
        assertArrayEquals(new byte[] {2, 0, 4, 0, 0, 0, 0, 0}, driver.bytes(DATA, 8));
        keyboard.key(0x1e, false, false);
        driver.transfer(second, 3, DATA, 8);
        assertArrayEquals(new byte[] {2, 0, 0, 0, 0, 0, 0, 0}, driver.bytes(DATA, 8));

        driver.memory.storeByte(DATA, (byte) 2);
        assertEquals(XhciLayout.SUCCESS, driver.control(second, 0x21, 9, 0x200, 0, 1).code());
        assertEquals(4, keyboard.leds());
    }

    @Test
    void moreKeysThanAReportHasRoomForAreAnError() {
        int second = configured(PORT + 1);
        for (int code = 0x10; code < 0x17; code++) {
            keyboard.key(code, false, true);
        }
        for (int i = 0; i < 7; i++) {
            driver.transfer(second, 3, DATA, 8);
        }

        assertArrayEquals(new byte[] {0, 0, 1, 1, 1, 1, 1, 1}, driver.bytes(DATA, 8));
    }

    @Test
    void aStoppedEndpointTellsOfItsTransferAndGoesOnWithTheNextDoorbell() {
        assertNull(driver.transfer(slot, 3, DATA, 8));
        long command = 0x2_0000 + 16 * 3;
        driver.memory.storeInt(command + 12, XhciLayout.STOP_ENDPOINT << 10 | slot << 24 | 3 << 16 | 1);
        driver.doorbell(0, 0);

        XhciDriver.Event stopped = driver.take();
        assertEquals(XhciLayout.TRANSFER_EVENT, stopped.type());
        assertEquals(XhciLayout.STOPPED, stopped.code());
        assertEquals(XhciLayout.COMMAND_COMPLETION, driver.take().type());
        driver.taken();
        tablet.move(1, 2, 0, 0);
        assertNull(driver.take());

        driver.doorbell(slot, 3);

        assertEquals(XhciLayout.SHORT_PACKET, driver.take().code());
    }

    @Test
    void transfersThatMakeNoSenseAreErrors() {
        long at = driver.place(slot, 3);
        driver.memory.storeLong(at, at);
        driver.memory.storeInt(at + 12, XhciLayout.LINK << 10 | 1);
        driver.doorbell(slot, 3);
        assertEquals(XhciLayout.TRB_ERROR, driver.take().code());
        driver.taken();
        assertEquals(Endpoint.ERROR, driver.endpointState(slot, 3));

        driver.put(slot, 1, XhciLayout.STATUS_STAGE, 0, 0, 0);
        driver.doorbell(slot, 1);

        assertEquals(XhciLayout.TRB_ERROR, driver.take().code());
    }

    @Test
    void dataOutsideMemoryIsAnError() {
        tablet.move(1, 1, 0, 0);

        assertEquals(XhciLayout.DATA_BUFFER_ERROR, driver.transfer(slot, 3, 1L << 40, 8).code());

        assertEquals(Endpoint.HALTED, driver.endpointState(slot, 3));
    }

    @Test
    void aTransferIsNotBegunBeforeItIsWhole() {
        tablet.move(1, 1, 0, 0);
        driver.put(slot, 3, XhciLayout.NORMAL, DATA, 4, XhciLayout.CHAIN);
        driver.doorbell(slot, 3);
        assertNull(driver.take());

        XhciDriver.Event event = driver.transfer(slot, 3, DATA + 100, 2);

        assertEquals(XhciLayout.SUCCESS, event.code());
        assertEquals(0, driver.memory.loadByte(DATA + 101));
    }

    @Test
    void aDeviceThatIsGoneAnswersNothing() {
        driver.xhci.unplug(tablet);
        driver.drain();

        assertEquals(XhciLayout.TRANSACTION_ERROR, driver.transfer(slot, 3, DATA, 8).code());
    }
}
