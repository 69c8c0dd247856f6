// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import org.javisor.memory.MemorySlot;
import org.javisor.memory.PageSource;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class KvmAsyncFaultsTest {
    private static final int ENABLED = 1, ALSO_KERNEL = 2, BY_INTERRUPT = 8, VECTOR = 0xf3;
    private static final long AREA = 0x2000, LAZY = 0x100_0000;

    private final FakeMachine it = new FakeMachine();
    private final KvmAsyncFaults faults = new KvmAsyncFaults(it, 1);
    private final CountDownLatch delivered = new CountDownLatch(1);
    private final PageSource source = (_, page) -> {
        try {
            delivered.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        page.fill((byte) 7);
    };
    private final Ram ram = Ram.allocate(1 << 16, source);

    KvmAsyncFaultsTest() {
        it.memory().addSlot(9, LAZY, ram);
        faults.vector(VECTOR);
    }

    @AfterEach
    void close() {
        delivered.countDown();
        it.close();
        ram.close();
    }

    private MemorySlot slot() {
        return it.memory().find(LAZY);
    }

    private void awaitToken() {
        while (it.memory().loadIntAcquire(AREA + 4) == 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void theGuestIsToldOfAPageThatIsNotThereAndThatItIs() {
        assertTrue(faults.register(AREA | ENABLED | BY_INTERRUPT));

        int token = faults.notPresent(slot(), LAZY + 0x1234, true);

        assertNotEquals(0, token);
        assertEquals(1, token & 0xfff, "the processor");
        assertEquals(1, it.memory().loadInt(AREA));
        assertEquals(0, it.memory().loadInt(AREA + 4));
        delivered.countDown();
        awaitToken();
        synchronized (faults) {
            assertEquals(token, it.memory().loadInt(AREA + 4));
            assertEquals("interrupt 1 40f3", it.asked.getLast());
        }
        assertFalse(slot().isAbsent(LAZY + 0x1234));
        assertEquals(7, it.memory().loadByte(LAZY + 0x1234));
    }

    @Test
    void theNextTokenComesWhenTheLastIsAcknowledged() {
        faults.register(AREA | ENABLED | BY_INTERRUPT);
        int first = faults.notPresent(slot(), LAZY, true);
        int second = faults.notPresent(slot(), LAZY + 0x1000, true);
        delivered.countDown();
        it.memory().loadByte(LAZY);
        it.memory().loadByte(LAZY + 0x1000);
        awaitToken();
        int told = it.memory().loadInt(AREA + 4);

        it.memory().storeInt(AREA + 4, 0);
        assertTrue(faults.acknowledge(1));

        awaitToken();
        assertEquals(first + second, told + it.memory().loadInt(AREA + 4));
    }

    @Test
    void whoIsNotToBeToldWaits() {
        assertEquals(0, faults.notPresent(slot(), LAZY, true), "nothing enabled");
        faults.register(AREA | ENABLED);
        assertEquals(0, faults.notPresent(slot(), LAZY, true), "no interrupt to end it");
        faults.register(AREA | ENABLED | BY_INTERRUPT);
        assertEquals(0, faults.notPresent(slot(), LAZY, false), "the kernel");
        faults.register(AREA | ENABLED | BY_INTERRUPT | ALSO_KERNEL);
        assertNotEquals(0, faults.notPresent(slot(), LAZY, false));
        assertEquals(0, faults.notPresent(slot(), LAZY, true), "on its way");
        faults.register(0);
        delivered.countDown();
        it.memory().loadByte(LAZY);
        assertEquals(0, it.memory().loadInt(AREA + 4), "forgotten");
    }

    @Test
    void registersRefuseWhatTheyCannotHold() {
        assertFalse(faults.register(AREA | ENABLED | 0x10));
        assertFalse(faults.register(0x7fff_ffff_f000L | ENABLED));
        assertFalse(faults.vector(0x100));
        assertFalse(faults.register(AREA | ENABLED | 4), "exits of nested guests are not offered");
        assertEquals(VECTOR, faults.vector());
    }
}
