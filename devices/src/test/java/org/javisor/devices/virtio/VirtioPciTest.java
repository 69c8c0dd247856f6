// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The transport, with the simplest device behind it: the entropy device, whose bytes are all 0x5a here.
class VirtioPciTest {
    private static final int SIZE = 8;

    private final FakeDriver<VirtioEntropy.State> driver = new FakeDriver<>(
            _ -> new VirtioEntropy(bytes -> Arrays.fill(bytes, (byte) 0x5a)));
    private final PciFunction function = driver.pci.function();

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private int capability(int type) {
        int at = function.readConfig(ConfigSpace.CAPABILITIES, 1);
        while (at != 0 && !(function.readConfig(at, 1) == 9 && function.readConfig(at + 3, 1) == type)) {
            at = function.readConfig(at + 1, 1);
        }
        return at;
    }

    private void assertServed(FakeDriver.Buffer buffer) {
        assertEquals(new FakeDriver.Used(0, buffer.length()), driver.takeUsed(0));
        byte[] expected = new byte[buffer.length()];
        Arrays.fill(expected, (byte) 0x5a);
        assertArrayEquals(expected, driver.bytes(buffer));
    }

    // ---- identity ----

    @Test
    void isAModernVirtioFunction() {
        assertEquals(0x1044_1af4, function.readConfig(0, 4));
        assertEquals(1, function.readConfig(ConfigSpace.REVISION, 1));
    }

    @Test
    void capabilitiesTellWhereTheStructuresAre() {
        assertEquals(0x0000, function.readConfig(capability(1) + 8, 4));
        assertEquals(0x3000, function.readConfig(capability(2) + 8, 4));
        assertEquals(4, function.readConfig(capability(2) + 16, 4));
        assertEquals(0x1000, function.readConfig(capability(3) + 8, 4));
        assertEquals(0, capability(4), "an entropy device has no configuration");
        assertEquals(4, function.readConfig(capability(1) + 4, 1));
    }

    @Test
    void theConfigurationAccessCapabilityReachesTheBar() {
        int access = capability(5);
        function.writeConfig(access + 4, 1, 4);
        function.writeConfig(access + 8, 4, FakeDriver.QUEUE_SIZE);
        function.writeConfig(access + 12, 4, 2);

        assertEquals(64, function.readConfig(access + 16, 4));
        function.writeConfig(access + 16, 4, 16);
        assertEquals(16, driver.get(FakeDriver.QUEUE_SIZE, 2));
        function.writeConfig(access + 8, 4, 0x7fff_fff0);
        assertEquals(-1, function.readConfig(access + 16, 4));
        function.writeConfig(access + 8, 4, 0);
        function.writeConfig(access + 12, 4, 3);
        assertEquals(-1, function.readConfig(access + 16, 4));
    }

    // ---- negotiation ----

    @Test
    void offersVersion1AndTheRingFeatures() {
        assertEquals(1L << 28 | 1L << 29 | 1L << 32 | 1L << 40, driver.offered());
    }

    @Test
    void aDriverWithoutVersion1IsRefused() {
        assertEquals(0, driver.negotiate(VirtioFeature.EVENT_IDX) & FakeDriver.FEATURES_OK);
    }

    @Test
    void featuresThatWereNotOfferedAreRefused() {
        assertEquals(0, driver.negotiate(VirtioFeature.VERSION_1 | 1L << 33) & FakeDriver.FEATURES_OK);
    }

    @Test
    void featuresCannotChangeOnceAgreed() {
        driver.negotiate(VirtioFeature.VERSION_1);

        driver.set(FakeDriver.DRIVER_FEATURE, 4, 0xff);

        assertEquals(1, driver.get(FakeDriver.DRIVER_FEATURE, 4));
    }

    @Test
    void withoutAgreedFeaturesTheDeviceDoesNotStart() {
        driver.set(FakeDriver.STATUS, 1, 7);

        assertEquals(3, driver.get(FakeDriver.STATUS, 1));
    }

    @Test
    void statusBitsStayUntilAReset() {
        driver.negotiate(VirtioFeature.VERSION_1);

        driver.set(FakeDriver.STATUS, 1, FakeDriver.ACKNOWLEDGE);

        assertEquals(0xb, driver.get(FakeDriver.STATUS, 1));
    }

    // ---- requests and interrupts ----

    @Test
    void aRequestIsServedAndInterruptsThroughTheLine() {
        driver.start(0, SIZE);

        FakeDriver.Buffer buffer = driver.in(16);
        driver.submit(0, buffer);

        assertServed(buffer);
        assertTrue(driver.intx().high());
        assertEquals(1, driver.get(FakeDriver.ISR, 1));
        assertFalse(driver.intx().high());
        assertEquals(0, driver.get(FakeDriver.ISR, 1));
    }

    @Test
    void withMsixEachQueueHasItsVector() {
        int msix = function.readConfig(ConfigSpace.CAPABILITIES, 1);
        assertEquals(0x11, function.readConfig(msix, 1));
        function.writeConfig(ConfigSpace.BAR0 + 4, 4, 0xc000_0000);
        function.writeConfig(msix + 2, 2, 0x8000);
        driver.mmio.write(0xc000_0010L, 8, 0xfee0_0000L);
        driver.mmio.write(0xc000_0018L, 8, 0x55);
        driver.set(FakeDriver.QUEUE_VECTOR, 2, 1);
        assertEquals(1, driver.get(FakeDriver.QUEUE_VECTOR, 2));
        driver.start(0, SIZE);
        driver.set(FakeDriver.QUEUE_VECTOR, 2, 1);

        driver.submit(0, driver.in(16));

        assertEquals(List.of(0x55), driver.messages);
        assertFalse(driver.intx().high());
    }

    @Test
    void whoSwitchesToMsixIsNotInterruptedByThePinAnyMore() {
        driver.start(0, SIZE);
        driver.submit(0, driver.in(16));
        assertTrue(driver.intx().high());

        function.writeConfig(function.readConfig(ConfigSpace.CAPABILITIES, 1) + 2, 2, 0x8000);

        assertFalse(driver.intx().high());
    }

    @Test
    void aVectorThatDoesNotExistIsRefused() {
        driver.set(FakeDriver.QUEUE_VECTOR, 2, 2);

        assertEquals(0xffff, driver.get(FakeDriver.QUEUE_VECTOR, 2));
    }

    @Test
    void aQueueThatDoesNotExistReadsAsNothing() {
        driver.set(FakeDriver.QUEUE_SELECT, 2, 1);

        assertEquals(0, driver.get(FakeDriver.QUEUE_SIZE, 2));
        driver.set(FakeDriver.QUEUE_ENABLE, 2, 1);
        assertEquals(0, driver.get(FakeDriver.QUEUE_ENABLE, 2));
        driver.kick(1);
        driver.kick(700);
    }

    @Test
    void requestsWaitUntilTheDriverIsReady() {
        driver.negotiate(VirtioFeature.VERSION_1);
        driver.setUp(0, SIZE);
        FakeDriver.Buffer buffer = driver.in(4);
        driver.submit(0, buffer);
        assertNull(driver.takeUsed(0));

        driver.set(FakeDriver.STATUS, 1, 0xf);

        assertServed(buffer);
    }

    @Test
    void requestsWaitWhileTheFunctionMayNotReachMemory() {
        driver.start(0, SIZE);
        function.writeConfig(ConfigSpace.COMMAND, 2, 2);
        FakeDriver.Buffer buffer = driver.in(4);
        driver.submit(0, buffer);
        assertNull(driver.takeUsed(0));

        function.writeConfig(ConfigSpace.COMMAND, 2, 6);

        assertServed(buffer);
    }

    @Test
    void aMisalignedQueueCannotBeEnabled() {
        driver.negotiate(VirtioFeature.VERSION_1);
        driver.set(FakeDriver.QUEUE_DESC, 8, 0x10008);

        driver.set(FakeDriver.QUEUE_ENABLE, 2, 1);

        assertEquals(0, driver.get(FakeDriver.QUEUE_ENABLE, 2));
    }

    @Test
    void aSizeThatIsNoPowerOfTwoIsNotTaken() {
        driver.set(FakeDriver.QUEUE_SIZE, 2, 24);
        assertEquals(64, driver.get(FakeDriver.QUEUE_SIZE, 2));

        driver.set(FakeDriver.QUEUE_SIZE, 2, 128);

        assertEquals(64, driver.get(FakeDriver.QUEUE_SIZE, 2));
    }

    // ---- reset ----

    @Test
    void aResetForgetsEverythingAndTheDeviceWorksAgain() {
        driver.start(0, SIZE);
        driver.submit(0, driver.in(4));

        driver.set(FakeDriver.STATUS, 1, 0);
        assertEquals(0, driver.get(FakeDriver.STATUS, 1));
        assertEquals(0, driver.get(FakeDriver.QUEUE_ENABLE, 2));
        assertFalse(driver.intx().high());
        driver.start(0, SIZE);
        FakeDriver.Buffer buffer = driver.in(4);
        driver.submit(0, buffer);

        assertServed(buffer);
    }

    @Test
    void oneQueueIsResetAndEnabledAgain() {
        driver.start(VirtioFeature.RING_RESET, SIZE);
        driver.submit(0, driver.in(4));

        driver.set(FakeDriver.QUEUE_RESET, 2, 1);
        assertEquals(0, driver.get(FakeDriver.QUEUE_RESET, 2));
        assertEquals(0, driver.get(FakeDriver.QUEUE_ENABLE, 2));
        driver.setUp(0, SIZE);
        FakeDriver.Buffer buffer = driver.in(4);
        driver.submit(0, buffer);

        assertServed(buffer);
    }

    @Test
    void aBrokenRuleNeedsAResetAndTellsTheDriver() {
        driver.start(0, SIZE);
        driver.makeAvailable(0, SIZE);      // no such descriptor

        driver.kick(0);

        assertTrue(driver.pci.needsReset());
        assertEquals(FakeDriver.NEEDS_RESET, driver.get(FakeDriver.STATUS, 1) & FakeDriver.NEEDS_RESET);
        assertEquals(2, driver.get(FakeDriver.ISR, 1));
        driver.submit(0, driver.in(4));
        assertNull(driver.takeUsed(0));
        driver.start(0, SIZE);
        driver.submit(0, driver.in(4));
        assertNotNull(driver.takeUsed(0));
    }

    @Test
    void memoryTakenAwayUnderARequestNeedsAReset() {
        GuestMemory[] memory = new GuestMemory[1];
        try (FakeDriver<VirtioEntropy.State> unlucky = new FakeDriver<>(m -> {
            memory[0] = m;
            return new VirtioEntropy(_ -> memory[0].removeSlot(0));
        })) {
            unlucky.start(0, SIZE);

            unlucky.submit(0, unlucky.in(4));

            assertTrue(unlucky.pci.needsReset());
        }
    }

    // ---- state ----

    @Test
    void aLoadedStateContinuesWhereItWasSaved() {
        driver.start(VirtioFeature.EVENT_IDX, SIZE);
        driver.submit(0, driver.in(4));
        driver.takeUsed(0);
        VirtioPci.State<VirtioEntropy.State> saved = driver.pci.save();
        driver.pci.reset();

        driver.pci.load(saved);

        FakeDriver.Buffer buffer = driver.in(4);
        driver.submit(0, buffer);
        assertEquals(new FakeDriver.Used(1, 4), driver.takeUsed(0));
    }

    @Test
    void requestsThatWaitedInASavedQueueAreServedAfterLoading() {
        driver.start(0, SIZE);
        function.writeConfig(ConfigSpace.COMMAND, 2, 2);
        FakeDriver.Buffer buffer = driver.in(4);
        driver.submit(0, buffer);
        VirtioPci.State<VirtioEntropy.State> saved = driver.pci.save();
        driver.pci.load(saved);

        function.writeConfig(ConfigSpace.COMMAND, 2, 6);

        assertServed(buffer);
    }
}
