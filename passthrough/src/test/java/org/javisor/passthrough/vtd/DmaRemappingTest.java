// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import static org.javisor.passthrough.vtd.VtdRig.DEVICE;
import static org.javisor.passthrough.vtd.VtdRig.DOMAIN;
import static org.javisor.passthrough.vtd.VtdRig.LARGE;
import static org.javisor.passthrough.vtd.VtdRig.READ;
import static org.javisor.passthrough.vtd.VtdRig.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.DmaTranslation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DmaRemappingTest {
    private static final long BLOCKED = DmaTranslation.BLOCKED;

    private final VtdRig rig = new VtdRig();

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void untilItIsEnabledAddressesStayAsTheyAre() {
        rig.device();
        assertEquals(0x1234_5678L, rig.translated(0x1234_5678L, true));

        rig.translate();

        assertEquals(BLOCKED, rig.translated(0x1234_5678L, true));
        rig.write(VtdLayout.GLOBAL_COMMAND, 0);
        assertEquals(0x1234_5678L, rig.translated(0x1234_5678L, true));
    }

    @Test
    void pagesOfAllSizesAreFound() {
        long table = rig.device();
        rig.map(table, 4, 0xffff_f000_0000L, 1, 0x12_3000 | READ | WRITE);
        rig.map(table, 4, 0x40_0000L, 2, 0x20_0000 | READ | WRITE | LARGE);
        rig.map(table, 4, 0x1_4000_0000L, 3, 0x4000_0000L | READ | WRITE | LARGE);
        rig.translate();

        assertEquals(0x12_3456, rig.translated(0xffff_f000_0456L, true));
        assertEquals(0x31_2345, rig.translated(0x51_2345L, false));
        assertEquals(0x5234_5678L, rig.translated(0x1_5234_5678L, true));
        assertEquals("", rig.fault(0));
    }

    @Test
    void threeLevelsTranslateThirtyNineBits() {
        long table = rig.table();
        rig.context(DEVICE, 0, table, 3, DOMAIN);
        rig.map(table, 3, 0x7f_ffff_f000L, 1, 0x9000 | READ | WRITE);
        rig.translate();

        assertEquals(0x9abc, rig.translated(0x7f_ffff_fabcL, true));
        assertEquals(BLOCKED, rig.translated(0x80_0000_0000L, true));
        assertEquals("4 from 0018 at 8000000000", rig.fault(0));
    }

    @Test
    void eachLevelMustAllowTheAccess() {
        long table = rig.device();
        rig.map(table, 4, 0x1000, 1, 0x9000 | READ);
        rig.map(table, 4, 0x2000, 1, 0xa000 | WRITE);
        rig.map(table, 4, 1L << 39, 1, 0xb000 | READ | WRITE);
        long top = VtdRig.place(table, 1L << 39, 4);
        rig.memory.storeLong(top, rig.memory.loadLong(top) & ~WRITE);
        rig.translate();

        assertEquals(0x9000, rig.translated(0x1000, false));
        assertEquals(BLOCKED, rig.translated(0x1000, true));
        assertEquals(BLOCKED, rig.translated(0x2fff, false));
        assertEquals(0xb000, rig.translated(1L << 39, false));
        assertEquals(BLOCKED, rig.translated(1L << 39, true));
        assertEquals("5 from 0018 at 1000", rig.fault(0));
        assertEquals("6 from 0018 at 2000 read", rig.fault(1));
        assertEquals("5 from 0018 at 8000000000", rig.fault(2));
    }

    @Test
    void whatIsWrongInTablesIsTold() {
        rig.translate();
        rig.translated(0x1000, true);
        rig.memory.storeLong(VtdRig.ROOT, VtdRig.CONTEXTS | 1);
        rig.translated(0x1000, true);
        rig.context(DEVICE, 0, 0x3f_0000_0000L, 4, DOMAIN);
        rig.translated(0x1000, true);
        rig.writeLong(VtdLayout.CONTEXT_COMMAND, 1L << 63 | 1L << 61);
        rig.context(DEVICE, 0, rig.table(), 5, DOMAIN);
        rig.translated(0x1000, true);
        rig.context(DEVICE, 0, rig.table() | 0x800, 4, DOMAIN);
        rig.translated(0x1000, true);
        long table = rig.device();
        rig.map(table, 4, 0x1000, 2, 0x1000 | READ | WRITE | LARGE);
        rig.translated(0x1000, true);
        rig.memory.storeLong(VtdRig.ROOT, 0x3f_0000_0001L);
        rig.writeLong(VtdLayout.CONTEXT_COMMAND, 1L << 63 | 1L << 61);
        rig.translated(0x1000, true);
        rig.memory.storeLong(VtdRig.ROOT, VtdRig.CONTEXTS | 3);
        rig.translated(0x1000, true);

        String[] reasons = {"1", "2", "7", "3", "b", "c", "9", "a"};
        for (int n = 0; n < reasons.length; n++) {
            assertEquals(reasons[n] + " from 0018 at 1000", rig.fault(n));
        }
    }

    @Test
    void aTableOfAnotherKindIsNone() {
        rig.device();
        rig.writeLong(VtdLayout.ROOT_TABLE, VtdRig.ROOT | 1 << 10);
        rig.command(VtdLayout.SET_ROOT_TABLE);
        rig.command(VtdLayout.TRANSLATION);

        assertEquals(BLOCKED, rig.translated(0, false));
        assertEquals("8 from 0018 at 0 read", rig.fault(0));
    }

    @Test
    void aDeviceThatIsPassedThroughUsesPhysicalAddresses() {
        rig.context(DEVICE, 2, 0, 4, DOMAIN);
        rig.translate();

        assertEquals(0x77_7777, rig.translated(0x77_7777, true));
        assertEquals(BLOCKED, rig.of(DEVICE + 1).translate(0x77_7777, true));
        assertEquals("2 from 0019 at 777000", rig.fault(0));
    }

    @Test
    void faultsOfASilentContextAreNotRecorded() {
        rig.context(DEVICE, 0, rig.table(), 4, DOMAIN);
        rig.memory.storeLong(VtdRig.CONTEXTS + 16 * DEVICE, rig.memory.loadLong(VtdRig.CONTEXTS + 16 * DEVICE) | 2);
        rig.translate();

        assertEquals(BLOCKED, rig.translated(0x1000, true));
        assertEquals("", rig.fault(0));
    }

    @Test
    void whatIsKnownStaysUntilItIsInvalidated() {
        long table = rig.device();
        rig.map(table, 4, 0x1000, 1, 0x9000 | READ | WRITE);
        rig.map(table, 4, 0x40_0000L, 2, 0x20_0000 | READ | WRITE | LARGE);
        rig.translate();
        rig.queue();
        assertEquals(0x9000, rig.translated(0x1000, true));
        assertEquals(0x21_0000, rig.translated(0x41_0000, true));

        rig.map(table, 4, 0x1000, 1, 0xa000 | READ | WRITE);
        assertEquals(0x9000, rig.translated(0x1000, true), "it need not look at the table again");
        invalidatePages(DOMAIN, 0x2000, 0);
        invalidatePages(DOMAIN + 1, 0x1000, 0);
        assertEquals(0x9000, rig.translated(0x1000, true), "another page, another domain");
        invalidatePages(DOMAIN, 0x1000, 0);
        assertEquals(0xa000, rig.translated(0x1000, true));

        rig.map(table, 4, 0x1000, 1, 0);
        invalidatePages(DOMAIN, 0, 2);
        assertEquals(BLOCKED, rig.translated(0x1000, true));

        rig.map(table, 4, 0x40_0000L, 2, 0);
        invalidatePages(DOMAIN, 0x5f_f000, 0);
        assertEquals(BLOCKED, rig.translated(0x41_0000, true), "a large page goes as a whole");
    }

    @Test
    void domainsAndDevicesAreInvalidatedAlone() {
        long one = rig.device();
        long two = rig.table();
        rig.context(DEVICE + 8, 0, two, 4, DOMAIN + 1);
        rig.map(one, 4, 0, 1, 0x9000 | READ);
        rig.map(two, 4, 0, 1, 0xa000 | READ);
        rig.translate();
        rig.queue();
        rig.translated(0, false);
        rig.of(DEVICE + 8).translate(0, false);
        rig.map(one, 4, 0, 1, 0xb000 | READ);
        rig.map(two, 4, 0, 1, 0xc000 | READ);

        rig.submit(0x2 | 2 << 4 | (DOMAIN + 1L) << 16, 0);
        assertEquals(0x9000, rig.translated(0, false));
        assertEquals(0xc000, rig.of(DEVICE + 8).translate(0, false));

        rig.memory.storeLong(VtdRig.CONTEXTS + 16 * DEVICE, 0);
        rig.submit(0x1 | 3 << 4 | (DEVICE + 8L) << 32, 0);
        assertEquals(0x9000, rig.translated(0, false));
        rig.submit(0x1 | 3 << 4 | (long) DEVICE << 32, 0);
        assertEquals(BLOCKED, rig.translated(0, false));
    }

    @Test
    void registersInvalidateToo() {
        long table = rig.device();
        rig.map(table, 4, 0x1000, 1, 0x9000 | READ);
        rig.translate();
        rig.translated(0x1000, false);
        rig.map(table, 4, 0x1000, 1, 0xa000 | READ);

        rig.writeLong(VtdLayout.INVALIDATE_ADDRESS, 0x1000);
        rig.writeLong(VtdLayout.IOTLB_INVALIDATE, 1L << 63 | 3L << 60 | (DOMAIN + 1L) << 32);
        assertEquals(0x9000, rig.translated(0x1000, false));
        rig.writeLong(VtdLayout.IOTLB_INVALIDATE, 1L << 63 | 3L << 60 | (long) DOMAIN << 32);

        assertEquals(0xa000, rig.translated(0x1000, false));
        assertEquals(3L << 60 | 3L << 57 | (long) DOMAIN << 32, rig.readLong(VtdLayout.IOTLB_INVALIDATE));
        rig.writeLong(VtdLayout.CONTEXT_COMMAND, 1L << 63 | 2L << 61 | DOMAIN);
        assertEquals(2L << 61 | 2L << 59 | DOMAIN, rig.readLong(VtdLayout.CONTEXT_COMMAND));
    }

    private void invalidatePages(int domain, long iova, int mask) {
        rig.submit(0x2 | 3 << 4 | (long) domain << 16, iova | mask);
    }
}
