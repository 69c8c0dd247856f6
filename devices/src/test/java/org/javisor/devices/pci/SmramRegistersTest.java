// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.IoBus;
import org.junit.jupiter.api.Test;

/// Where host bridges put the memory of system management mode, and how that is locked.
class SmramRegistersTest {
    private static final int D_OPEN = 0x40, D_LCK = 0x10, G_SMRAME = 8, T_EN = 1, H_SMRAME = 0x80;
    private static final long MIB = 1 << 20;

    private String placed = "";
    private long segment = -1;
    private final Smram memory = new Smram() {
        @Override
        public void place(boolean open, Window window) {
            placed = (open ? "open " : "closed ") + window;
        }

        @Override
        public void segment(long bytes) {
            segment = bytes;
        }
    };
    private final IoBus mmio = new IoBus("MMIO address", (1L << 46) - 1);
    private final PciFunction q35 = new Q35HostBridge(bus(), mmio, (_, _, _) -> { }, memory).function();

    private PciBus bus() {
        return new PciBus(new IoBus("port", 0xffff), mmio, (1L << 46) - 1, new PirqRouter(_ -> _ -> { }),
                (_, _) -> { });
    }

    private int smram() {
        return q35.readConfig(Q35HostBridge.SMRAM, 1);
    }

    private void smram(int value) {
        q35.writeConfig(Q35HostBridge.SMRAM, 1, value);
    }

    private void extended(int value) {
        q35.writeConfig(Q35HostBridge.ESMRAMC, 1, value);
    }

    @Test
    void smramIsOpenedToWriteCodeAndThenClosed() {
        assertEquals(2, smram());
        smram(D_OPEN | G_SMRAME);
        assertEquals("open LOW", placed);
        smram(G_SMRAME);
        assertEquals("closed LOW", placed);
        assertEquals(G_SMRAME | 2, smram());
        smram(0);
        assertEquals("closed NOWHERE", placed);
    }

    @Test
    void theSegmentHasTheSizeThatIsChosen() {
        smram(G_SMRAME);
        long[] sizes = {MIB, 2 * MIB, 8 * MIB, 16 * MIB};
        for (int size = 0; size < 4; size++) {
            extended(T_EN | size << 1);
            assertEquals(sizes[size], segment);
        }
        smram(0);
        assertEquals(0, segment);
        smram(G_SMRAME);
        assertEquals(16 * MIB, segment);
        extended(0);
        assertEquals(0, segment);
        extended(H_SMRAME);
        assertEquals("closed HIGH", placed);
    }

    @Test
    void firmwareLearnsHowLargeTheSegmentCanBe() {
        q35.writeConfig(Q35HostBridge.EXT_TSEG_MBYTES, 2, 0xffff);
        assertEquals(16, q35.readConfig(Q35HostBridge.EXT_TSEG_MBYTES, 2));
    }

    @Test
    void theLockClosesAndKeepsEverythingUntilReset() {
        smram(D_OPEN | G_SMRAME);
        extended(T_EN | 2);
        smram(D_OPEN | D_LCK | G_SMRAME);
        assertEquals("closed LOW", placed);
        assertEquals(D_LCK | G_SMRAME | 2, smram());

        smram(D_OPEN);
        extended(0);
        assertEquals(D_LCK | G_SMRAME | 2, smram());
        assertEquals(T_EN | 2 | 0x38, q35.readConfig(Q35HostBridge.ESMRAMC, 1));
        assertEquals(2 * MIB, segment);

        q35.reset();
        assertEquals("closed NOWHERE", placed);
        assertEquals(0, segment);
        smram(D_OPEN);
        assertEquals("open NOWHERE", placed);
    }

    @Test
    void aLockedStateIsLoadedIntoALockedBridge() {
        smram(G_SMRAME);
        extended(T_EN);
        smram(D_LCK | G_SMRAME);
        PciFunction.State saved = q35.save();
        q35.reset();
        q35.load(saved);
        assertEquals("closed LOW", placed);
        assertEquals(MIB, segment);
        smram(D_OPEN);
        assertEquals(D_LCK | G_SMRAME | 2, smram());
        q35.load(saved);
        assertEquals(D_LCK | G_SMRAME | 2, smram());
    }

    @Test
    void anI440fxHasNoSegment() {
        PciFunction pc = new I440fxHostBridge(bus(), (_, _, _) -> { }, memory).function();
        segment = -1;
        pc.writeConfig(I440fxHostBridge.SMRAM, 1, 0x4a);
        assertEquals("open LOW", placed);
        assertEquals(0, segment);
        pc.writeConfig(I440fxHostBridge.SMRAM, 1, 0x1a);
        pc.writeConfig(I440fxHostBridge.SMRAM, 1, 0x4a);
        assertEquals("closed LOW", placed);
    }
}
