// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

/// Interrupts that end by a bit in guest memory.
class LazyEoiTest {
    /// The bit, and how the guest ends an interrupt.
    private static final class Bit implements LazyEoi {
        private boolean set;
        private int spared;

        @Override
        public boolean set() {
            set = true;
            return true;
        }

        @Override
        public boolean clear() {
            boolean was = set;
            set = false;
            return was;
        }

        void end(LocalApic apic) {
            if (set) {
                set = false;
                spared++;
            } else {
                apic.endOfInterrupt();
            }
        }
    }

    private final Bit bit = new Bit();
    private final LocalApic apic = apic();

    private static LocalApic apic() {
        ManualClock clock = new ManualClock();
        LocalApic apic = new LocalApic(0, new ApicBus(), new FakePins(clock), clock, _ -> { }, null);
        apic.spurious(ApicLayout.SVR_ENABLE | 0xff);
        return apic;
    }

    @Test
    void anInterruptAloneEndsWithoutTelling() {
        apic.lazyEndOfInterrupt(bit);
        apic.accept(0x51);
        assertEquals(0x51, apic.acknowledge());
        assertTrue(bit.set);

        bit.end(apic);
        apic.accept(0x41);

        assertEquals(0x41, apic.acknowledge(), "the first has ended");
        assertEquals(1, bit.spared);
    }

    @Test
    void oneThatOthersWaitBehindIsTold() {
        apic.lazyEndOfInterrupt(bit);
        apic.accept(0x51);
        apic.accept(0x41);
        apic.acknowledge();
        assertFalse(bit.set);
    }

    @Test
    void oneThatOthersComeBehindIsToldAfterAll() {
        apic.lazyEndOfInterrupt(bit);
        apic.accept(0x51);
        apic.acknowledge();
        apic.accept(0x41);

        assertEquals(-1, apic.acknowledge());
        assertFalse(bit.set);
        bit.end(apic);
        assertEquals(0x41, apic.acknowledge());
    }

    @Test
    void levelTriggeredOnesAreAlwaysTold() {
        apic.lazyEndOfInterrupt(bit);
        apic.accept(0x51 | ApicLayout.TRIGGER_LEVEL);
        apic.acknowledge();

        assertFalse(bit.set);
    }

    @Test
    void aGuestGetsTheSameInterruptsEitherWay() {
        SplittableRandom random = Seeds.random("LazyEoiTest");
        LocalApic plain = apic();
        apic.lazyEndOfInterrupt(bit);
        List<Integer> lazily = new ArrayList<>(), plainly = new ArrayList<>();
        int served = 0;
        for (int n = 0; n < 100_000; n++) {
            switch (random.nextInt(12)) {
                case 0 -> {
                    int vector = random.nextInt(0x20, 0x100) | (random.nextInt(8) == 0 ? ApicLayout.TRIGGER_LEVEL : 0);
                    apic.accept(vector);
                    plain.accept(vector);
                }
                case 1, 2, 3, 4, 5, 6 -> {
                    int vector = plain.acknowledge();
                    plainly.add(vector);
                    lazily.add(apic.acknowledge());
                    served += vector >= 0 ? 1 : 0;
                }
                default -> {
                    if (served > 0) {
                        served--;
                        plain.endOfInterrupt();
                        bit.end(apic);
                    }
                }
            }
        }

        assertEquals(plainly, lazily);
        assertTrue(bit.spared > 1000, bit.spared + " accesses spared");
    }
}
