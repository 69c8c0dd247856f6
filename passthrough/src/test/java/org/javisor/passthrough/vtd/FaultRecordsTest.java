// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FaultRecordsTest {
    private static final int OVERFLOW = 1, PENDING = 2;

    private final VtdRig rig = new VtdRig();

    FaultRecordsTest() {
        rig.translate();
        rig.write(VtdLayout.FAULT_EVENT + 4, 0x45);
        rig.write(VtdLayout.FAULT_EVENT + 8, 0xfee0_3000);
        rig.write(VtdLayout.FAULT_EVENT + 12, 0x100);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void theFirstFaultInterruptsAndTheOthersUntilItIsServicedDoNot() {
        rig.write(VtdLayout.FAULT_EVENT, 0);

        rig.translated(0x1000, true);
        rig.translated(0x2000, false);

        assertEquals(List.of("103 0045"), rig.delivered);
        assertEquals(PENDING, rig.read(VtdLayout.FAULT_STATUS));
        clear(0);
        assertEquals(PENDING, rig.read(VtdLayout.FAULT_STATUS));
        clear(1);
        assertEquals(0, rig.read(VtdLayout.FAULT_STATUS));
        rig.translated(0x3000, false);
        assertEquals(List.of("103 0045", "103 0045"), rig.delivered);
        assertEquals(PENDING | 2 << 8, rig.read(VtdLayout.FAULT_STATUS));
        assertEquals("1 from 0018 at 3000 read", rig.fault(2));
    }

    @Test
    void aMaskedInterruptWaits() {
        rig.translated(0x1000, true);
        assertEquals(3 << 30, rig.read(VtdLayout.FAULT_EVENT));
        assertEquals(List.of(), rig.delivered);

        rig.write(VtdLayout.FAULT_EVENT, 0);

        assertEquals(List.of("103 0045"), rig.delivered);
        assertEquals(0, rig.read(VtdLayout.FAULT_EVENT));
    }

    @Test
    void whatHasBeenServicedWhileItWaitedIsNotToldAnyMore() {
        rig.translated(0x1000, true);
        clear(0);

        rig.write(VtdLayout.FAULT_EVENT, 0);

        assertEquals(List.of(), rig.delivered);
    }

    @Test
    void moreFaultsThanThereAreRecordsAreLost() {
        for (int n = 0; n <= FaultRecords.RECORDS; n++) {
            rig.translated(n << 12, true);
        }

        assertEquals(OVERFLOW | PENDING, rig.read(VtdLayout.FAULT_STATUS));
        assertEquals("1 from 0018 at 0", rig.fault(0));
        assertEquals("1 from 0018 at 7000", rig.fault(7));
        rig.write(VtdLayout.FAULT_STATUS, OVERFLOW);
        assertEquals(PENDING, rig.read(VtdLayout.FAULT_STATUS));
        clear(0);
        rig.translated(0x9_9000, true);
        assertEquals("1 from 0018 at 99000", rig.fault(0));
    }

    private void clear(int record) {
        rig.write(VtdLayout.FAULT_RECORDS + 16 * record + 12, 1 << 31);
    }
}
