// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.devices.scsi.ScsiDisk;
import org.javisor.devices.usb.UsbStorage;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A USB disk, through the controller: commands, data, status.
class UsbStorageTest {
    private static final long DATA = XhciDriver.DATA, WRAPPER = DATA - 0x1000, STATUS = DATA - 0x800;
    private static final int OUT = 4, IN = 3, PORT = 1, DISK_BYTES = 1 << 20;

    private final MemoryDisk disk = new MemoryDisk(DISK_BYTES);
    private final XhciDriver driver = new XhciDriver(new UsbStorage(new ScsiDisk(disk, "TEST", "serial"), "0001"));
    private int slot;

    @BeforeEach
    void configure() {
        driver.start();
        driver.drain();
        slot = driver.address(PORT);
        driver.control(slot, 0, 9, 1, 0, 0);
        assertEquals(XhciLayout.SUCCESS,
                driver.configure(slot, 0, IN, XhciDriver.BULK_IN, OUT, XhciDriver.BULK_OUT));
        // The first command after power-on fails, to tell of that.
        assertEquals(1, execute(false, 0, 0x00));
    }

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private void send(boolean in, int length, int... command) {
        ByteBuffer wrapper = ByteBuffer.allocate(31).order(ByteOrder.LITTLE_ENDIAN);
        wrapper.putInt(0x43425355).putInt(0x1234).putInt(length).put((byte) (in ? 0x80 : 0)).put((byte) 0);
        wrapper.put((byte) Math.max(6, command.length));
        for (int value : command) {
            wrapper.put((byte) value);
        }
        driver.memory.store(WRAPPER, wrapper.array());
        assertEquals(XhciLayout.SUCCESS, driver.transfer(slot, OUT, WRAPPER, 31).code());
    }

    private int status() {
        assertEquals(XhciLayout.SUCCESS, driver.transfer(slot, IN, STATUS, 13).code());
        assertEquals(0x53425355, driver.memory.loadInt(STATUS));
        assertEquals(0x1234, driver.memory.loadInt(STATUS + 4));
        return driver.memory.loadByte(STATUS + 12);
    }

    private int residue() {
        return driver.memory.loadInt(STATUS + 8);
    }

    /// A command whose data is as long as it expects, at [#DATA].
    private int execute(boolean in, int length, int... command) {
        send(in, length, command);
        if (length > 0) {
            assertEquals(XhciLayout.SUCCESS, driver.transfer(slot, in ? IN : OUT, DATA, length).code());
        }
        return status();
    }

    /// Has a halted endpoint go on, on both sides.
    private void unhalt(int endpoint) {
        driver.command(XhciLayout.RESET_ENDPOINT, 0, slot << 24 | endpoint << 16);
        driver.command(XhciLayout.SET_TR_DEQUEUE, driver.place(slot, endpoint) | 1, slot << 24 | endpoint << 16);
        driver.control(slot, 2, 1, 0, endpoint == IN ? 0x81 : 0x02, 0);
    }

    @Test
    void whatIsWrittenIsRead() {
        SplittableRandom random = Seeds.random("UsbStorageTest");
        byte[] content = new byte[8192];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) random.nextInt();
        }
        driver.memory.store(DATA, content);

        assertEquals(0, execute(false, 8192, 0x2a, 0, 0, 0, 0, 5, 0, 0, 16, 0));
        driver.memory.store(DATA, new byte[8192]);
        assertEquals(0, execute(true, 8192, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 16, 0, 0));

        assertArrayEquals(content, driver.bytes(DATA, 8192));
        assertEquals(List.of("write", "read"), disk.log);
    }

    @Test
    void dataMayBeInSeveralTransfers() {
        driver.memory.store(DATA, new byte[] {1, 2, 3});
        execute(false, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0);
        send(true, 1024, 0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0);

        assertEquals(XhciLayout.SUCCESS, driver.transfer(slot, IN, DATA + 0x1000, 512).code());
        assertEquals(XhciLayout.SUCCESS, driver.transfer(slot, IN, DATA + 0x2000, 512).code());
        assertEquals(0, status());

        assertArrayEquals(new byte[] {1, 2, 3, 0}, driver.bytes(DATA + 0x1000, 4));
    }

    @Test
    void theDiskSaysWhatItIs() {
        assertEquals(0, execute(true, 36, 0x12, 0, 0, 0, 36, 0));
        assertEquals('J', driver.memory.loadByte(DATA + 8));
        assertEquals(0, execute(true, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        assertArrayEquals(new byte[] {0, 0, 7, -1, 0, 0, 2, 0}, driver.bytes(DATA, 8));
        assertEquals(0, execute(true, 32, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0));
        assertEquals(7, driver.memory.loadByte(DATA + 6));
    }

    @Test
    void lessDataThanTheHostExpectsIsAShortTransferAndAResidue() {
        send(true, 255, 0x12, 0, 0, 0, 255, 0);

        XhciDriver.Event event = driver.transfer(slot, IN, DATA, 255);

        assertEquals(XhciLayout.SHORT_PACKET, event.code());
        assertEquals(255 - 36, event.length());
        assertEquals(0, status());
        assertEquals(255 - 36, residue());
    }

    @Test
    void aFailedReadHaltsAndItsSenseIsTold() {
        send(true, 512, 0x28, 0, 0, 0, 0x10, 0, 0, 0, 1, 0);
        assertEquals(XhciLayout.STALL_ERROR, driver.transfer(slot, IN, DATA, 512).code());
        unhalt(IN);

        assertEquals(1, status());
        assertEquals(512, residue());
        assertEquals(0, execute(true, 18, 0x03, 0, 0, 0, 18, 0));
        assertEquals(5, driver.memory.loadByte(DATA + 2));
        assertEquals(0x21, driver.memory.loadByte(DATA + 12));
    }

    @Test
    void aFailingHostIsAMediumError() {
        disk.failing = true;
        driver.memory.store(DATA, new byte[512]);

        assertEquals(1, execute(false, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0));
        disk.failing = false;
        execute(true, 18, 0x03, 0, 0, 0, 18, 0);
        assertEquals(3, driver.memory.loadByte(DATA + 2));
        assertEquals(0x0c, driver.memory.loadByte(DATA + 12));
    }

    @Test
    void aReadOnlyDiskIsNotWritten() {
        disk.readOnly = true;

        assertEquals(1, execute(false, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0));

        assertEquals(List.of(), disk.log);
    }

    @Test
    void whatMustBeSafeIsFlushed() {
        execute(false, 512, 0x2a, 8, 0, 0, 0, 0, 0, 0, 1, 0);
        execute(false, 0, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0);

        assertEquals(List.of("write", "flush", "flush"), disk.log);
    }

    @Test
    void commandsInTheWrongDirectionAreAPhaseError() {
        send(true, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0);
        assertEquals(XhciLayout.STALL_ERROR, driver.transfer(slot, IN, DATA, 512).code());
        unhalt(IN);

        assertEquals(2, status());
        assertEquals(List.of(), disk.log);
    }

    @Test
    void whatIsNoCommandHaltsEverythingUntilAReset() {
        assertEquals(XhciLayout.STALL_ERROR, driver.transfer(slot, OUT, WRAPPER, 30).code());
        assertEquals(XhciLayout.STALL_ERROR, driver.transfer(slot, IN, DATA, 512).code());
        unhalt(OUT);
        unhalt(IN);
        assertEquals(XhciLayout.STALL_ERROR, driver.transfer(slot, IN, DATA, 512).code());

        assertEquals(XhciLayout.SUCCESS, driver.control(slot, 0x21, 0xff, 0, 0, 0).code());
        unhalt(OUT);
        unhalt(IN);

        assertEquals(0, execute(false, 0, 0x00));
    }

    @Test
    void statusIsNotReadyBeforeThereIsACommand() {
        assertNull(driver.transfer(slot, IN, STATUS, 13));
        ByteBuffer wrapper = ByteBuffer.allocate(31).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 0x43425355);
        driver.memory.store(WRAPPER, wrapper.put(14, (byte) 6).array());

        assertEquals(XhciLayout.SUCCESS, driver.transfer(slot, OUT, WRAPPER, 31).code());

        assertEquals(XhciLayout.SUCCESS, driver.take().code());
        assertEquals(0x53425355, driver.memory.loadInt(STATUS));
    }
}
