// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.InterruptLine;
import org.javisor.testkit.ManualClock;
import org.junit.jupiter.api.Test;

/// SMIs by the command port, as the boards' power-management blocks let them pass.
class SmiControlTest {
    private static final int SMI_EN = 0x30, SMI_STS = 0x34, APMC = 0x20, GLOBAL = 1, GLBCTL = 0x28, GLBSTS = 0x18;

    private final List<Boolean> smis = new ArrayList<>();
    private boolean broadcast;
    private final SmiControl ich9 = SmiControl.ich9(smis::add, () -> broadcast);
    private final AcpiPm pm = new AcpiPm(new ManualClock(), InterruptLine.UNCONNECTED, 24, _ -> { }, ich9);

    private void command(AcpiPm block, int value) {
        block.smiCommand().write(0, 1, value);
    }

    @Test
    void aCommandInterruptsWhenBothBitsAreSet() {
        command(pm, 5);
        pm.write(SMI_EN, 4, APMC);
        command(pm, 5);
        assertEquals(List.of(), smis);

        pm.write(SMI_EN, 4, APMC | GLOBAL);
        command(pm, 5);
        pm.smiCommand().write(1, 1, 7);
        broadcast = true;
        command(pm, 6);

        assertEquals(List.of(false, true), smis);
        assertEquals(6 | 7 << 8, pm.smiCommand().read(0, 1) | pm.smiCommand().read(1, 1) << 8);
    }

    @Test
    void theStatusIsClearedByWritingOne() {
        pm.write(SMI_EN, 4, APMC | GLOBAL);
        command(pm, 5);
        assertEquals(APMC, pm.read(SMI_STS, 4));
        pm.write(SMI_STS, 4, 0);
        assertEquals(APMC, pm.read(SMI_STS, 4));
        pm.write(SMI_STS, 4, APMC);
        assertEquals(0, pm.read(SMI_STS, 4));
    }

    @Test
    void theCommandsOfAcpiAreTheChipsetsOwn() {
        pm.write(SMI_EN, 4, APMC | GLOBAL);
        command(pm, AcpiPm.ACPI_ENABLE);
        assertEquals(AcpiPm.SCI_EN, pm.read(AcpiPm.PM1_CNT, 2));
        command(pm, AcpiPm.ACPI_DISABLE);
        assertEquals(0, pm.read(AcpiPm.PM1_CNT, 2));
        assertEquals(List.of(), smis);
    }

    @Test
    void aLockKeepsTheGlobalBitUntilReset() {
        pm.write(SMI_EN, 4, APMC | GLOBAL);
        ich9.lock(true);
        pm.write(SMI_EN, 4, APMC);
        assertEquals(APMC | GLOBAL, pm.read(SMI_EN, 4));
        ich9.reset();
        assertEquals(0, pm.read(SMI_EN, 4));
    }

    @Test
    void aPiix4HasItsRegistersElsewhere() {
        SmiControl control = SmiControl.piix4(smis::add);
        AcpiPm block = AcpiPm.piix4(new ManualClock(), InterruptLine.UNCONNECTED, _ -> { }, control);
        block.write(GLBCTL, 4, GLOBAL);
        command(block, 5);
        assertEquals(List.of(), smis);

        control.command(true);
        command(block, 5);

        assertEquals(List.of(false), smis);
        assertEquals(APMC, block.read(GLBSTS, 4));
    }

    @Test
    void whatWasSavedIsLoaded() {
        pm.write(SMI_EN, 4, APMC | GLOBAL | 8);
        ich9.lock(true);
        command(pm, 5);
        SmiControl other = SmiControl.ich9(smis::add, () -> false);
        other.load(ich9.save());

        assertEquals(ich9.save(), other.save());
        assertThrows(IllegalArgumentException.class, () -> new SmiControl.State(-1, 0, false, false));
        assertThrows(IllegalArgumentException.class, () -> new SmiControl.State(0, 1, false, false));
    }

    @Test
    void withoutTheModeSmisSeemToBeOnAndAreNone() {
        AcpiPm without = new AcpiPm(new ManualClock(), InterruptLine.UNCONNECTED, 24, _ -> { });
        assertEquals(APMC | GLOBAL, without.read(SMI_EN, 4));
        command(without, 5);
        assertEquals(List.of(), smis);
    }
}
