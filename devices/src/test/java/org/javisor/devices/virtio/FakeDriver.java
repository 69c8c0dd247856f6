// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.PirqWiring;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;
import org.javisor.testkit.ProbeLine;

/// The driver's side of a virtio device, over real guest memory: as straight as a driver can be, and as
/// crooked as a test wants it. Requests are served in place, within the notification, unless an executor says
/// otherwise.
final class FakeDriver<S extends Record> implements AutoCloseable {
    static final int DEVICE_FEATURE_SELECT = 0, DEVICE_FEATURE = 4, DRIVER_FEATURE_SELECT = 8,
            DRIVER_FEATURE = 0xc, CONFIG_VECTOR = 0x10, NUM_QUEUES = 0x12, STATUS = 0x14, GENERATION = 0x15,
            QUEUE_SELECT = 0x16, QUEUE_SIZE = 0x18, QUEUE_VECTOR = 0x1a, QUEUE_ENABLE = 0x1c,
            QUEUE_DESC = 0x20, QUEUE_DRIVER = 0x28, QUEUE_DEVICE = 0x30, QUEUE_RESET = 0x3a;
    static final int ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64;
    static final int ISR = 0x1000, DEVICE = 0x2000, NOTIFY = 0x3000;

    static final long RAM_BYTES = 8L << 20;
    static final int SLOT = 2;
    private static final long QUEUES = 0x10000, QUEUE_BYTES = 0x10000, AVAIL = 0x4000, USED = 0x8000;
    private static final long BUFFERS = 0x10_0000;

    /// A buffer of a request.
    record Buffer(long gpa, int length, boolean writable) { }

    /// An entry of the used ring.
    record Used(int id, int length) { }

    private final Ram ram = Ram.allocate(RAM_BYTES);
    final GuestMemory memory = new GuestMemory();
    final ProbeLine[] gsis = IntStream.range(0, 24).mapToObj(_ -> new ProbeLine()).toArray(ProbeLine[]::new);
    final List<Integer> messages = new ArrayList<>();
    final IoBus mmio = new IoBus("MMIO address", (1L << 46) - 1);
    final VirtioPci<S> pci;
    private final int[] sizes = new int[64];
    private final int[] nextDescriptor = new int[64];
    private final int[] nextUsed = new int[64];
    private long nextBuffer = BUFFERS;

    /// What makes the device, once its memory is there.
    interface DeviceFactory<S extends Record> {
        VirtioDevice<S> make(GuestMemory memory);
    }

    FakeDriver(DeviceFactory<S> factory) {
        this(factory, Runnable::run);
    }

    FakeDriver(DeviceFactory<S> factory, Executor workers) {
        memory.addSlot(0, 0, ram);
        PciBus bus = new PciBus(new IoBus("port", 0xffff), mmio, (1L << 46) - 1, new PirqRouter(n -> gsis[n]),
                (_, data) -> messages.add(data));
        pci = new VirtioPci<>(factory.make(memory), memory, workers);
        bus.add(SLOT, 0, pci.function());
        pci.function().writeConfig(ConfigSpace.COMMAND, 2, 6);
    }

    /// The device alone, as it is before anybody has touched it.
    VirtioPci<S> untouched() {
        pci.function().writeConfig(ConfigSpace.COMMAND, 2, 0);
        return pci;
    }

    ProbeLine intx() {
        return gsis[16 + PirqWiring.ICH9.line(SLOT, 1)];
    }

    // ---- registers ----

    long get(int register, int size) {
        return pci.read(register, size) & (size == 8 ? -1L : (1L << 8 * size) - 1);
    }

    void set(int register, int size, long value) {
        pci.write(register, size, value);
    }

    long offered() {
        set(DEVICE_FEATURE_SELECT, 4, 0);
        long low = get(DEVICE_FEATURE, 4);
        set(DEVICE_FEATURE_SELECT, 4, 1);
        return low | get(DEVICE_FEATURE, 4) << 32;
    }

    /// As far as FEATURES_OK.
    ///
    /// @return the status that the device shows then
    long negotiate(long features) {
        set(STATUS, 1, 0);
        set(STATUS, 1, ACKNOWLEDGE);
        set(STATUS, 1, ACKNOWLEDGE | DRIVER);
        set(DRIVER_FEATURE_SELECT, 4, 0);
        set(DRIVER_FEATURE, 4, features & 0xffff_ffffL);
        set(DRIVER_FEATURE_SELECT, 4, 1);
        set(DRIVER_FEATURE, 4, features >>> 32);
        set(STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
        return get(STATUS, 1);
    }

    /// Everything up to DRIVER_OK, with queues of `size` entries.
    void start(long features, int size) {
        negotiate(features | VirtioFeature.VERSION_1);
        for (int queue = 0; queue < get(NUM_QUEUES, 2); queue++) {
            setUp(queue, size);
        }
        set(STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    void setUp(int queue, int size) {
        sizes[queue] = size;
        nextDescriptor[queue] = 0;
        nextUsed[queue] = 0;
        clear(base(queue), 16 * size);
        clear(avail(queue), 8 + 2 * size);
        clear(used(queue), 8 + 8 * size);
        set(QUEUE_SELECT, 2, queue);
        set(QUEUE_SIZE, 2, size);
        set(QUEUE_DESC, 8, base(queue));
        set(QUEUE_DRIVER, 8, avail(queue));
        set(QUEUE_DEVICE, 8, used(queue));
        set(QUEUE_ENABLE, 2, 1);
    }

    private void clear(long gpa, int bytes) {
        memory.store(gpa, new byte[bytes]);
    }

    static long base(int queue) {
        return QUEUES + queue * QUEUE_BYTES;
    }

    static long avail(int queue) {
        return base(queue) + AVAIL;
    }

    static long used(int queue) {
        return base(queue) + USED;
    }

    // ---- requests ----

    Buffer out(byte[] bytes) {
        Buffer buffer = new Buffer(nextBuffer, bytes.length, false);
        memory.store(nextBuffer, bytes);
        nextBuffer += bytes.length + 7 & ~7;
        return buffer;
    }

    Buffer in(int length) {
        Buffer buffer = new Buffer(nextBuffer, length, true);
        for (int i = 0; i < length; i++) {
            memory.storeByte(nextBuffer + i, (byte) 0xee);
        }
        nextBuffer += length + 7 & ~7;
        return buffer;
    }

    byte[] bytes(Buffer buffer) {
        byte[] bytes = new byte[buffer.length];
        memory.load(buffer.gpa, bytes, 0, bytes.length);
        return bytes;
    }

    void descriptor(long table, int index, long gpa, int length, int flags, int next) {
        memory.storeLong(table + 16L * index, gpa);
        memory.storeInt(table + 16L * index + 8, length);
        memory.storeShort(table + 16L * index + 12, (short) flags);
        memory.storeShort(table + 16L * index + 14, (short) next);
    }

    /// Makes a chain of descriptors and returns its head.
    int chain(int queue, Buffer... buffers) {
        int head = nextDescriptor[queue];
        for (int i = 0; i < buffers.length; i++) {
            int index = (head + i) % sizes[queue];
            boolean last = i == buffers.length - 1;
            descriptor(base(queue), index, buffers[i].gpa, buffers[i].length,
                    (last ? 0 : SplitQueueLayout.DESC_NEXT)
                    | (buffers[i].writable ? SplitQueueLayout.DESC_WRITE : 0),
                    (index + 1) % sizes[queue]);
        }
        nextDescriptor[queue] = (head + buffers.length) % sizes[queue];
        return head;
    }

    void makeAvailable(int queue, int head) {
        int index = memory.loadShort(avail(queue) + 2) & 0xffff;
        memory.storeShort(avail(queue) + 4 + 2L * (index % sizes[queue]), (short) head);
        memory.storeShortRelease(avail(queue) + 2, (short) (index + 1));
    }

    void kick(int queue) {
        set(NOTIFY + 4 * queue, 2, queue);
    }

    /// Makes a request available and notifies.
    int submit(int queue, Buffer... buffers) {
        int head = chain(queue, buffers);
        makeAvailable(queue, head);
        kick(queue);
        return head;
    }

    /// The next used entry, or null.
    Used takeUsed(int queue) {
        if ((memory.loadShortAcquire(used(queue) + 2) & 0xffff) == nextUsed[queue]) {
            return null;
        }
        long entry = used(queue) + 4 + 8L * (nextUsed[queue] % sizes[queue]);
        nextUsed[queue] = nextUsed[queue] + 1 & 0xffff;
        return new Used(memory.loadInt(entry), memory.loadInt(entry + 4));
    }

    /// Where an event-index driver says after which used entry it wants an interrupt.
    void usedEvent(int queue, int index) {
        memory.storeShort(avail(queue) + 4 + 2L * sizes[queue], (short) index);
    }

    /// After which available entry the device wants a notification.
    int availEvent(int queue) {
        return memory.loadShort(used(queue) + 4 + 8L * sizes[queue]) & 0xffff;
    }

    @Override
    public void close() {
        ram.close();
    }
}
