// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.javisor.devices.virtio.VirtioEntropy;
import org.javisor.devices.virtio.VirtioPci;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.DmaTranslation;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Iommu;
import org.javisor.memory.MsiSink;
import org.junit.jupiter.api.Test;

class PciIommuTest {
    private static final int ANYWHERE = 0x1000;

    /// Adds to each address the requester's number, a megabyte each.
    private final class Requesters implements Iommu {
        @Override
        public DmaTranslation translation(IntSupplier requester) {
            return new DmaTranslation() {
                @Override
                public long translate(long address, boolean write) {
                    return ((long) requester.getAsInt() << 20) + address;
                }

                @Override
                public int begin() {
                    return 0;
                }

                @Override
                public void end(int request) { }
            };
        }

        @Override
        public MsiSink messages(IntSupplier requester) {
            return (_, data) -> sent.add(requester.getAsInt() + ":" + data);
        }
    }

    private final List<String> sent = new ArrayList<>();
    private final PciFixture pci = new PciFixture();
    private final GuestMemory memory = new GuestMemory();

    private static int requester(DmaSpace space) {
        return (int) (space.gpa(ANYWHERE, false) - ANYWHERE >>> 20);
    }

    @Test
    void aFunctionIsKnownByItsPlaceAndThoseBehindConventionalPciByTheBridge() {
        pci.bus.translateBy(new Requesters());
        PciFunction function = PciFixture.function();
        PciFunction behind = PciFixture.function();
        PciFunction farBehind = PciFixture.function();
        PciFunction card = PciFixture.function();
        List<DmaSpace> spaces = List.of(function.dma(memory), behind.dma(memory), farBehind.dma(memory),
                card.dma(memory));
        PciBridge bridge = PciBridge.conventional();
        PciBridge inner = PciBridge.conventional();
        PcieRootPort port = new PcieRootPort(1);
        pci.bus.add(5, 1, function);
        // What is behind a bridge before that has its place learns of the IOMMU with it.
        inner.bus().add(7, 0, farBehind);
        bridge.bus().add(2, 0, behind);
        bridge.bus().add(3, 0, inner.function());
        pci.bus.add(4, 0, bridge.function());
        pci.bus.add(6, 0, port.function());
        port.install(card);
        pci.writeEcam(4 << 3, PciBridge.SECONDARY, 2, 0x0403);
        pci.writeEcam(6 << 3, PciBridge.SECONDARY, 2, 0x0909);

        assertEquals(List.of(5 << 3 | 1, 4 << 3, 4 << 3, 9 << 8),
                spaces.stream().map(PciIommuTest::requester).toList());
        pci.writeEcam(6 << 3, PciBridge.SECONDARY, 2, 0x0a0a);
        assertEquals(10 << 8, requester(spaces.get(3)), "the guest has given the bus another number");
    }

    @Test
    void withoutAnIommuNothingIsTranslated() {
        PciFunction function = PciFixture.function();
        DmaSpace space = function.dma(memory);
        pci.bus.add(5, 0, function);

        assertFalse(space.translated());
        assertEquals(ANYWHERE, space.gpa(ANYWHERE, true));
    }

    @Test
    void messagesCarryTheNameOfWhoSendsThem() {
        pci.bus.translateBy(new Requesters());
        PciFunction function = PciFixture.function();
        Msi msi = new Msi(function, 1);
        pci.bus.add(5, 0, function);
        function.writeConfig(4, 2, 4);
        function.writeConfig(0x44, 4, 0xfee0_0000);
        function.writeConfig(0x4c, 2, 0x41);
        function.writeConfig(0x42, 2, 1);

        msi.trigger(0);

        assertEquals(List.of((5 << 3) + ":65"), sent);
        assertEquals(List.of(), pci.messages);
    }

    @Test
    void virtioDevicesOfferWhatDriversMustKnowOf() {
        assertEquals(0, offeredAbove32(new PciFixture()) & 2);
        pci.bus.translateBy(new Requesters());
        long offered = offeredAbove32(pci);

        assertTrue((offered & 2) != 0, Long.toHexString(offered));
    }

    private long offeredAbove32(PciFixture host) {
        VirtioPci<?> device = new VirtioPci<>(new VirtioEntropy(_ -> { }), memory, Runnable::run);
        host.bus.add(5, 0, device.function());
        device.write(0, 4, 1);
        return device.read(4, 4);
    }
}
