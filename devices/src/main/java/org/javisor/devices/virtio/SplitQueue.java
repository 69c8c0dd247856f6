// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.javisor.devices.virtio.SplitQueueLayout.AVAIL_ALIGN;
import static org.javisor.devices.virtio.SplitQueueLayout.AVAIL_ENTRY_BYTES;
import static org.javisor.devices.virtio.SplitQueueLayout.AVAIL_NO_INTERRUPT;
import static org.javisor.devices.virtio.SplitQueueLayout.DESCRIPTOR_ALIGN;
import static org.javisor.devices.virtio.SplitQueueLayout.DESCRIPTOR_BYTES;
import static org.javisor.devices.virtio.SplitQueueLayout.DESCRIPTOR_LENGTH;
import static org.javisor.devices.virtio.SplitQueueLayout.DESC_INDIRECT;
import static org.javisor.devices.virtio.SplitQueueLayout.DESC_NEXT;
import static org.javisor.devices.virtio.SplitQueueLayout.DESC_WRITE;
import static org.javisor.devices.virtio.SplitQueueLayout.FLAGS;
import static org.javisor.devices.virtio.SplitQueueLayout.INDEX;
import static org.javisor.devices.virtio.SplitQueueLayout.RING;
import static org.javisor.devices.virtio.SplitQueueLayout.USED_ALIGN;
import static org.javisor.devices.virtio.SplitQueueLayout.USED_ENTRY_BYTES;
import static org.javisor.devices.virtio.SplitQueueLayout.USED_NO_NOTIFY;

import java.lang.invoke.VarHandle;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// The device's end of a split virtqueue.
///
/// ```
/// for (DescriptorChain chain = queue.take(); chain != null; chain = queue.take()) {
///     queue.complete(chain, serve(chain));
///     if (queue.needsInterrupt()) { ... }
/// }
/// ```
///
/// Guarded by the lock of the [QueueWorker] that works on it; only its configuration is written by others,
/// while it is not enabled.
///
/// @virtio 1.2 §2.7 "Split Virtqueues"
public final class SplitQueue {
    /// The longest table of indirect descriptors that is followed; drivers may exceed the queue's size with
    /// them.
    private static final int MAX_INDIRECT = 1024;

    /// Everything the queue remembers.
    ///
    /// @param nextAvail     the available entry to be taken next
    /// @param nextUsed      the used entry to be written next
    /// @param signalledUsed the used index when the driver was last interrupted, -1 for never
    public record State(int size, boolean enabled, long descriptors, long driver, long device, int nextAvail,
            int nextUsed, int signalledUsed) {
        public State {
            if (Integer.bitCount(size) != 1 || size > 32768 || (nextAvail & ~0xffff) != 0
                    || (nextUsed & ~0xffff) != 0
                    || signalledUsed < -1 || signalledUsed > 0xffff
                    || enabled && !wellFormed(size, descriptors, driver, device)) {
                throw new IllegalArgumentException("virtqueue state that no driver could have made");
            }
        }
    }

    private final DmaSpace memory;
    private final int maxSize;

    private int size;
    private volatile boolean enabled;
    private long descriptors;
    private long driver;
    private long device;
    private boolean eventIndex;
    private boolean indirect;

    private int nextAvail;
    private int nextUsed;
    private int signalledUsed = -1;
    private boolean notificationsOff;

    public SplitQueue(DmaSpace memory, int maxSize) {
        this.memory = memory;
        this.maxSize = maxSize;
        reset();
    }

    // ---- configuration ----

    void reset() {
        size = maxSize;
        enabled = false;
        descriptors = 0;
        driver = 0;
        device = 0;
        eventIndex = false;
        indirect = false;
        nextAvail = 0;
        nextUsed = 0;
        signalledUsed = -1;
        notificationsOff = false;
    }

    /// What rings and buffers are in.
    DmaSpace memory() {
        return memory;
    }

    int maxSize() {
        return maxSize;
    }

    int size() {
        return size;
    }

    /// A size that the queue cannot have is ignored.
    void size(int newSize) {
        if (!enabled && newSize > 0 && newSize <= maxSize && Integer.bitCount(newSize) == 1) {
            size = newSize;
        }
    }

    long descriptors() {
        return descriptors;
    }

    long driver() {
        return driver;
    }

    long device() {
        return device;
    }

    void place(long newDescriptors, long newDriver, long newDevice) {
        if (!enabled) {
            descriptors = newDescriptors;
            driver = newDriver;
            device = newDevice;
        }
    }

    boolean enabled() {
        return enabled;
    }

    /// Enables the queue if its parts are aligned as they must be; else it stays off.
    void enable() {
        enabled = wellFormed(size, descriptors, driver, device);
    }

    private static boolean wellFormed(int size, long descriptors, long driver, long device) {
        return (descriptors & DESCRIPTOR_ALIGN - 1) == 0 && (driver & AVAIL_ALIGN - 1) == 0
                && (device & USED_ALIGN - 1) == 0;
    }

    void features(boolean withEventIndex, boolean withIndirect) {
        eventIndex = withEventIndex;
        indirect = withIndirect;
    }

    State save() {
        return new State(size, enabled, descriptors, driver, device, nextAvail, nextUsed, signalledUsed);
    }

    void load(State state) {
        if (state.size > maxSize) {
            throw new IllegalArgumentException("virtqueue of " + state.size + " entries, " + maxSize
                    + " at most");
        }
        size = state.size;
        enabled = state.enabled;
        descriptors = state.descriptors;
        driver = state.driver;
        device = state.device;
        nextAvail = state.nextAvail;
        nextUsed = state.nextUsed;
        signalledUsed = state.signalledUsed;
        notificationsOff = false;
    }

    // ---- available ----

    /// The next request, or null if there is none; then the driver will notify the device of the next one.
    /// While requests come, it need not.
    public DescriptorChain take() throws QueueViolation {
        try {
            if (available() == 0) {
                wantNotification();
                if (available() == 0) {
                    return null;
                }
            }
            suppressNotifications();
            long entry = driver + RING + (long) AVAIL_ENTRY_BYTES * (nextAvail & size - 1);
            DescriptorChain chain = gather(memory.loadShort(entry) & 0xffff);
            nextAvail = nextAvail + 1 & 0xffff;
            return chain;
        } catch (OutOfRangeException _) {
            throw new QueueViolation("a queue outside memory");
        }
    }

    private int available() throws QueueViolation {
        int index = memory.loadShortAcquire(driver + INDEX) & 0xffff;
        int count = index - nextAvail & 0xffff;
        if (count > size) {
            throw new QueueViolation("more requests than the queue has entries");
        }
        return count;
    }

    /// Stores that the driver should notify, before the index is looked at once more: with either order of
    /// theirs and ours, one side sees the other.
    private void wantNotification() {
        if (eventIndex) {
            memory.storeShort(device + RING + (long) USED_ENTRY_BYTES * size, (short) nextAvail);
        } else if (notificationsOff) {
            memory.storeShort(device + FLAGS, (short) 0);
        }
        notificationsOff = false;
        VarHandle.fullFence();
    }

    private void suppressNotifications() {
        // With event indices, one that lies behind suppresses by itself.
        if (!eventIndex && !notificationsOff) {
            memory.storeShort(device + FLAGS, (short) USED_NO_NOTIFY);
        }
        notificationsOff = true;
    }

    // ---- descriptors ----

    private DescriptorChain gather(int head) throws QueueViolation {
        DescriptorChain chain = new DescriptorChain(memory, head);
        long table = descriptors;
        int entries = size;
        int index = head;
        int left = size;
        while (true) {
            if (index >= entries || left-- == 0) {
                throw new QueueViolation("a chain that leaves its table or runs in a circle");
            }
            long at = table + (long) DESCRIPTOR_BYTES * index;
            // Each half is read once: the guest may rewrite it meanwhile.
            long address = memory.loadLong(at);
            long rest = memory.loadLong(at + DESCRIPTOR_LENGTH);
            long length = rest & 0xffff_ffffL;
            int flags = (int) (rest >>> 32) & 0xffff;
            if ((flags & DESC_INDIRECT) != 0) {
                checkIndirect(table, length, flags);
                table = address;
                entries = (int) Math.min(length / DESCRIPTOR_BYTES, 0x10000);
                left = MAX_INDIRECT;
                index = 0;
                continue;
            }
            addBuffer(chain, address, length, flags);
            if ((flags & DESC_NEXT) == 0) {
                return chain;
            }
            index = (int) (rest >>> 48);
        }
    }

    private void checkIndirect(long table, long length, int flags) throws QueueViolation {
        if (!indirect || table != descriptors || (flags & DESC_NEXT) != 0 || length == 0
                || length % DESCRIPTOR_BYTES != 0) {
            throw new QueueViolation("an indirect descriptor where none may be");
        }
    }

    private static void addBuffer(DescriptorChain chain, long address, long length, int flags)
            throws QueueViolation {
        if ((flags & DESC_WRITE) != 0) {
            chain.writable().add(address, length);
        } else if (chain.writable().bytes() != 0) {
            throw new QueueViolation("a readable buffer behind a writable one");
        } else {
            chain.readable().add(address, length);
        }
    }

    // ---- used ----

    /// Gives a request back.
    ///
    /// @param written how many bytes of its writable buffers were written, from their beginning
    public void complete(DescriptorChain chain, long written) throws QueueViolation {
        try {
            long entry = device + RING + (long) USED_ENTRY_BYTES * (nextUsed & size - 1);
            memory.storeInt(entry, chain.head());
            memory.storeInt(entry + 4, (int) written);
            nextUsed = nextUsed + 1 & 0xffff;
            memory.storeShortRelease(device + INDEX, (short) nextUsed);
        } catch (OutOfRangeException _) {
            throw new QueueViolation("a queue outside memory");
        }
    }

    /// Whether the driver wants to be interrupted for what has been given back since this was last asked.
    public boolean needsInterrupt() throws QueueViolation {
        try {
            VarHandle.fullFence();
            if (!eventIndex) {
                return (memory.loadShort(driver + FLAGS) & AVAIL_NO_INTERRUPT) == 0;
            }
            int event = memory.loadShort(driver + RING + (long) AVAIL_ENTRY_BYTES * size) & 0xffff;
            boolean passed = signalledUsed < 0
                    || (nextUsed - event - 1 & 0xffff) < (nextUsed - signalledUsed & 0xffff);
            signalledUsed = nextUsed;
            return passed;
        } catch (OutOfRangeException _) {
            throw new QueueViolation("a queue outside memory");
        }
    }
}
