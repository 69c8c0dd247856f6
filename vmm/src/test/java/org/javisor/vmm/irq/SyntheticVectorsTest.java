// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A local APIC whose vector 0x61 ends by itself, and of whose vector 0x51 the end is watched.
class SyntheticVectorsTest {
    private final List<Integer> ended = new ArrayList<>();
    private final ManualClock clock = new ManualClock();
    private final FakePins pins = new FakePins(clock);
    private final LocalApic apic = new LocalApic(0, new ApicBus(), pins, clock, _ -> { }, null);
    private boolean lazyBit;

    @BeforeEach
    void connect() {
        apic.spurious(ApicLayout.SVR_ENABLE | 0xff);
        apic.syntheticVectors(new SyntheticVectors() {
            @Override
            public boolean endsItself(int vector) {
                return vector == 0x61;
            }

            @Override
            public boolean watches(int vector) {
                return vector == 0x51;
            }

            @Override
            public void ended(int vector) {
                ended.add(vector);
            }
        });
        apic.lazyEndOfInterrupt(new LazyEoi() {
            @Override
            public boolean set() {
                lazyBit = true;
                return true;
            }

            @Override
            public boolean clear() {
                boolean was = lazyBit;
                lazyBit = false;
                return was;
            }
        });
    }

    @Test
    void oneThatEndsByItselfHoldsNothingBack() {
        apic.accept(0x61);
        apic.accept(0x41);
        assertEquals(0x61, apic.acknowledge());
        assertFalse(lazyBit, "there is no end to tell");
        assertTrue(pins.interrupt);
        assertEquals(0x41, apic.acknowledge());
        apic.endOfInterrupt();
        assertEquals(-1, apic.acknowledge());
    }

    @Test
    void oneThatEndsByItselfLeavesThoseBeneathInService() {
        apic.lazyEndOfInterrupt(null);
        apic.accept(0x45);
        apic.acknowledge();
        apic.accept(0x61);
        assertEquals(0x61, apic.acknowledge());
        apic.accept(0x42);
        assertEquals(-1, apic.acknowledge(), "0x45 is in service");
        apic.endOfInterrupt();
        assertEquals(0x42, apic.acknowledge());
    }

    @Test
    void theEndOfOneThatIsWatchedIsTold() {
        apic.accept(0x51);
        assertEquals(0x51, apic.acknowledge());
        assertFalse(lazyBit, "who watches has to learn of it");
        assertEquals(List.of(), ended);

        apic.endOfInterrupt();

        assertEquals(List.of(0x51), ended);
        apic.accept(0x41);
        apic.acknowledge();
        assertTrue(lazyBit);
        apic.endOfInterrupt();
        assertEquals(List.of(0x51), ended);
    }
}
