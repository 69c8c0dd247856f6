// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.ParallelPort.ACKNOWLEDGE_NANOS;
import static org.javisor.devices.ParallelPort.BUSY_NANOS;
import static org.javisor.devices.ParallelPort.CONTROL;
import static org.javisor.devices.ParallelPort.DATA;
import static org.javisor.devices.ParallelPort.INTERRUPT;
import static org.javisor.devices.ParallelPort.NOT_ACKNOWLEDGE;
import static org.javisor.devices.ParallelPort.NOT_BUSY;
import static org.javisor.devices.ParallelPort.NOT_INITIALIZE;
import static org.javisor.devices.ParallelPort.SELECT_IN;
import static org.javisor.devices.ParallelPort.STATUS;
import static org.javisor.devices.ParallelPort.STROBE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;
import org.junit.jupiter.api.Test;

class ParallelPortTest {
    private static final int READY = NOT_BUSY | NOT_ACKNOWLEDGE, IDLE = NOT_INITIALIZE | SELECT_IN;

    private final ManualClock clock = new ManualClock();
    private final ProbeLine irq = new ProbeLine();
    private final StringBuilder paper = new StringBuilder();
    private final ParallelPort port = new ParallelPort(clock, irq, b -> paper.append((char) b));

    private void print(int b, int control) {
        port.writeByte(DATA, b);
        port.writeByte(CONTROL, control | STROBE);
        port.writeByte(CONTROL, control);
    }

    private int handshake() {
        return port.readByte(STATUS) & READY;
    }

    @Test
    void aRisingStrobePrintsOnce() {
        print('h', IDLE);
        print('i', IDLE);
        port.writeByte(DATA, 'x');

        assertEquals("hi", paper.toString());
    }

    @Test
    void thePrinterIsBusyThenAcknowledgesThenIsReady() {
        assertEquals(READY, handshake());
        print('a', IDLE);
        assertEquals(NOT_ACKNOWLEDGE, handshake());

        clock.advance(BUSY_NANOS);
        assertEquals(0, handshake());

        clock.advance(ACKNOWLEDGE_NANOS);
        assertEquals(READY, handshake());
    }

    @Test
    void theAcknowledgementInterruptsIfTheGuestWantsIt() {
        print('a', IDLE);
        clock.advance(BUSY_NANOS);
        assertEquals(0, irq.takeEdges());

        print('b', IDLE | INTERRUPT);
        assertEquals(0, irq.takeEdges());
        clock.advance(BUSY_NANOS);
        assertEquals(1, irq.takeEdges());
    }

    @Test
    void anInterruptThatIsTurnedOffInTimeDoesNotCome() {
        print('b', IDLE | INTERRUPT);
        port.writeByte(CONTROL, IDLE);
        clock.advance(BUSY_NANOS);

        assertEquals(0, irq.takeEdges());
    }

    /// How Linux's `parport_pc` and SeaBIOS tell that a port is there, and that it has no mode beyond the standard one.
    @Test
    void registersReadBackWhatDriversProbeWith() {
        for (int value : new int[] {0xaa, 0x55}) {
            port.writeByte(DATA, value);
            assertEquals(value, port.readByte(DATA));
        }
        for (int value : new int[] {0xc, 0xe}) {
            port.writeByte(CONTROL, value);
            assertEquals(value, port.readByte(CONTROL) & 0xf);
        }
        port.writeByte(CONTROL, 0x20);
        port.writeByte(DATA, 0x55);
        assertEquals(0x55, port.readByte(DATA));
    }
}
