// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VirtioConsoleTest {
    private static final int SIZE = 8;

    private final StringBuilder output = new StringBuilder();
    private final VirtioConsole console = new VirtioConsole(b -> output.append((char) b), 80, 25);
    private final FakeDriver<VirtioConsole.State> driver = new FakeDriver<>(_ -> console);

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private void type(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        assertEquals(bytes.length, console.receive(bytes, 0, bytes.length));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void outputLeavesInOrderWhateverItsBuffers() {
        driver.start(0, SIZE);

        driver.submit(VirtioConsole.TRANSMIT, driver.out(bytes("hel")), driver.out(bytes("lo ")));
        driver.submit(VirtioConsole.TRANSMIT, driver.out(bytes("x".repeat(10_000))));

        assertEquals("hello " + "x".repeat(10_000), output.toString());
        assertEquals(new FakeDriver.Used(0, 0), driver.takeUsed(VirtioConsole.TRANSMIT));
    }

    @Test
    void inputWaitsForABufferAndABufferForInput() {
        driver.start(0, SIZE);
        FakeDriver.Buffer first = driver.in(4);
        driver.submit(VirtioConsole.RECEIVE, first);
        assertNull(driver.takeUsed(VirtioConsole.RECEIVE));

        type("abcdef");
        assertEquals(new FakeDriver.Used(0, 4), driver.takeUsed(VirtioConsole.RECEIVE));
        assertEquals("abcd", new String(driver.bytes(first)));
        FakeDriver.Buffer second = driver.in(64);
        driver.submit(VirtioConsole.RECEIVE, second);

        assertEquals(new FakeDriver.Used(1, 2), driver.takeUsed(VirtioConsole.RECEIVE));
        assertEquals("ef", new String(driver.bytes(second), 0, 2));
    }

    @Test
    void inputBeforeTheDriverIsThereIsKept() {
        type("early");
        driver.start(0, SIZE);
        FakeDriver.Buffer buffer = driver.in(16);

        driver.submit(VirtioConsole.RECEIVE, buffer);

        assertEquals("early", new String(driver.bytes(buffer), 0, 5));
    }

    @Test
    void aNewSizeIsToldThroughTheConfiguration() {
        driver.start(VirtioConsole.F_SIZE, SIZE);
        long generation = driver.get(FakeDriver.GENERATION, 1);

        console.resize(132, 43);

        assertEquals(2, driver.get(FakeDriver.ISR, 1));
        assertTrue(driver.get(FakeDriver.GENERATION, 1) != generation);
        assertEquals(132, driver.get(FakeDriver.DEVICE, 2));
        assertEquals(43, driver.get(FakeDriver.DEVICE + 2, 2));
        assertEquals(1, driver.get(FakeDriver.DEVICE + 4, 4));
    }

    @Test
    void aConsoleThatIsNotPluggedInTakesInputAndSize() {
        VirtioConsole alone = new VirtioConsole(b -> output.append((char) b), 80, 25);

        alone.resize(100, 40);

        assertEquals(1, alone.receive(bytes("x"), 0, 1));
        assertEquals(100, alone.readConfiguration(0));
    }

    @Test
    void notificationsAfterTheWorkersHaveGoneAreIgnored() {
        ExecutorService gone = Executors.newSingleThreadExecutor();
        gone.shutdown();
        try (FakeDriver<VirtioConsole.State> late = new FakeDriver<>(
                _ -> new VirtioConsole(b -> output.append((char) b), 80, 25), gone)) {
            late.start(0, SIZE);

            late.submit(VirtioConsole.TRANSMIT, late.out(bytes("x")));

            assertEquals("", output.toString());
        }
    }

    @Test
    void theEmergencyWriteNeedsNoQueue() {
        driver.set(FakeDriver.DEVICE + 8, 4, '!');

        assertEquals("!", output.toString());
    }
}
