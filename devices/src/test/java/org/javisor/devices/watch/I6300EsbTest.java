// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.watch;

import static org.javisor.devices.watch.I6300Esb.CONFIG;
import static org.javisor.devices.watch.I6300Esb.CONFIG_MEGAHERTZ;
import static org.javisor.devices.watch.I6300Esb.CONFIG_NO_RESET;
import static org.javisor.devices.watch.I6300Esb.INTERRUPT_STATUS;
import static org.javisor.devices.watch.I6300Esb.LOCK;
import static org.javisor.devices.watch.I6300Esb.LOCK_ENABLE;
import static org.javisor.devices.watch.I6300Esb.LOCK_FREE_RUNNING;
import static org.javisor.devices.watch.I6300Esb.LOCK_LOCKED;
import static org.javisor.devices.watch.I6300Esb.PRELOAD1;
import static org.javisor.devices.watch.I6300Esb.PRELOAD2;
import static org.javisor.devices.watch.I6300Esb.RELOAD;
import static org.javisor.devices.watch.I6300Esb.RELOAD_TIMER;
import static org.javisor.devices.watch.I6300Esb.TIMED_OUT;
import static org.javisor.devices.watch.I6300Esb.UNLOCK_FIRST;
import static org.javisor.devices.watch.I6300Esb.UNLOCK_SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.memory.IoBus;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;
import org.junit.jupiter.api.Test;

class I6300EsbTest {
    /// A tick of the slow clock is 2^15 periods of 33 MHz.
    private static final long TICK_NANOS = (1L << 15) * 1_000_000_000 / 33_000_000 + 1;
    private static final int OTHER_INTERRUPTS = 3;

    private final ManualClock clock = new ManualClock();
    private final ProbeLine[] gsis = IntStream.range(0, 24).mapToObj(_ -> new ProbeLine()).toArray(ProbeLine[]::new);
    private int actions;
    private final I6300Esb watchdog = new I6300Esb(clock, () -> actions++);

    I6300EsbTest() {
        IoBus none = new IoBus("address", 0xffff);
        new PciBus(none, none, 0xffff, new PirqRouter(n -> gsis[n]), (_, _) -> { }).add(2, 0, watchdog.function());
    }

    private void unlocked(int register, int size, int value) {
        watchdog.write(RELOAD, 2, UNLOCK_FIRST);
        watchdog.write(RELOAD, 2, UNLOCK_SECOND);
        watchdog.write(register, size, value);
    }

    private void start(int first, int second, int config, int control) {
        watchdog.function().writeConfig(CONFIG, 2, config);
        unlocked(PRELOAD1, 4, first);
        unlocked(PRELOAD2, 4, second);
        watchdog.function().writeConfig(LOCK, 1, control);
    }

    private boolean interrupting() {
        return IntStream.range(0, 24).anyMatch(n -> gsis[n].high());
    }

    @Test
    void aWriteCountsOnlyAfterTheUnlockingSequence() {
        watchdog.write(PRELOAD1, 4, 5);
        watchdog.write(RELOAD, 2, UNLOCK_FIRST);
        watchdog.write(PRELOAD1, 4, 6);
        assertEquals(0xf_ffff, watchdog.read(PRELOAD1, 4));

        unlocked(PRELOAD1, 4, 7);
        watchdog.write(PRELOAD1, 4, 8);
        assertEquals(7, watchdog.read(PRELOAD1, 4));
    }

    @Test
    void theSecondStageActsAndIsRemembered() {
        start(1000, 2000, OTHER_INTERRUPTS, LOCK_ENABLE);

        clock.advance(2999 * TICK_NANOS);
        assertEquals(0, actions);
        clock.advance(2 * TICK_NANOS);
        assertEquals(1, actions);

        watchdog.reset();
        assertEquals(TIMED_OUT, watchdog.read(RELOAD, 2));
        unlocked(RELOAD, 2, TIMED_OUT);
        assertEquals(0, watchdog.read(RELOAD, 2));
    }

    @Test
    void reloadingInTimeBeginsAnew() {
        start(1000, 1000, OTHER_INTERRUPTS, LOCK_ENABLE);
        for (int n = 0; n < 5; n++) {
            clock.advance(1900 * TICK_NANOS);
            unlocked(RELOAD, 2, RELOAD_TIMER);
        }
        assertEquals(0, actions);

        clock.advance(2001 * TICK_NANOS);
        assertEquals(1, actions);
    }

    @Test
    void theFirstStageInterruptsUntilTheGuestSaysThatItKnows() {
        start(10, 1000, 0, LOCK_ENABLE);

        clock.advance(11 * TICK_NANOS);
        assertEquals(1, watchdog.read(INTERRUPT_STATUS, 4));
        assertEquals(true, interrupting());

        watchdog.write(INTERRUPT_STATUS, 4, 1);
        assertEquals(0, watchdog.read(INTERRUPT_STATUS, 4));
        assertEquals(false, interrupting());
    }

    @Test
    void theFastClockIsAThousandTimesFaster() {
        start(500_000, 500_000, OTHER_INTERRUPTS | CONFIG_MEGAHERTZ, LOCK_ENABLE);

        clock.advance(960_000_000);
        assertEquals(0, actions);
        clock.advance(20_000_000);
        assertEquals(1, actions);
    }

    @Test
    void withoutResetItStopsOrGoesRound() {
        start(10, 10, CONFIG_NO_RESET, LOCK_ENABLE | LOCK_FREE_RUNNING);
        clock.advance(100 * TICK_NANOS);
        assertEquals(1, watchdog.save().stage() & 1 | watchdog.save().stage() >> 1);

        watchdog.function().writeConfig(LOCK, 1, 0);
        assertEquals(0, watchdog.save().stage());
        watchdog.function().writeConfig(LOCK, 1, LOCK_ENABLE);
        clock.advance(100 * TICK_NANOS);
        assertEquals(0, watchdog.save().stage());
        assertEquals(0, actions);
    }

    @Test
    void whatIsLockedStaysUntilReset() {
        start(10, 10, 0, LOCK_ENABLE | LOCK_LOCKED);
        watchdog.function().writeConfig(LOCK, 1, 0);
        assertEquals(LOCK_ENABLE | LOCK_LOCKED, watchdog.function().readConfig(LOCK, 1));

        watchdog.reset();
        assertEquals(0, watchdog.function().readConfig(LOCK, 1));
    }

    /// However short the stages, the clock's thread is not kept busy.
    @Test
    void stagesOfNoLengthDoNotSpin() {
        start(0, 0, CONFIG_NO_RESET, LOCK_ENABLE | LOCK_FREE_RUNNING);
        int wakes = 0;
        for (long end = 10_000_000; clock.nextDeadline() < end; wakes++) {
            clock.advanceTo(clock.nextDeadline());
        }
        assertEquals(100, wakes, 2);
    }
}
