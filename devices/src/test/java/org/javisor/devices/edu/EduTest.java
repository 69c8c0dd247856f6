// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.edu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.javisor.devices.pci.PciHost;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EduTest {
    private static final int COMMAND = 4, MSI_CONTROL = 0x42;

    private final PciHost host = new PciHost();
    private final Edu device = new Edu(host.memory);

    @BeforeEach
    void plug() {
        host.plug(device.function());
        device.function().writeConfig(COMMAND, 2, 6);
    }

    @AfterEach
    void close() {
        host.close();
    }

    private int read(int offset) {
        return (int) device.read(offset, 4);
    }

    private void write(int offset, long value) {
        device.write(offset, 4, value);
    }

    @Test
    void itTellsWhoItIsAndInverts() {
        write(Edu.LIVENESS, 0x1234_5678);

        assertEquals(0x0100_00ed, read(Edu.IDENTITY));
        assertEquals(~0x1234_5678, read(Edu.LIVENESS));
        assertEquals(-1, device.read(Edu.LIVENESS, 2), "by words of four bytes alone");
    }

    @Test
    void itComputesFactorialsAndInterruptsIfAsked() {
        write(Edu.FACTORIAL, 5);
        assertEquals(120, read(Edu.FACTORIAL));
        assertFalse(host.intx().high());

        write(Edu.STATUS, 0xff);
        write(Edu.FACTORIAL, 0xffff_ffffL);

        assertEquals(0, read(Edu.FACTORIAL));
        assertEquals(0x80, read(Edu.STATUS));
        assertEquals(1, read(Edu.INTERRUPTS));
        assertTrue(host.intx().high());
        write(Edu.ACKNOWLEDGE, 1);
        assertFalse(host.intx().high());
    }

    @Test
    void itInterruptsByMessageOnceThatIsEnabled() {
        device.function().writeConfig(MSI_CONTROL + 2, 4, 0xfee0_0000);
        device.function().writeConfig(MSI_CONTROL + 10, 2, 0x41);
        device.function().writeConfig(MSI_CONTROL, 2, 1);

        write(Edu.RAISE, 8);

        assertEquals(List.of(0x41), host.messages);
        assertFalse(host.intx().high());
        assertEquals(8, read(Edu.INTERRUPTS));
    }

    @Test
    void itCopiesBothWays() {
        host.memory.storeLong(0x2000, 0x0102_0304_0506_0708L);
        copy(0x2000, Edu.BUFFER + 16, 8, Edu.START);
        copy(Edu.BUFFER + 17, 0x3000, 4, Edu.START | Edu.TO_MEMORY | Edu.INTERRUPT_WHEN_COPIED);

        assertEquals(0x0405_0607, host.memory.loadInt(0x3000));
        assertEquals(Edu.COPIED, read(Edu.INTERRUPTS));
        assertEquals(0, read(Edu.COMMAND) & Edu.START);
    }

    @Test
    void aCopyThatLeavesTheBufferDoesNotHappen() {
        host.memory.storeLong(0x2000, -1);
        copy(0x2000, Edu.BUFFER + Edu.BUFFER_BYTES - 4, 8, Edu.START);
        copy(0x2000, Edu.BUFFER - 4, 8, Edu.START);
        copy(0x2000, Edu.BUFFER, -1, Edu.START);

        assertEquals(new String(new byte[Edu.BUFFER_BYTES]), new String(device.save().buffer()));
    }

    @Test
    void whatIsNoMemoryReadsAsOnes() {
        copy(PciHost.RAM_BYTES - 4, Edu.BUFFER, 8, Edu.START);

        assertEquals(-1, device.save().buffer()[7]);
        copy(Edu.BUFFER, PciHost.RAM_BYTES, 8, Edu.START | Edu.TO_MEMORY);
    }

    @Test
    void withoutLeaveToMasterTheBusItCopiesNothing() {
        host.memory.storeLong(0x2000, -1);
        device.function().writeConfig(COMMAND, 2, 2);

        copy(0x2000, Edu.BUFFER, 8, Edu.START);

        assertEquals(0, device.save().buffer()[0]);
    }

    private void copy(long from, long to, long bytes, int command) {
        device.write(Edu.SOURCE, 8, from);
        device.write(Edu.DESTINATION, 8, to);
        device.write(Edu.COUNT, 8, bytes);
        write(Edu.COMMAND, command);
    }
}
