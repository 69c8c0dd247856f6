// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.InterruptLine;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;
import org.junit.jupiter.api.Test;

class AcpiPmTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int HZ = 3_579_545;

    private final ManualClock clock = new ManualClock();
    private final ProbeLine sci = new ProbeLine();
    private final List<Integer> sleeps = new ArrayList<>();
    private final AcpiPm pm = new AcpiPm(clock, sci, 24, sleeps::add);

    private void enableAcpi() {
        pm.smiCommand().writeByte(0, AcpiPm.ACPI_ENABLE);
    }

    @Test
    void theTimerCountsAtItsRateAndWrapsAt24Bits() {
        clock.advance(SECOND);
        assertEquals(HZ, pm.read(AcpiPm.PM_TMR, 4));

        clock.advance(9 * SECOND);

        assertEquals(10L * HZ & 0xff_ffff, pm.read(AcpiPm.PM_TMR, 4));
    }

    @Test
    void aWideTimerHas32Bits() {
        AcpiPm wide = new AcpiPm(clock, InterruptLine.UNCONNECTED, 32, sleeps::add);

        clock.advance(10 * SECOND);

        assertEquals(10L * HZ, wide.read(AcpiPm.PM_TMR, 4));
    }

    @Test
    void theTimerStaysExactForYears() {
        clock.advance(100L * 365 * 24 * 3600 * SECOND / 10);

        long seconds = 100L * 365 * 24 * 3600 / 10;
        assertEquals(seconds * HZ & 0xff_ffff, pm.read(AcpiPm.PM_TMR, 4));
    }

    @Test
    void anEnabledEventEndsASleepOnce() {
        List<String> woken = new ArrayList<>();
        pm.write(AcpiPm.PM1_EN, 2, AcpiPm.RTC_STS);
        pm.sleep(() -> woken.add("up"));
        assertEquals(List.of(), woken);

        pm.rtcInput().set(true);
        pm.rtcInput().set(true);

        assertEquals(List.of("up"), woken);
        pm.awaken();
        assertEquals(AcpiPm.WAK_STS | AcpiPm.RTC_STS, pm.read(AcpiPm.PM1_STS, 2));
        assertEquals(0, pm.read(AcpiPm.PM1_EN, 2));
    }

    @Test
    void anEventThatIsNotEnabledLetsSleepButThePowerButtonDoesNot() {
        List<String> woken = new ArrayList<>();
        pm.sleep(() -> woken.add("up"));

        pm.rtcInput().set(true);
        assertEquals(List.of(), woken);
        pm.pressPowerButton();
        assertEquals(List.of("up"), woken);
    }

    @Test
    void anEventThatWaitsAlreadyEndsASleepAtOnce() {
        List<String> woken = new ArrayList<>();
        pm.write(AcpiPm.PM1_EN, 2, AcpiPm.RTC_STS);
        pm.rtcInput().set(true);

        pm.sleep(() -> woken.add("up"));

        assertEquals(List.of("up"), woken);
    }

    @Test
    void theSmiCommandTurnsAcpiOnAndOff() {
        enableAcpi();
        assertEquals(AcpiPm.SCI_EN, pm.read(AcpiPm.PM1_CNT, 2));

        pm.smiCommand().writeByte(0, AcpiPm.ACPI_DISABLE);

        assertEquals(0, pm.read(AcpiPm.PM1_CNT, 2));
    }

    @Test
    void thePowerButtonRaisesTheSciUntilItsStatusIsCleared() {
        enableAcpi();
        pm.write(AcpiPm.PM1_EN, 2, AcpiPm.PWRBTN_STS);

        pm.pressPowerButton();
        assertTrue(sci.high());
        pm.write(AcpiPm.PM1_STS, 2, AcpiPm.PWRBTN_STS);

        assertFalse(sci.high());
    }

    @Test
    void withoutAcpiNoSciComes() {
        pm.write(AcpiPm.PM1_EN, 2, AcpiPm.PWRBTN_STS);

        pm.pressPowerButton();

        assertFalse(sci.high());
        assertEquals(AcpiPm.PWRBTN_STS, pm.read(AcpiPm.PM1_STS, 2));
    }

    @Test
    void generalPurposeEventsRaiseTheSciWhenEnabled() {
        enableAcpi();
        pm.raiseGpe(17);
        assertFalse(sci.high());

        pm.write(AcpiPm.GPE0_EN + 2, 1, 2);

        assertTrue(sci.high());
        pm.write(AcpiPm.GPE0_STS, 4, 1 << 17);
        assertFalse(sci.high());
    }

    @Test
    void theRealTimeClocksInterruptIsAWakeUpEvent() {
        enableAcpi();
        pm.write(AcpiPm.PM1_EN, 2, AcpiPm.RTC_STS);

        pm.rtcInput().set(true);

        assertTrue(sci.high());
        pm.rtcInput().set(false);
        assertEquals(AcpiPm.RTC_STS, pm.read(AcpiPm.PM1_STS, 2));
    }

    @Test
    void theTimersTopBitInterruptsEachTimeItChanges() {
        enableAcpi();
        pm.write(AcpiPm.PM1_EN, 2, AcpiPm.TMR_STS);
        long half = (1L << 23) * SECOND / HZ;

        clock.advance(half - 1000);
        assertFalse(sci.high());
        clock.advance(2000);
        assertTrue(sci.high());
        pm.write(AcpiPm.PM1_STS, 2, AcpiPm.TMR_STS);
        assertFalse(sci.high());
        clock.advance(half);

        assertTrue(sci.high());
    }

    @Test
    void settingSleepEnableSleepsInTheStateOfThatWrite() {
        pm.write(AcpiPm.PM1_CNT, 2, 5 << 10);
        assertEquals(List.of(), sleeps);

        pm.write(AcpiPm.PM1_CNT, 2, 5 << 10 | AcpiPm.SLP_EN);

        assertEquals(List.of(5), sleeps);
        assertEquals(5 << 10, pm.read(AcpiPm.PM1_CNT, 2));
    }

    @Test
    void aStateWithImpossibleBitsIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new AcpiPm.State(0x10000, 0, 0, 0, 0, 0, 0));
    }
}
