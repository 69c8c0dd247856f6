// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.block.MemoryDisk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Enabling, disabling, shutting down, failing; interrupts.
class NvmeLifeTest {
    private final MemoryDisk disk = new MemoryDisk(1 << 20);
    private final NvmeDriver driver = new NvmeDriver(disk);

    @AfterEach
    void freeMemory() {
        driver.close();
    }

    private int status() {
        return driver.get(NvmeLayout.CSTS);
    }

    @Test
    void capabilitiesSayWhatTheControllerCan() {
        long capabilities = driver.nvme.read(NvmeLayout.CAP, 8);

        assertEquals(NvmeLayout.MAX_ENTRIES - 1, capabilities & 0xffff);
        assertEquals(1, capabilities >>> 37 & 1);
        assertEquals(0, capabilities >>> 48 & 0xf);
        assertEquals(4, capabilities >>> 52 & 0xf);
        assertEquals(0x10400, driver.get(NvmeLayout.VS));
    }

    @Test
    void itIsReadyWhileItIsEnabled() {
        driver.enable();
        assertEquals(NvmeLayout.CSTS_READY, status());

        driver.set(NvmeLayout.CC, 4, 0);

        assertEquals(0, status());
        assertEquals(NvmeDriver.submissions(0), driver.nvme.read(NvmeLayout.ASQ, 8));
    }

    @Test
    void nothingHappensBeforeAWorkerHasEnabledIt() {
        List<Runnable> later = new ArrayList<>();
        try (NvmeDriver slow = new NvmeDriver(disk, later::add)) {
            slow.enable();
            assertEquals(0, slow.get(NvmeLayout.CSTS));

            while (!later.isEmpty()) {
                later.removeFirst().run();
            }

            assertEquals(NvmeLayout.CSTS_READY, slow.get(NvmeLayout.CSTS));
        }
    }

    @Test
    void settingsThatItDoesNotHaveAreFatalUntilItIsReset() {
        driver.enable();
        for (int wrong : new int[] {5 << 7, 1 << 4, 1 << 11}) {
            driver.set(NvmeLayout.CC, 4, 0);
            driver.set(NvmeLayout.CC, 4, NvmeDriver.ENABLED | wrong);
            assertEquals(NvmeLayout.CSTS_FATAL, status(), Integer.toHexString(wrong));
        }
        driver.set(NvmeLayout.AQA, 4, 0);
        driver.set(NvmeLayout.CC, 4, 0);
        driver.set(NvmeLayout.CC, 4, NvmeDriver.ENABLED);
        assertEquals(NvmeLayout.CSTS_FATAL, status());

        driver.enable();

        assertEquals(NvmeLayout.CSTS_READY, status());
    }

    @Test
    void queuesOutsideMemoryAreFatal() {
        driver.set(NvmeLayout.AQA, 4, 0xf000f);
        driver.set(NvmeLayout.ASQ, 8, 1L << 40);
        driver.set(NvmeLayout.ACQ, 8, NvmeDriver.completions(0));
        driver.set(NvmeLayout.CC, 4, NvmeDriver.ENABLED);

        driver.doorbell(0, 1);

        assertEquals(NvmeLayout.CSTS_READY | NvmeLayout.CSTS_FATAL, status());
        driver.start(1);
        assertEquals(NvmeLayout.CSTS_READY, status());
    }

    @Test
    void aCompletionQueueOutsideMemoryIsFatal() {
        driver.set(NvmeLayout.AQA, 4, 0xf000f);
        driver.set(NvmeLayout.ASQ, 8, NvmeDriver.submissions(0));
        driver.set(NvmeLayout.ACQ, 8, NvmeDriver.ROM);
        driver.set(NvmeLayout.CC, 4, NvmeDriver.ENABLED);

        driver.doorbell(0, 1);

        assertEquals(NvmeLayout.CSTS_READY | NvmeLayout.CSTS_FATAL, status());
    }

    @Test
    void shuttingDownStoresWhatWasWritten() {
        driver.start(1);
        disk.log.clear();

        driver.set(NvmeLayout.CC, 4, NvmeDriver.ENABLED | 1 << 14);

        assertEquals(List.of("flush"), disk.log);
        assertEquals(NvmeLayout.CSTS_READY | NvmeLayout.CSTS_SHUT_DOWN, status());
        driver.enable();
        assertEquals(NvmeLayout.CSTS_READY, status());
    }

    @Test
    void memoryIsOnlyReachedWhileTheGuestAllowsIt() {
        driver.enable();
        driver.nvme.function().writeConfig(ConfigSpace.COMMAND, 2, 2);
        driver.put(0, NvmeLayout.GET_FEATURES, 0, 0, 0, 7);
        driver.ring(0);
        assertNull(driver.take(0));

        driver.nvme.function().writeConfig(ConfigSpace.COMMAND, 2, 6);

        assertEquals(0, driver.take(0).status());
    }

    @Test
    void thePinIsHighWhileThereAreCompletionsToTake() {
        driver.enable();
        driver.put(0, NvmeLayout.GET_FEATURES, 0, 0, 0, 7);
        driver.ring(0);
        assertTrue(driver.intx().high());

        driver.set(NvmeLayout.INTMS, 4, 1);
        assertFalse(driver.intx().high());
        driver.set(NvmeLayout.INTMC, 4, 1);
        assertTrue(driver.intx().high());
        driver.take(0);
        driver.taken(0);

        assertFalse(driver.intx().high());
    }

    @Test
    void everyQueueSendsTheMessageOfItsVector() {
        driver.useMessages();
        driver.start(3);
        driver.messages.clear();

        for (int queue = 1; queue <= 3; queue++) {
            driver.execute(queue, NvmeLayout.FLUSH, 1, 0, 0);
        }

        assertEquals(List.of(1, 2, 3), driver.messages);
        assertFalse(driver.intx().high());
    }

    @Test
    void commandsWaitForRoomInTheCompletionQueue() {
        driver.start(1);
        int most = NvmeDriver.ENTRIES - 1;
        for (int i = 0; i < most; i++) {
            driver.put(1, NvmeLayout.FLUSH, 1, 0, 0);
        }
        driver.ring(1);
        for (int i = 0; i < 3; i++) {
            driver.put(1, NvmeLayout.FLUSH, 1, 0, 0);
        }
        driver.ring(1);

        for (int i = 0; i < most; i++) {
            assertEquals(0, driver.take(1).status());
        }
        assertNull(driver.take(1));
        driver.taken(1);
        for (int i = 0; i < 3; i++) {
            assertEquals((most + i + 1) % NvmeDriver.ENTRIES, driver.take(1).submissionHead());
        }
        assertNull(driver.take(1));
    }

    @Test
    void aControllerGoesOnAsAnotherThatIsGivenItsState() {
        driver.start(2);
        driver.admin(NvmeLayout.SET_FEATURES, 0, 0, 0, 6, 0);
        driver.put(1, NvmeLayout.FLUSH, 1, 0, 0);
        NvmeFunction.State saved = driver.nvme.save();
        driver.nvme.reset();
        assertEquals(0, status());

        driver.nvme.load(saved);
        driver.ring(1);

        assertEquals(0, driver.take(1).status());
        assertEquals(0, driver.admin(NvmeLayout.GET_FEATURES, 0, 0, 0, 6).result());
    }

    @Test
    void statesThatNoControllerCanHaveAreRefused() {
        driver.start(1);
        NvmeController.State good = driver.nvme.save().controller();
        QueueTable.State orphan = new QueueTable.State(List.of(), good.queues().submission());

        assertThrows(IllegalArgumentException.class, () -> new NvmeController.State(-1, good.csts(), 0, 0, 0, 0,
                good.queues(), good.features(), good.events(), good.health(), good.errors(),
                good.shadows()));
        assertThrows(IllegalArgumentException.class, () -> new SubmissionQueue.State(1, 0, 16, 16, 0, 1, false));
        assertThrows(IllegalArgumentException.class, () -> new ShadowDoorbells.State(true, 0x1000, 0x1234));
        assertThrows(IllegalArgumentException.class, () -> driver.nvme.load(new NvmeFunction.State(
                driver.nvme.function().save(), driver.nvme.save().msix(), new NvmeController.State(good.cc(),
                good.csts(), 0, good.aqa(), good.asq(), good.acq(), orphan, good.features(), good.events(),
                good.health(), good.errors(), good.shadows()))));
    }
}
