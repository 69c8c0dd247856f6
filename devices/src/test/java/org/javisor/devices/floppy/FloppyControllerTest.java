// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import org.javisor.devices.dma.DmaControllers;
import org.javisor.devices.dma.DmaPages;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;
import org.javisor.testkit.ProbeLine;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The driver's side: registers, DMA, interrupts.
class FloppyControllerTest {
    private static final int DOR = 0x3f2, MSR = 0x3f4, FIFO = 0x3f5, DIR = 0x3f7, CCR = 0x3f7;
    private static final int READ = 0xe6, WRITE = 0xc5, FORMAT = 0x4d, VERIFY = 0xf6, SCAN_EQUAL = 0xf1;
    private static final int TO_MEMORY = 0x46, FROM_MEMORY = 0x4a;
    private static final int BUFFER = 0x2000, SECTOR = 512;

    private final SplittableRandom random = Seeds.random("floppy controller");
    private final Ram ram = Ram.allocate(1 << 20);
    private final GuestMemory memory = new GuestMemory();
    private final IoBus ports = new IoBus("port", 0xffff);
    private final DmaPages pages = new DmaPages();
    private final DmaControllers dma = new DmaControllers(memory, pages);
    private final ProbeLine irq = new ProbeLine();
    private final TestDiskette first = new TestDiskette(FloppyFormat.K1440, false);
    private final TestDiskette second = new TestDiskette(FloppyFormat.K360, true);
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private boolean held;
    private final FloppyController controller = new FloppyController(irq, dma.channel(2), List.of(first, second),
            this::schedule);

    private void schedule(Runnable work) {
        if (held) {
            waiting.add(work);
        } else {
            work.run();
        }
    }

    @BeforeEach
    void turnOn() {
        memory.addSlot(0, 0, ram);
        ports.attach(DmaPages.PORT, DmaPages.PORTS, pages, "pages");
        dma.attach(ports);
        dma.cascade();
        ports.attach(FloppyController.PORT, FloppyController.PORTS, controller, "floppy");
        first.fill(random);
        second.fill(random);
        out(DOR, 0x3c);
        out(CCR, 0);
        for (int n = 0; n < 4; n++) {
            command(0x08);
            assertEquals(0xc0 | n, in(FIFO));
            in(FIFO);
        }
        command(0x03, 0xdf, 0x02);
        irq.takeEdges();
    }

    @AfterEach
    void free() {
        ram.close();
    }

    private void out(int port, int value) {
        ports.write(port, 1, value);
    }

    private int in(int port) {
        return (int) ports.read(port, 1);
    }

    private void command(int... bytes) {
        for (int b : bytes) {
            assertEquals(0x80, in(MSR) & 0xc0, "ready for a command's byte");
            out(FIFO, b);
        }
    }

    private int[] result(int count) {
        int[] bytes = new int[count];
        for (int n = 0; n < count; n++) {
            assertEquals(0xd0, in(MSR) & 0xd0, "byte " + n + " of a result");
            bytes[n] = in(FIFO);
        }
        assertEquals(0x80, in(MSR) & 0xd0, "the result has an end");
        return bytes;
    }

    private void dma(int mode, int gpa, int count) {
        out(0x0a, 6);
        out(0x0c, 0);
        out(0x0b, mode);
        out(0x04, gpa & 0xff);
        out(0x04, gpa >> 8 & 0xff);
        out(0x81, gpa >> 16);
        out(0x05, count - 1 & 0xff);
        out(0x05, count - 1 >> 8);
        out(0x0a, 2);
    }

    private void seek(int unit, int track) {
        command(0x0f, unit, track);
        assertTrue(irq.high());
        command(0x08);
        assertArrayEquals(new int[] {0x20 | unit, track}, result(2));
        assertFalse(irq.high());
    }

    /// Reads or writes from a sector on.
    private int[] transfer(int code, int unit, int track, int sector, int end) {
        command(code, unit, track, unit >> 2, sector, 2, end, 0x1b, 0xff);
        assertTrue(irq.high());
        int[] result = result(7);
        assertFalse(irq.high());
        return result;
    }

    private byte[] buffer(int count) {
        byte[] bytes = new byte[count];
        memory.load(BUFFER, bytes, 0, count);
        return bytes;
    }

    private byte[] randomBuffer(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        memory.store(BUFFER, bytes);
        return bytes;
    }

    @Test
    void readsUpToTerminalCountAcrossBothSides() {
        seek(0, 3);
        dma(TO_MEMORY, BUFFER, 20 * SECTOR);

        assertArrayEquals(new int[] {0x04, 0, 0, 3, 1, 4, 2}, transfer(READ, 0, 3, 2, 18));

        assertArrayEquals(first.bytes(FloppyFormat.K1440.offset(3, 0, 2), 20 * SECTOR), buffer(20 * SECTOR));
    }

    @Test
    void writesUpToTerminalCountAndFillsTheLastSectorWithZeros() {
        seek(4, 79);
        byte[] content = randomBuffer(SECTOR + 100);
        dma(FROM_MEMORY, BUFFER, content.length);

        assertArrayEquals(new int[] {0x04, 0, 0, 80, 0, 1, 2}, transfer(WRITE, 4, 79, 17, 18));

        byte[] written = first.bytes(FloppyFormat.K1440.offset(79, 1, 17), 2 * SECTOR);
        assertArrayEquals(Arrays.copyOf(content, 2 * SECTOR), written);
    }

    @Test
    void withoutTerminalCountTheCylinderEnds() {
        seek(0, 0);
        dma(TO_MEMORY, BUFFER, 40 * SECTOR);

        int[] result = transfer(READ & 0x7f, 0, 0, 18, 18);

        assertArrayEquals(new int[] {0x40, 0x80, 0, 1, 0, 1, 2}, result);
    }

    @Test
    void aTransferThatTheChannelDoesNotTakeWaitsUntilItIsOpened() {
        seek(0, 0);
        dma(TO_MEMORY, BUFFER, SECTOR);
        out(0x0a, 6);
        command(READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
        assertFalse(irq.high());
        assertEquals(0x10, in(MSR) & 0xd0);

        out(0x0a, 2);

        assertTrue(irq.high());
        assertEquals(0, result(7)[1]);
        assertArrayEquals(first.bytes(0, SECTOR), buffer(SECTOR));
    }

    @Test
    void whatIsNotOnTheDisketteIsNotFound() {
        seek(0, 5);
        dma(TO_MEMORY, BUFFER, SECTOR);

        assertArrayEquals(new int[] {0x40, 0x04, 0x10}, Arrays.copyOf(transfer(READ, 0, 6, 1, 18), 3));
        assertArrayEquals(new int[] {0x40, 0x04, 0}, Arrays.copyOf(transfer(READ, 0, 5, 19, 19), 3));
        out(CCR, 2);
        assertArrayEquals(new int[] {0x40, 0x01, 0}, Arrays.copyOf(transfer(READ, 0, 5, 1, 18), 3));
        assertArrayEquals(new int[] {0x42, 0x01, 0}, Arrays.copyOf(transfer(READ, 2, 5, 1, 18), 3));
    }

    @Test
    void aProtectedDisketteIsNotWritten() {
        seek(1, 0);
        out(CCR, 2);
        randomBuffer(SECTOR);
        dma(FROM_MEMORY, BUFFER, SECTOR);

        assertArrayEquals(new int[] {0x41, 0x02, 0}, Arrays.copyOf(transfer(WRITE, 1, 0, 1, 9), 3));
        command(0x04, 1);
        assertEquals(0x79, result(1)[0]);
    }

    @Test
    void anErrorOfTheHostIsADataError() {
        seek(0, 0);
        dma(TO_MEMORY, BUFFER, SECTOR);
        first.failing = true;

        assertArrayEquals(new int[] {0x40, 0x20, 0x20}, Arrays.copyOf(transfer(READ, 0, 0, 1, 18), 3));
    }

    @Test
    void impliedSeeksMoveTheHeads() {
        command(0x13, 0, 0x57, 0);
        dma(TO_MEMORY, BUFFER, SECTOR);

        transfer(READ, 0, 40, 1, 18);

        assertArrayEquals(first.bytes(FloppyFormat.K1440.offset(40, 0, 1), SECTOR), buffer(SECTOR));
    }

    @Test
    void formattingWritesTheFillByteWhereTheIdsSay() {
        seek(0, 2);
        byte[] ids = new byte[18 * 4];
        for (int n = 0; n < 18; n++) {
            ids[4 * n] = 2;
            ids[4 * n + 2] = (byte) (1 + n * 7 % 18);
            ids[4 * n + 3] = 2;
        }
        // Sector 1 + 7 n mod 18: each once.
        memory.store(BUFFER, ids);
        dma(FROM_MEMORY, BUFFER, ids.length);
        byte[] before = first.bytes(FloppyFormat.K1440.offset(2, 1, 1), SECTOR);
        command(FORMAT, 0, 2, 18, 0x54, 0xf6);

        assertEquals(0, result(7)[0] & 0xc0);

        byte[] expected = new byte[18 * SECTOR];
        Arrays.fill(expected, (byte) 0xf6);
        assertArrayEquals(expected, first.bytes(FloppyFormat.K1440.offset(2, 0, 1), expected.length));
        assertArrayEquals(before, first.bytes(FloppyFormat.K1440.offset(2, 1, 1), SECTOR));
    }

    @Test
    void verifyingMovesNothing() {
        seek(0, 0);
        dma(TO_MEMORY, BUFFER, SECTOR);

        assertArrayEquals(new int[] {0x04, 0, 0}, Arrays.copyOf(transfer(VERIFY, 0, 0, 1, 18), 3));

        assertArrayEquals(new byte[SECTOR], buffer(SECTOR));
    }

    @Test
    void scanningFindsTheSectorThatIsEqual() {
        seek(0, 0);
        byte[] wanted = first.bytes(2 * SECTOR, SECTOR);
        for (int n = 0; n < 5; n++) {
            memory.store(BUFFER + n * SECTOR, wanted);
        }
        dma(FROM_MEMORY, BUFFER, 5 * SECTOR);
        command(SCAN_EQUAL, 0, 0, 0, 1, 2, 18, 0x1b, 1);

        assertArrayEquals(new int[] {0, 0, 0x08, 0, 0, 4, 2}, result(7));
    }

    @Test
    void theGuestMovesBytesItselfWhenItWantsTo() {
        seek(0, 1);
        command(0x03, 0xdf, 0x03);
        command(READ & 0x7f, 0, 1, 0, 18, 2, 18, 0x1b, 0xff);
        byte[] read = new byte[SECTOR];
        for (int n = 0; n < SECTOR; n++) {
            assertEquals(0xf0, in(MSR));
            read[n] = (byte) in(FIFO);
        }

        assertArrayEquals(first.bytes(FloppyFormat.K1440.offset(1, 0, 18), SECTOR), read);
        assertEquals(0x80, result(7)[1]);

        command(WRITE & 0x7f, 0, 1, 0, 18, 2, 18, 0x1b, 0xff);
        for (int n = 0; n < SECTOR; n++) {
            assertEquals(0xb0, in(MSR));
            out(FIFO, n & 0xff);
        }
        assertEquals(0x80, result(7)[1]);
        assertEquals(0x55, first.bytes(FloppyFormat.K1440.offset(1, 0, 18) + 0x55, 1)[0]);
    }

    @Test
    void readIdTellsWhereTheHeadsAre() {
        seek(4, 7);
        command(0x4a, 4);
        int[] one = result(7);
        command(0x4a, 4);
        int[] next = result(7);

        assertArrayEquals(new int[] {4, 0, 0, 7, 1, 1, 2}, one);
        assertEquals(2, next[5]);
    }

    @Test
    void recalibrationTakesSeventyNineSteps() {
        command(0x0f, 0, 83);
        command(0x08);
        result(2);
        command(0x07, 0);
        command(0x08);
        assertArrayEquals(new int[] {0x70, 0}, result(2));
        command(0x07, 0);
        command(0x08);
        assertArrayEquals(new int[] {0x20, 0}, result(2));
        command(0x07, 3);
        command(0x08);
        assertArrayEquals(new int[] {0x73, 0}, result(2));
    }

    @Test
    void theChangeLineFallsWhenTheHeadsMove() {
        assertEquals(0x80, in(DIR) & 0x80);
        seek(0, 1);
        assertEquals(0, in(DIR) & 0x80);
        out(DOR, 0x3d);
        assertEquals(0x80, in(DIR) & 0x80);
        out(DOR, 0x0d);
        assertEquals(0, in(DIR) & 0x80);
    }

    @Test
    void anotherDisketteIsNoticedAndRead() {
        seek(0, 0);
        TestDiskette other = new TestDiskette(FloppyFormat.K720, false);
        other.fill(random);

        assertEquals(first, controller.change(0, null));
        assertEquals(0x80, in(DIR) & 0x80);
        seek(0, 1);
        assertEquals(0x80, in(DIR) & 0x80, "an empty drive stays changed");
        dma(TO_MEMORY, BUFFER, SECTOR);
        assertArrayEquals(new int[] {0x40, 0x01, 0}, Arrays.copyOf(transfer(READ, 0, 1, 1, 9), 3));

        assertEquals(null, controller.change(0, other));
        assertEquals(0x80, in(DIR) & 0x80);
        seek(0, 2);
        assertEquals(0, in(DIR) & 0x80);
        out(CCR, 2);
        transfer(READ, 0, 2, 9, 9);
        assertArrayEquals(other.bytes(FloppyFormat.K720.offset(2, 0, 9), SECTOR), buffer(SECTOR));
    }

    @Test
    void aDisketteThatIsTakenOutDuringAWriteIsADataError() {
        seek(0, 0);
        randomBuffer(SECTOR);
        dma(FROM_MEMORY, BUFFER, SECTOR);
        out(0x0a, 6);
        command(WRITE, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
        controller.change(0, null);

        out(0x0a, 2);

        assertArrayEquals(new int[] {0x40, 0x20, 0x20}, Arrays.copyOf(result(7), 3));
    }

    @Test
    void aDriveTakesOnlyWhatItCanRead() {
        assertThrows(IllegalArgumentException.class,
                () -> controller.change(0, new TestDiskette(FloppyFormat.K2880, false)));
        assertThrows(IllegalArgumentException.class,
                () -> controller.change(1, new TestDiskette(FloppyFormat.K720, false)));
        assertEquals(second, controller.change(1, new TestDiskette(FloppyFormat.K160, false)));
    }

    @Test
    void lockKeepsTheConfigurationThroughAReset() {
        command(0x13, 0, 0x1a, 5);
        command(0x94);
        assertEquals(0x10, result(1)[0]);
        out(0x3f4, 0x80);
        command(0x0e);
        int[] dump = result(10);
        assertEquals(0x80, dump[7]);
        assertEquals(0x0a, dump[8]);
        assertEquals(5, dump[9]);

        command(0x14);
        result(1);
        out(0x3f4, 0x80);
        command(0x0e);
        assertEquals(0x20, result(10)[8]);
    }

    @Test
    void versionSaysEnhancedAndWhatIsUnknownIsInvalid() {
        command(0x10);
        assertEquals(0x90, result(1)[0]);
        command(0x18);
        assertEquals(0x80, result(1)[0]);
        command(0x08);
        assertEquals(0x80, result(1)[0]);
    }

    @Test
    void aResetEndsATransferWhoseDiskIsStillBusy() {
        seek(0, 0);
        dma(TO_MEMORY, BUFFER, SECTOR);
        held = true;
        command(READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
        assertEquals(0x10, in(MSR) & 0xd0);
        out(DOR, 0x38);
        assertEquals(0, in(MSR));
        out(DOR, 0x3c);
        irq.takeEdges();
        waiting.forEach(Runnable::run);

        assertEquals(0, irq.takeEdges());
        assertEquals(0x80, in(MSR));
        assertArrayEquals(new byte[SECTOR], buffer(SECTOR));
    }

    @Test
    void aTransferGoesOnFromASavedState() {
        seek(0, 0);
        dma(TO_MEMORY, BUFFER, SECTOR);
        held = true;
        command(READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
        FloppyController.State saved = controller.save();
        ProbeLine otherIrq = new ProbeLine();
        FloppyController other = new FloppyController(otherIrq, dma.channel(2), List.of(first, second), Runnable::run);

        other.load(saved);

        assertTrue(otherIrq.high());
        assertArrayEquals(new int[] {0, 0, 0, 0, 0, 2, 2}, other.save().result());
        assertArrayEquals(first.bytes(0, SECTOR), buffer(SECTOR));
    }

    @Test
    void withoutTheGateThereIsNoInterrupt() {
        out(DOR, 0x34);
        command(0x0f, 0, 1);
        assertFalse(irq.high());
        out(DOR, 0x3c);
        assertTrue(irq.high());
    }
}
