// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.SplittableRandom;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

class RtcTest {
    private static final long SECOND = 1_000_000_000L;

    private final ManualClock clock = new ManualClock(
            LocalDateTime.of(2026, 1, 2, 23, 4, 5).toEpochSecond(ZoneOffset.UTC) * SECOND);
    private final ProbeLine irq = new ProbeLine();
    private final Rtc rtc = new Rtc(clock, irq);

    private int get(int register) {
        rtc.writeByte(0, register);
        return rtc.readByte(1);
    }

    private void set(int register, int value) {
        rtc.writeByte(0, register);
        rtc.writeByte(1, value);
    }

    @Test
    void showsTheWallClockInBcdAnd24Hours() {
        assertEquals(0x05, get(0));
        assertEquals(0x04, get(2));
        assertEquals(0x23, get(4));
        assertEquals(6, get(6));    // Friday, Sunday being 1
        assertEquals(0x02, get(7));
        assertEquals(0x01, get(8));
        assertEquals(0x26, get(9));
        assertEquals(0x20, get(Rtc.CENTURY));
    }

    @Test
    void showsBinaryAnd12HoursWhenAsked() {
        set(Rtc.B, RtcCalendar.B_BINARY);

        assertEquals(11 | 0x80, get(4));
        assertEquals(26, get(9));
    }

    @Test
    void countsOn() {
        clock.advance(56 * 60 * SECOND);

        assertEquals(0x03, get(7));
        assertEquals(0x00, get(4));
        assertEquals(0x00, get(2));
        assertEquals(0x05, get(0));
    }

    @Test
    void aTimeSetUnderSetCountsFromWhenSetIsCleared() {
        set(Rtc.B, Rtc.B_SET | RtcCalendar.B_24H);
        set(0, 0x58);
        set(2, 0x59);
        set(4, 0x12);
        clock.advance(10 * SECOND);
        assertEquals(0x58, get(0));
        set(Rtc.B, RtcCalendar.B_24H);

        clock.advance(3 * SECOND);

        assertEquals(0x01, get(0));
        assertEquals(0x00, get(2));
        assertEquals(0x13, get(4));
    }

    @Test
    void aFieldSetWhileTheClockRunsKeepsTheOthers() {
        set(2, 0x30);

        clock.advance(SECOND);

        assertEquals(0x06, get(0));
        assertEquals(0x30, get(2));
        assertEquals(0x23, get(4));
    }

    @Test
    void theDividersFirstUpdateComesHalfASecondAfterItsReset() {
        set(Rtc.A, 0x76);
        clock.advance(5 * SECOND);
        assertEquals(0x05, get(0));
        set(Rtc.A, 0x26);

        clock.advance(SECOND / 2 - 1);
        assertEquals(0x05, get(0));
        clock.advance(1);

        assertEquals(0x06, get(0));
    }

    @Test
    void updateInProgressShowsShortlyBeforeASecondEnds() {
        assertEquals(0x26, get(Rtc.A));
        clock.advance(SECOND - 244_000);
        assertEquals(0x26 | Rtc.A_UIP, get(Rtc.A));

        clock.advance(244_000);

        assertEquals(0x26, get(Rtc.A));
    }

    @Test
    void theUpdateEndedInterruptComesEachSecondUntilItIsRead() {
        set(Rtc.B, RtcCalendar.B_24H | Rtc.B_UIE);

        clock.advance(SECOND);

        assertTrue(irq.high());
        assertEquals(Rtc.C_IRQF | Rtc.C_UF, get(Rtc.C) & ~Rtc.C_PF);
        assertFalse(irq.high());
        clock.advance(SECOND);
        assertTrue(irq.high());
    }

    @Test
    void thePeriodicInterruptComes1024TimesASecond() {
        set(Rtc.B, RtcCalendar.B_24H | Rtc.B_PIE);
        irq.takeEdges();

        for (int i = 0; i < 10_000; i++) {
            clock.advance(SECOND / 10_000);
            if (irq.high()) {
                get(Rtc.C);
            }
        }

        assertEquals(1024, irq.takeEdges());
    }

    @Test
    void rateOneIsAsSlowAsRateEight() {
        set(Rtc.A, 0x21);
        set(Rtc.B, RtcCalendar.B_24H | Rtc.B_PIE);
        get(Rtc.C);

        clock.advance(SECOND / 256 - 1000);
        assertFalse(irq.high());
        clock.advance(2000);

        assertTrue(irq.high());
    }

    @Test
    void theAlarmInterruptsAtItsTime() {
        set(1, 0x00);
        set(3, 0x05);
        set(5, 0x23);
        set(Rtc.B, RtcCalendar.B_24H | Rtc.B_AIE);

        clock.advance(54 * SECOND);
        assertFalse(irq.high());
        clock.advance(SECOND);

        assertTrue(irq.high());
        assertEquals(Rtc.C_IRQF | Rtc.C_AF, get(Rtc.C) & (Rtc.C_IRQF | Rtc.C_AF));
    }

    @Test
    void anAlarmWithDontCareBytesComesEveryHour() {
        set(1, 0x05);
        set(3, 0x04);
        set(5, 0xff);
        set(Rtc.B, RtcCalendar.B_24H | Rtc.B_AIE);
        get(Rtc.C);

        clock.advance(3600 * SECOND - 1);
        assertFalse(irq.high());
        clock.advance(1);

        assertTrue(irq.high());
    }

    @Test
    void theNextAlarmIsTheFirstSecondThatMatches() {
        SplittableRandom random = Seeds.random("RtcTest");
        RtcCalendar calendar = new RtcCalendar();
        for (int i = 0; i < 60; i++) {
            calendar.set(Rtc.B, random.nextInt(4) << 1);
            for (int field = RtcCalendar.SECONDS_ALARM; field <= RtcCalendar.HOURS_ALARM; field += 2) {
                calendar.set(field, random.nextInt(3) == 0 ? 0xff : random.nextInt(0x60));
            }
            long now = random.nextInt(10 * 86_400) * SECOND + random.nextInt(1_000_000_000);

            assertEquals(searched(calendar, now), calendar.nextAlarm(now));
        }
    }

    /// Second by second, for a day.
    private static long searched(RtcCalendar calendar, long now) {
        RtcCalendar shown = new RtcCalendar();
        shown.set(Rtc.B, calendar.get(Rtc.B));
        for (long second = now / SECOND + 1; second <= now / SECOND + 86_400; second++) {
            shown.setTime(second * SECOND);
            boolean matches = true;
            for (int field = RtcCalendar.SECONDS; field <= RtcCalendar.HOURS; field += 2) {
                int alarm = calendar.get(field + 1);
                matches &= alarm >= 0xc0 || alarm == shown.get(field);
            }
            if (matches) {
                return second * SECOND;
            }
        }
        return Long.MAX_VALUE;
    }

    @Test
    void anAlarmThatNeverMatchesNeedsNoTimer() {
        set(1, 0x77);
        set(Rtc.B, RtcCalendar.B_24H | Rtc.B_AIE);

        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void flagsAreSetWithoutBeingEnabled() {
        get(Rtc.C);

        clock.advance(SECOND);

        assertEquals(Rtc.C_PF | Rtc.C_UF, get(Rtc.C));
        assertEquals(0, get(Rtc.C));
    }

    @Test
    void settingSetTakesTheUpdateInterruptAway() {
        set(Rtc.B, Rtc.B_SET | Rtc.B_UIE);

        assertEquals(Rtc.B_SET, get(Rtc.B));
    }

    @Test
    void theIndexPortsTopBitMasksNmis() {
        rtc.writeByte(0, 0x80 | Rtc.D);

        assertTrue(rtc.nmiMasked());
        assertEquals(Rtc.D_VRT, rtc.readByte(1));
    }

    @Test
    void theSecondBankIsMemoryOfItsOwnAndAllPortsHaveAliases() {
        rtc.writeByte(2, 0x10);
        rtc.writeByte(3, 0x5a);
        set(0x10, 0x77);

        assertEquals(0x5a, rtc.readByte(3));
        assertEquals(0x10, rtc.readByte(2));
        assertEquals(0x5a, rtc.readByte(7));
        assertEquals(0x77, rtc.readByte(5));
    }

    @Test
    void memorySizesAreWhereFirmwareLooksForThem() {
        rtc.setMemorySize(512L << 20, 3L << 30);

        assertEquals(640, get(0x15) | get(0x16) << 8);
        assertEquals(0xffff, get(0x17) | get(0x18) << 8);
        assertEquals((512 - 16) * 16, get(0x34) | get(0x35) << 8);
        assertEquals(3 << 14, get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16);
    }

    @Test
    void theBatteryKeepsMemoryAndTimeOverAReset() {
        set(0x40, 0x5a);
        set(2, 0x30);

        rtc.reset();

        assertEquals(0x5a, get(0x40));
        assertEquals(0x30, get(2));
    }

    @Test
    void firmwareMayNotSetClockRegistersAsIfTheyWereMemory() {
        assertThrows(IllegalArgumentException.class, () -> rtc.setCmos(Rtc.B, 0));
    }
}
