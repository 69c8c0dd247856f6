// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.devices.net.FakeNetwork;
import org.javisor.devices.net.Packets;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.PirqWiring;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;

/// A card on a bus, with memory and the driver's rings in it. Frames are sent in place, within the write of the tail.
final class CardFixture implements AutoCloseable {
    static final int EOP = 1, INSERT_FCS = 2, INSERT_CHECKSUM = 4, REPORT = 8, EXTENDED = 0x20, TAG = 0x40, SEGMENT = 4;
    static final int RING = 8;
    static final long SEND_RING = 0x1000, RECEIVE_RING = 0x2000, SEND_BUFFERS = 0x1_0000, RECEIVE_BUFFERS = 0x8_0000;
    static final int BUFFER = 2048;
    static final int DATA = 0x40;
    private static final int SLOT = 3, MSIX_BAR = 0x1c, MSIX = 0x11;
    private static final long MSIX_TABLE = 0xf000_0000L;

    final Ram ram = Ram.allocate(1 << 20);
    final GuestMemory memory = new GuestMemory();
    final ManualClock clock = new ManualClock();
    final FakeNetwork network = new FakeNetwork();
    final List<Integer> messages = new ArrayList<>();
    final ProbeLine[] gsis = IntStream.range(0, 24).mapToObj(_ -> new ProbeLine()).toArray(ProbeLine[]::new);
    final IoBus mmio = new IoBus("MMIO address", (1L << 46) - 1);
    final E1000 card;
    private int sendTail;
    private long sendAt = SEND_BUFFERS;

    CardFixture(Model model) {
        memory.addSlot(0, 0, ram);
        PciBus bus = new PciBus(new IoBus("port", 0xffff), mmio, (1L << 46) - 1,
                new PirqRouter(n -> gsis[n]), (_, data) -> messages.add(data));
        card = new E1000(model, Packets.CARD, memory, clock, network, Runnable::run);
        bus.add(SLOT, 0, card.function());
    }

    /// Does what a driver does first.
    CardFixture started() {
        card.function().writeConfig(ConfigSpace.COMMAND, 2, 6);
        set(Layout.TX_QUEUE, (int) SEND_RING);
        set(Layout.TX_QUEUE + Layout.LENGTH, RING * Ring.DESCRIPTOR);
        set(Layout.RX_QUEUE, (int) RECEIVE_RING);
        set(Layout.RX_QUEUE + Layout.LENGTH, RING * Ring.DESCRIPTOR);
        for (int n = 0; n < RING; n++) {
            memory.storeLong(RECEIVE_RING + n * Ring.DESCRIPTOR, RECEIVE_BUFFERS + n * BUFFER);
        }
        set(Layout.RX_QUEUE + Layout.TAIL, RING - 1);
        set(Layout.TCTL, Layout.TCTL_ENABLE | Layout.TCTL_PAD);
        set(Layout.RCTL, Layout.RCTL_ENABLE | Layout.RCTL_BROADCAST | Layout.RCTL_STRIP_CRC);
        return this;
    }

    /// Switches to MSI-X; vector n sends [#DATA] + n.
    void enableMessages() {
        PciFunction function = card.function();
        function.writeConfig(MSIX_BAR, 4, (int) MSIX_TABLE);
        int at = function.readConfig(ConfigSpace.CAPABILITIES, 1);
        while (function.readConfig(at, 1) != MSIX) {
            at = function.readConfig(at + 1, 1);
        }
        function.writeConfig(at + 2, 2, 0x8000);
        for (int n = 0; n < Interrupts.VECTORS; n++) {
            mmio.write(MSIX_TABLE + 16 * n, 4, 0xfee0_0000L);
            mmio.write(MSIX_TABLE + 16 * n + 8, 4, DATA + n);
            mmio.write(MSIX_TABLE + 16 * n + 12, 4, 0);
        }
    }

    int get(int register) {
        return (int) card.read(register, 4);
    }

    void set(int register, int value) {
        card.write(register, 4, value & 0xffff_ffffL);
    }

    ProbeLine intx() {
        return gsis[PirqWiring.ICH9.gsi(PirqWiring.ICH9.line(SLOT, 1))];
    }

    // ---- sending ----

    /// Puts a descriptor into the ring.
    void descriptor(long low, long high) {
        long at = SEND_RING + sendTail * Ring.DESCRIPTOR;
        memory.storeLong(at, low);
        memory.storeLong(at + 8, high);
        sendTail = (sendTail + 1) % RING;
    }

    /// Puts bytes into memory for a descriptor.
    long buffer(byte[] bytes) {
        long at = sendAt;
        memory.store(at, bytes);
        sendAt += bytes.length;
        return at;
    }

    /// A legacy descriptor of a whole frame.
    void legacy(byte[] frame, int command, int checksumAt, int checksumFrom, int tag) {
        descriptor(buffer(frame), frame.length | checksumAt << 16 | (long) command << 24 | (long) checksumFrom << 40
                | (long) tag << 48);
    }

    void context(int ip, int ipChecksum, int transport, int transportChecksum, int command, int header, int segment,
            int payload) {
        descriptor(ip | ipChecksum << 8 | (long) (transport - 1) << 16 | (long) transport << 32
                        | (long) transportChecksum << 40,
                payload | (long) (EXTENDED | command) << 24 | (long) header << 40 | (long) segment << 48);
    }

    void data(byte[] bytes, int command, int options, int tag) {
        descriptor(buffer(bytes), bytes.length | 1 << 20 | (long) (EXTENDED | command) << 24 | (long) options << 40
                | (long) tag << 48);
    }

    /// Tells the card of the descriptors.
    void go() {
        set(Layout.TX_QUEUE + Layout.TAIL, sendTail);
    }

    // ---- receiving ----

    /// The second half of a receive descriptor.
    long received(int index) {
        return memory.loadLong(RECEIVE_RING + index * Ring.DESCRIPTOR + 8);
    }

    byte[] receivedBytes(int index, int count) {
        byte[] bytes = new byte[count];
        memory.load(RECEIVE_BUFFERS + (long) index * BUFFER, bytes, 0, count);
        return bytes;
    }

    @Override
    public void close() {
        ram.close();
    }
}
