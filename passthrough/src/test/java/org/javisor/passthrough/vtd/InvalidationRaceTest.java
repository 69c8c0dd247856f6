// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.memory.DmaTranslation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A page is mapped elsewhere again and again while devices use it. What it was mapped to before is given another use
/// as soon as the guest has been told that the invalidation is complete.
class InvalidationRaceTest {
    private static final int IOVA = 0x1000, PAGES = 0x20_0000, STATUS = 0x8_0000, TURNS = 300, DEVICES = 2;
    private static final long USABLE = 0x600d, FORBIDDEN = 0xbad;

    private final VtdRig rig = new VtdRig();
    private final AtomicInteger stale = new AtomicInteger();
    private volatile boolean over;

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void nobodyUsesWhatIsNotMappedAnyMore() throws InterruptedException {
        long table = rig.device();
        rig.memory.storeLong(PAGES, USABLE);
        rig.map(table, 4, IOVA, 1, PAGES | VtdRig.READ);
        rig.translate();
        rig.queue();
        List<Thread> devices = new ArrayList<>();
        for (int n = 0; n < DEVICES; n++) {
            devices.add(Thread.ofPlatform().start(this::use));
        }
        for (int turn = 1; turn <= TURNS; turn++) {
            remap(table, turn);
        }
        over = true;
        for (Thread device : devices) {
            device.join();
        }

        assertEquals(0, stale.get());
    }

    private void remap(long table, int turn) {
        int before = PAGES + (turn - 1) % 2 * 0x1000;
        int after = PAGES + turn % 2 * 0x1000;
        rig.memory.storeLong(after, USABLE);
        rig.map(table, 4, IOVA, 1, after | VtdRig.READ);
        rig.submit(0x2 | 3 << 4 | (long) VtdRig.DOMAIN << 16, IOVA);
        rig.submit(0x5 | 0x20 | (long) turn << 32, STATUS);
        while (rig.memory.loadIntAcquire(STATUS) != turn) {
            Thread.yield();
        }
        rig.memory.storeLong(before, FORBIDDEN);
    }

    private void use() {
        DmaTranslation device = rig.of(VtdRig.DEVICE);
        while (!over) {
            int request = device.begin();
            long gpa = device.translate(IOVA, false);
            for (int n = 0; n < 20; n++) {
                if (rig.memory.loadLong(gpa) != USABLE) {
                    stale.incrementAndGet();
                }
            }
            device.end(request);
        }
    }
}
