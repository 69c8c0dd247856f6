// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.DmaTranslation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InvalidationQueueTest {
    private static final int STATUS = 0x8_0000, QUEUE_ERROR = 0x10;
    private static final long WAIT = 5, WITH_STATUS = 0x20, WITH_INTERRUPT = 0x10;

    private final VtdRig rig = new VtdRig();

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void aWaitWritesItsStatusWhenAllBeforeIsDone() {
        rig.queue();

        rig.submit(0x1 | 1 << 4, 0);
        rig.submit(WAIT | WITH_STATUS | 0x55L << 32, STATUS);

        assertEquals(0x55, rig.memory.loadInt(STATUS));
        assertEquals(0x20, rig.readLong(VtdLayout.QUEUE_HEAD));
        assertEquals(0, rig.read(VtdLayout.FAULT_STATUS));
    }

    @Test
    void aWaitIsForDevicesThatUseWhatWasTranslatedBefore() {
        rig.queue();
        DmaTranslation device = rig.of(VtdRig.DEVICE);
        int before = device.begin();

        rig.submit(WAIT | WITH_STATUS | 1L << 32, STATUS);
        assertEquals(1, rig.memory.loadInt(STATUS), "nothing has been invalidated");
        rig.submit(0x2 | 1 << 4, 0);
        rig.submit(WAIT | WITH_STATUS | 2L << 32, STATUS);
        rig.submit(WAIT | WITH_STATUS | 3L << 32, STATUS);
        int after = device.begin();
        assertEquals(1, rig.memory.loadInt(STATUS));
        assertEquals(0x20, rig.readLong(VtdLayout.QUEUE_HEAD));

        device.end(before);
        assertEquals(3, rig.memory.loadInt(STATUS), "who began afterwards is not waited for");
        assertEquals(0x40, rig.readLong(VtdLayout.QUEUE_HEAD));
        device.end(after);
    }

    @Test
    void aStateThatWasSavedDuringAWaitGoesOnWithIt() {
        rig.queue();
        DmaTranslation device = rig.of(VtdRig.DEVICE);
        int before = device.begin();
        rig.submit(0x2 | 1 << 4, 0);
        rig.submit(WAIT | WITH_STATUS | 2L << 32, STATUS);
        VtdUnit.State saved = rig.unit.save();
        device.end(before);
        rig.memory.storeInt(STATUS, 0);

        rig.unit.load(saved);

        assertEquals(2, rig.memory.loadInt(STATUS));
        assertEquals(0x20, rig.readLong(VtdLayout.QUEUE_HEAD));
    }

    @Test
    void aCommandInARegisterIsUnderWayUntilDevicesAreDone() {
        DmaTranslation device = rig.of(VtdRig.DEVICE);
        int before = device.begin();

        rig.writeLong(VtdLayout.IOTLB_INVALIDATE, 1L << 63 | 1L << 60);
        assertEquals(1L << 63 | 1L << 60 | 1L << 57, rig.readLong(VtdLayout.IOTLB_INVALIDATE));
        rig.queue();
        rig.submit(0x2 | 1 << 4, 0);
        rig.submit(WAIT | WITH_STATUS | 2L << 32, STATUS);
        int between = device.begin();
        device.end(before);
        assertEquals(0, rig.memory.loadInt(STATUS));
        device.end(between);

        assertEquals(2, rig.memory.loadInt(STATUS));
        assertEquals(1L << 60 | 1L << 57, rig.readLong(VtdLayout.IOTLB_INVALIDATE));
    }

    @Test
    void invalidationsAndRequestsOfManyThreadsComeToAnEnd() throws InterruptedException {
        rig.queue();
        List<Thread> devices = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            DmaTranslation device = rig.of(n);
            devices.add(Thread.ofPlatform().start(() -> {
                for (int turn = 0; turn < 20_000; turn++) {
                    device.end(device.begin());
                }
            }));
        }
        for (int n = 1; n <= 1_000; n++) {
            rig.submit(0x2 | 1 << 4, 0);
            rig.submit(WAIT | WITH_STATUS | (long) n << 32, STATUS);
            while (rig.memory.loadInt(STATUS) != n) {
                Thread.yield();
            }
        }
        for (Thread device : devices) {
            device.join();
        }

        assertEquals(1_000, rig.memory.loadInt(STATUS));
    }

    @Test
    void nothingIsCarriedOutBeforeTheQueueIsEnabled() {
        rig.writeLong(VtdLayout.QUEUE_ADDRESS, VtdRig.QUEUE);
        rig.submit(WAIT | WITH_STATUS | 0x55L << 32, STATUS);
        assertEquals(0, rig.memory.loadInt(STATUS));

        rig.command(VtdLayout.QUEUED_INVALIDATION);

        assertEquals(0x55, rig.memory.loadInt(STATUS));
    }

    @Test
    void aWaitInterruptsOnceUntilThatIsSeen() {
        rig.queue();
        rig.write(VtdLayout.COMPLETION_EVENT + 4, 0x61);
        rig.write(VtdLayout.COMPLETION_EVENT + 8, 0xfee0_1000);
        rig.write(VtdLayout.COMPLETION_EVENT, 0);

        rig.submit(WAIT | WITH_INTERRUPT, 0);
        rig.submit(WAIT | WITH_INTERRUPT, 0);
        assertEquals(List.of("1 0061"), rig.delivered);
        assertEquals(1, rig.read(VtdLayout.COMPLETION_STATUS));

        rig.write(VtdLayout.COMPLETION_STATUS, 1);
        rig.submit(WAIT | WITH_INTERRUPT, 0);
        assertEquals(List.of("1 0061", "1 0061"), rig.delivered);
    }

    @Test
    void aWrongDescriptorStopsTheQueueUntilThatIsSeen() {
        rig.queue();
        rig.submit(0x3, 0);
        rig.submit(WAIT | WITH_STATUS | 0x55L << 32, STATUS);

        assertEquals(QUEUE_ERROR, rig.read(VtdLayout.FAULT_STATUS));
        assertEquals(0, rig.readLong(VtdLayout.QUEUE_HEAD));
        assertEquals(0, rig.memory.loadInt(STATUS));

        rig.memory.storeLong(VtdRig.QUEUE, WAIT);
        rig.write(VtdLayout.FAULT_STATUS, QUEUE_ERROR);
        assertEquals(0, rig.read(VtdLayout.FAULT_STATUS));
        assertEquals(0x55, rig.memory.loadInt(STATUS));
        assertEquals(0x20, rig.readLong(VtdLayout.QUEUE_HEAD));
    }

    @Test
    void theTailWrapsAround() {
        rig.queue();

        for (int n = 1; n <= 600; n++) {
            rig.submit(WAIT | WITH_STATUS | (long) n << 32, STATUS);
        }

        assertEquals(600, rig.memory.loadInt(STATUS));
        assertEquals(600 * 16 % 0x1000, rig.readLong(VtdLayout.QUEUE_HEAD));
    }

    @Test
    void aQueueOrAStatusOutsideMemoryIsAnError() {
        rig.queue();
        rig.submit(WAIT | WITH_STATUS, VtdRig.RAM_BYTES);
        assertEquals(QUEUE_ERROR, rig.read(VtdLayout.FAULT_STATUS));

        rig.unit.reset();
        rig.writeLong(VtdLayout.QUEUE_ADDRESS, 0x3f_ffff_f000L);
        rig.command(VtdLayout.QUEUED_INVALIDATION);
        rig.writeLong(VtdLayout.QUEUE_TAIL, 0x10);
        assertEquals(QUEUE_ERROR, rig.read(VtdLayout.FAULT_STATUS));
    }

    @Test
    void aTailBehindTheEndIsAnError() {
        rig.queue();

        rig.writeLong(VtdLayout.QUEUE_TAIL, 0x1000);

        assertEquals(QUEUE_ERROR, rig.read(VtdLayout.FAULT_STATUS));
    }
}
