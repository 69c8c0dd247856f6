// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Uart16550Test {
    private static final long MILLISECOND = 1_000_000;

    private final ProbeLine irq = new ProbeLine();
    private final StringBuilder output = new StringBuilder();
    private final ManualClock clock = new ManualClock();
    private final Uart16550 uart = new Uart16550(irq, b -> output.append((char) b), clock);

    @BeforeEach
    void openTheInterruptGate() {
        uart.writeByte(Uart16550.MCR, Uart16550.MCR_OUT2);
    }

    private void type(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        assertEquals(bytes.length, uart.receive(bytes, 0, bytes.length));
    }

    private int interruptId() {
        return uart.readByte(Uart16550.IIR_FCR) & 0xf;
    }

    @Test
    void writtenBytesLeaveInOrder() {
        for (char c : "hello".toCharArray()) {
            uart.writeByte(Uart16550.RBR_THR, c);
        }

        assertEquals("hello", output.toString());
        assertEquals(Uart16550.LSR_THR_EMPTY | Uart16550.LSR_TRANSMITTER_EMPTY, uart.readByte(Uart16550.LSR));
    }

    @Test
    void enablingTransmitInterruptRaisesItAtOnceAndReadingIirClearsIt() {
        uart.writeByte(Uart16550.IER, Uart16550.IER_TRANSMIT);
        assertTrue(irq.high());

        assertEquals(Uart16550.IIR_TRANSMIT, interruptId());

        assertFalse(irq.high());
        assertEquals(Uart16550.IIR_NONE, interruptId());
    }

    @Test
    void aByteSentWhileTheTransmitInterruptIsPendingGivesANewEdge() {
        uart.writeByte(Uart16550.IER, Uart16550.IER_TRANSMIT);
        irq.takeEdges();

        uart.writeByte(Uart16550.RBR_THR, 'x');

        assertEquals(1, irq.takeEdges());
        assertTrue(irq.high());
    }

    @Test
    void withoutOut2NoInterruptLeavesTheBoard() {
        uart.writeByte(Uart16550.MCR, 0);

        uart.writeByte(Uart16550.IER, Uart16550.IER_TRANSMIT);

        assertFalse(irq.high());
        assertEquals(Uart16550.IIR_TRANSMIT, interruptId());
    }

    @Test
    void aReceivedByteInterruptsUntilItIsRead() {
        uart.writeByte(Uart16550.IER, Uart16550.IER_RECEIVED);

        type("a");

        assertTrue(irq.high());
        assertEquals(Uart16550.IIR_RECEIVED, interruptId());
        assertEquals('a', uart.readByte(Uart16550.RBR_THR));
        assertFalse(irq.high());
        assertEquals(0, uart.readByte(Uart16550.LSR) & Uart16550.LSR_DATA_READY);
    }

    @Test
    void aPasteLargerThanTheFifoIsReadCompletely() {
        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE);
        String paste = "0123456789".repeat(500);
        type(paste);

        StringBuilder read = new StringBuilder();
        while ((uart.readByte(Uart16550.LSR) & Uart16550.LSR_DATA_READY) != 0) {
            read.append((char) uart.readByte(Uart16550.RBR_THR));
        }

        assertEquals(paste, read.toString());
    }

    @Test
    void theHostsQueueIsBoundedAndMakesRoomAsTheGuestReads() throws InterruptedException {
        byte[] much = new byte[ReceiveQueue.CAPACITY + 100];
        // One byte is in the receiver itself.
        assertEquals(ReceiveQueue.CAPACITY, uart.receive(much, 0, much.length));
        assertEquals(1, uart.receive(much, 0, 100));

        uart.readByte(Uart16550.RBR_THR);

        uart.awaitRoom();
        assertEquals(1, uart.receive(much, 0, 100));
    }

    @Test
    void theFifoInterruptsAtItsTriggerLevel() {
        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE | 0x80);    // 8 bytes
        uart.writeByte(Uart16550.IER, Uart16550.IER_RECEIVED);

        type("1234567");
        assertFalse(irq.high());
        type("8");

        assertTrue(irq.high());
        assertEquals(Uart16550.IIR_RECEIVED, interruptId());
    }

    @Test
    void bytesBelowTheTriggerLevelInterruptAfterFourCharacterTimes() {
        uart.writeByte(Uart16550.LCR, Uart16550.LCR_DLAB | 3);
        uart.writeByte(Uart16550.RBR_THR, 12);     // 9600 baud: 1.04 ms for each of 10 bits
        uart.writeByte(Uart16550.LCR, 3);
        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE | 0xc0);
        uart.writeByte(Uart16550.IER, Uart16550.IER_RECEIVED);
        type("ab");

        clock.advance(4 * MILLISECOND);
        assertFalse(irq.high());
        clock.advance(MILLISECOND);

        assertTrue(irq.high());
        assertEquals(Uart16550.IIR_TIMEOUT, interruptId());
        uart.readByte(Uart16550.RBR_THR);
        assertFalse(irq.high());
    }

    @Test
    void bytesBelowTheTriggerLevelHaveWaitedAsLongInAStateThatIsLoaded() {
        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE | 0xc0);
        uart.writeByte(Uart16550.IER, Uart16550.IER_RECEIVED);
        type("a");
        clock.advance(200_000);     // of 243 microseconds
        Uart16550 other = new Uart16550(new ProbeLine(), _ -> { }, clock);

        other.load(uart.save());
        clock.advance(50_000);

        assertEquals(Uart16550.IIR_FIFOS | Uart16550.IIR_TIMEOUT, other.readByte(Uart16550.IIR_FCR));
    }

    @Test
    void lineStatusComesBeforeDataAndDataBeforeTransmit() {
        uart.writeByte(Uart16550.IER, 0xf);
        type("a");
        uart.receiveBreak();    // overruns the byte, which nobody has read

        assertEquals(Uart16550.IIR_LINE, interruptId());
        uart.readByte(Uart16550.LSR);
        assertEquals(Uart16550.IIR_RECEIVED, interruptId());
        uart.readByte(Uart16550.RBR_THR);
        assertEquals(Uart16550.IIR_TRANSMIT, interruptId());
        assertEquals(Uart16550.IIR_NONE, interruptId());
    }

    @Test
    void aBreakShowsItsErrorsWhenItReachesTheTopOfTheFifo() {
        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE);
        type("a");
        uart.receiveBreak();

        assertEquals(Uart16550.LSR_FIFO_ERROR | Uart16550.LSR_DATA_READY,
                uart.readByte(Uart16550.LSR) & ~(Uart16550.LSR_THR_EMPTY | Uart16550.LSR_TRANSMITTER_EMPTY));
        uart.readByte(Uart16550.RBR_THR);

        assertEquals(Uart16550.LSR_BREAK | Uart16550.LSR_FRAMING,
                uart.readByte(Uart16550.LSR) & (Uart16550.LSR_BREAK | Uart16550.LSR_FRAMING));
    }

    @Test
    void loopbackReceivesWhatIsSentAndNothingLeaves() {
        uart.writeByte(Uart16550.MCR, Uart16550.MCR_LOOP);

        uart.writeByte(Uart16550.RBR_THR, 0x5a);

        assertEquals(0x5a, uart.readByte(Uart16550.RBR_THR));
        assertEquals("", output.toString());
    }

    @Test
    void loopbackFeedsModemOutputsToInputs() {
        uart.writeByte(Uart16550.MCR, Uart16550.MCR_LOOP | Uart16550.MCR_RTS | Uart16550.MCR_OUT2);

        assertEquals(Uart16550.MSR_CTS | Uart16550.MSR_DCD, uart.readByte(Uart16550.MSR) & 0xf0);
    }

    @Test
    void bytesFromTheHostWaitUntilLoopbackEnds() {
        uart.writeByte(Uart16550.MCR, Uart16550.MCR_LOOP);
        type("a");
        assertEquals(0, uart.readByte(Uart16550.LSR) & Uart16550.LSR_DATA_READY);

        uart.writeByte(Uart16550.MCR, Uart16550.MCR_OUT2);

        assertEquals('a', uart.readByte(Uart16550.RBR_THR));
    }

    @Test
    void aChangedModemInputInterruptsOnceAndIsToldOnce() {
        uart.writeByte(Uart16550.IER, Uart16550.IER_MODEM);

        uart.modem(true, true, false, false);

        assertTrue(irq.high());
        assertEquals(Uart16550.IIR_MODEM, interruptId());
        assertEquals(Uart16550.MSR_CTS | Uart16550.MSR_DSR | 8, uart.readByte(Uart16550.MSR));
        assertFalse(irq.high());
        assertEquals(Uart16550.MSR_CTS | Uart16550.MSR_DSR, uart.readByte(Uart16550.MSR));
    }

    @Test
    void theRingIndicatorTellsOfTheEndOfARingOnly() {
        uart.modem(true, true, true, true);
        assertEquals(0, uart.readByte(Uart16550.MSR) & 0xf);

        uart.modem(true, true, false, true);

        assertEquals(4, uart.readByte(Uart16550.MSR) & 0xf);
    }

    @Test
    void theDivisorLatchHidesDataAndInterruptEnable() {
        uart.writeByte(Uart16550.LCR, Uart16550.LCR_DLAB);
        uart.writeByte(Uart16550.RBR_THR, 0x34);
        uart.writeByte(Uart16550.IER, 0x12);
        assertEquals(0x34, uart.readByte(Uart16550.RBR_THR));
        assertEquals(0x12, uart.readByte(Uart16550.IER));

        uart.writeByte(Uart16550.LCR, 0);

        assertEquals(0, uart.readByte(Uart16550.IER));
        assertEquals("", output.toString());
    }

    @Test
    void aDriverRecognisesA16550ABySettingFifosAndScratch() {
        uart.writeByte(Uart16550.SCR, 0xa5);
        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE | 0x20);     // a 16750 would show bit 5

        assertEquals(0xa5, uart.readByte(Uart16550.SCR));
        assertEquals(Uart16550.IIR_FIFOS, uart.readByte(Uart16550.IIR_FCR) & 0xf0);
        uart.writeByte(Uart16550.IER, 0xff);
        assertEquals(0xf, uart.readByte(Uart16550.IER));
    }

    @Test
    void togglingTheFifosEmptiesThem() {
        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE);
        type("abc");

        uart.writeByte(Uart16550.IIR_FCR, Uart16550.FCR_ENABLE | Uart16550.FCR_CLEAR_RECEIVER);

        assertEquals(0, uart.readByte(Uart16550.LSR) & Uart16550.LSR_DATA_READY);
    }

    @Test
    void aWideAccessIsCutIntoBytes() {
        uart.write(Uart16550.MCR, 2, Uart16550.MCR_OUT2);
        uart.writeByte(Uart16550.SCR, 0x77);

        assertEquals(0x77b0, uart.read(Uart16550.MSR, 2));
    }
}
