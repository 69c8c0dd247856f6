// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import static org.javisor.passthrough.vtd.VtdRig.DEVICE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.javisor.memory.InterruptLine;
import org.javisor.vmm.irq.IoApic;
import org.javisor.vmm.irq.MessageRemapping.Remapped;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InterruptRemappingTest {
    private static final long ADDRESS = 0xfee0_0010L, SUBINDEX = 8;
    private static final long VERIFY = 1L << 18 | DEVICE;
    private static final int EXTENDED = 1 << 11;

    private final VtdRig rig = new VtdRig();

    @AfterEach
    void close() {
        rig.close();
    }

    /// A table of 256 entries.
    private void remap(int mode) {
        rig.writeLong(VtdLayout.INTERRUPT_TABLE, VtdRig.INTERRUPTS | mode | 7);
        rig.command(VtdLayout.SET_INTERRUPT_TABLE);
        rig.command(VtdLayout.INTERRUPT_REMAPPING);
    }

    private void entry(int index, long low, long high) {
        rig.memory.storeLong(VtdRig.INTERRUPTS + 16 * index, low);
        rig.memory.storeLong(VtdRig.INTERRUPTS + 16 * index + 8, high);
    }

    private static long message(int index) {
        return ADDRESS | (index & 0x7fff) << 5 | index >>> 15 << 2;
    }

    @Test
    void untilItIsEnabledMessagesNameTheirDestinations() {
        rig.messages().send(0xfee0_3000L, 0x41);

        assertEquals(List.of("3 0041"), rig.delivered);
    }

    @Test
    void entriesSayWhereMessagesGo() {
        remap(EXTENDED);
        entry(5, 0x1234L << 32 | 0x41 << 16 | 1, VERIFY);
        entry(6, 3L << 32 | 0x42 << 16 | 1 << 5 | 0x1d, VERIFY);

        rig.messages().send(message(5), 0);
        rig.messages().send(message(6), 0);
        rig.messages().send(message(2) | SUBINDEX, 3);

        assertEquals(List.of("1234 4041", "3 c942 one", "1234 4041"), rig.delivered);
        assertEquals("", rig.fault(0));
    }

    @Test
    void narrowDestinationsAreInTheMiddle() {
        remap(0);
        entry(0, 0x300L << 32 | 0x41 << 16 | 1, 0);
        entry(1, 0xff00L << 32 | 0x42 << 16 | 1, 0);
        entry(2, 0x3L << 32 | 0x43 << 16 | 1, 0);

        rig.messages().send(message(0), 0);
        rig.messages().send(message(1), 0);
        rig.messages().send(message(2), 0);

        assertEquals(List.of("3 4041", "ffffffff 4042"), rig.delivered);
        assertEquals("24 from 0018 at 2000000000000", rig.fault(0));
    }

    @Test
    void onlyTheRightSourceGetsThrough() {
        remap(EXTENDED);
        entry(0, 0x41 << 16 | 1, VERIFY);
        entry(1, 0x42 << 16 | 1, VERIFY + 1);
        entry(2, 0x43 << 16 | 1, VERIFY + 5 | 3 << 16);
        entry(3, 0x44 << 16 | 1, VERIFY + 4 | 1 << 16);
        entry(4, 0x45 << 16 | 1, 2 << 18 | 0x0002);
        entry(5, 0x46 << 16 | 1, 2 << 18 | 0x0102);
        entry(6, 0x47 << 16 | 3, VERIFY + 1);

        for (int index = 0; index <= 6; index++) {
            rig.messages().send(message(index), 0);
        }

        assertEquals(List.of("0 4041", "0 4043", "0 4044", "0 4045"), rig.delivered);
        assertEquals("26 from 0018 at 1000000000000", rig.fault(0));
        assertEquals("26 from 0018 at 5000000000000", rig.fault(1));
        assertEquals("", rig.fault(2), "an entry may keep it silent");
    }

    @Test
    void whatIsWrongIsTold() {
        remap(EXTENDED);
        entry(1, 0, 0);
        entry(2, 1 << 15 | 1, 0);

        rig.messages().send(message(1) | SUBINDEX, 0x1_0000);
        rig.messages().send(message(256), 0);
        rig.messages().send(message(1), 0);
        rig.messages().send(message(2), 0);
        rig.messages().send(0xfee0_0000L, 0x41);
        rig.writeLong(VtdLayout.INTERRUPT_TABLE, 0x3f_0000_0000L | 7);
        rig.command(VtdLayout.SET_INTERRUPT_TABLE);
        rig.messages().send(message(1), 0);

        assertEquals(List.of(), rig.delivered);
        String[] faults = {"20 from 0018 at 1000000000000", "21 from 0018 at 100000000000000",
            "22 from 0018 at 1000000000000", "24 from 0018 at 2000000000000", "25 from 0018 at 0",
            "23 from 0018 at 1000000000000"};
        for (int n = 0; n < faults.length; n++) {
            assertEquals(faults[n], rig.fault(n));
        }
    }

    @Test
    void messagesInTheOldFormatPassIfThatIsAllowedAndDestinationsAreNarrow() {
        remap(0);
        rig.command(VtdLayout.COMPATIBILITY_FORMAT);
        rig.messages().send(0xfee0_3000L, 0x41);
        remap(EXTENDED);
        rig.messages().send(0xfee0_4000L, 0x42);

        assertEquals(List.of("3 0041"), rig.delivered);
        assertEquals("25 from 0018 at 0", rig.fault(0));
    }

    @Test
    void thePinsOfTheIoApicAreRemappedAndLevelsEnd() {
        remap(EXTENDED);
        entry(9, 2L << 32 | 0x51 << 16 | 1 << 4 | 1, 0);
        redirect(17, 9L << 49 | 1L << 48 | 1 << 15 | 0x51);

        InterruptLine wire = rig.chips.gsi(17);
        wire.set(true);
        assertEquals(List.of("2 c051"), rig.delivered);
        rig.chips.endOfInterrupt(0x51);
        assertEquals(List.of("2 c051", "2 c051"), rig.delivered, "still asserted");
        wire.set(false);
        rig.chips.endOfInterrupt(0x51);

        assertEquals(2, rig.delivered.size());
    }

    @Test
    void whatAMessageMeansCanBeAskedWithoutATrace() {
        remap(EXTENDED);
        entry(9, 2L << 32 | 0x51 << 16 | 1, 0);

        assertEquals(new Remapped(2, 0x4051, false), rig.unit.remapping(VtdUnit.IO_APIC_SOURCE).resolve(message(9), 0));
        assertNull(rig.unit.remapping(VtdUnit.IO_APIC_SOURCE).resolve(message(10), 0));
        assertNull(rig.unit.remapping(VtdUnit.IO_APIC_SOURCE).resolve(0xfee0_0000L, 0x41));
        assertEquals("", rig.fault(0));
    }

    @Test
    void theHpetIsVerifiedAndTheIoApicIsNot() {
        remap(EXTENDED);
        int ioApic = VtdUnit.IO_APIC_SOURCE;
        int hpet = VtdUnit.HPET_SOURCE;
        entry(9, 2L << 32 | 0x51 << 16 | 1, 1 << 18 | ioApic);
        entry(10, 2L << 32 | 0x52 << 16 | 1, 1 << 18 | hpet);
        redirect(17, 9L << 49 | 1L << 48 | 0x51);
        redirect(18, 10L << 49 | 1L << 48 | 0x52);

        rig.chips.gsi(17).pulse();
        rig.chips.gsi(18).pulse();
        rig.chips.msi().send(message(9), 0);
        rig.chips.msi().send(message(10), 0);

        assertEquals(List.of("2 4051", "2 4052", "2 4052"), rig.delivered);
        assertEquals(String.format("26 from %04x at 9000000000000", hpet), rig.fault(0));
    }

    private void redirect(int pin, long entry) {
        for (int half = 1; half >= 0; half--) {
            rig.mmio.write(IoApic.DEFAULT_PAGE, 4, 0x10 + 2 * pin + half);
            rig.mmio.write(IoApic.DEFAULT_PAGE + 0x10, 4, entry >>> 32 * half & 0xffff_ffffL);
        }
    }
}
