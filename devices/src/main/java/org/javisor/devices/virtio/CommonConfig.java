// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.javisor.devices.virtio.VirtioPciLayout.NO_VECTOR;
import static org.javisor.devices.virtio.VirtioPciLayout.STATUS_DRIVER_OK;
import static org.javisor.devices.virtio.VirtioPciLayout.STATUS_FEATURES_OK;
import static org.javisor.devices.virtio.VirtioPciLayout.STATUS_NEEDS_RESET;

import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.devices.RegisterMap;
import org.javisor.memory.DmaSpace;

/// The common configuration structure: feature negotiation, device status, and the configuration of each
/// queue.
///
/// @virtio 1.2 §4.1.4.3 "Common configuration structure layout"
final class CommonConfig implements QueueWorker.Transport {
    /// What it needs of the function around it.
    interface Signals {
        boolean mayReachMemory();

        void queue(int vector);

        void configuration(int vector);

        /// Takes back what has been signalled and not seen.
        void silence();
    }

    private final VirtioDevice<?> device;
    private final DmaSpace memory;
    private final Signals signals;
    private final int vectors;
    private final SplitQueue[] queues;
    private final QueueWorker[] workers;
    private final RegisterMap registers = new RegisterMap(VirtioPciLayout.COMMON_BYTES);

    private int deviceFeatureSelect;
    private int driverFeatureSelect;
    private long driverFeatures;
    private int queueSelect;
    private volatile int configVector = NO_VECTOR;
    private final int[] queueVectors;
    private final AtomicInteger status = new AtomicInteger();
    private final AtomicInteger generation = new AtomicInteger();

    CommonConfig(VirtioDevice<?> device, DmaSpace memory, Executor executor, int vectors,
            Signals signals) {
        this.device = device;
        this.memory = memory;
        this.signals = signals;
        this.vectors = vectors;
        int[] sizes = device.queueSizes();
        queues = new SplitQueue[sizes.length];
        workers = new QueueWorker[sizes.length];
        queueVectors = new int[sizes.length];
        Arrays.fill(queueVectors, NO_VECTOR);
        for (int i = 0; i < sizes.length; i++) {
            queues[i] = new SplitQueue(memory, sizes[i]);
            workers[i] = new QueueWorker(i, queues[i], device, this, executor);
        }
        defineDeviceRegisters();
        defineQueueRegisters();
    }

    private void defineDeviceRegisters() {
        registers.define(0x00, 4, () -> deviceFeatureSelect,
                (v, m) -> deviceFeatureSelect = (int) merge(deviceFeatureSelect, v, m));
        registers.define(0x04, 4, () -> half(offered(), deviceFeatureSelect));
        registers.define(0x08, 4, () -> driverFeatureSelect,
                (v, m) -> driverFeatureSelect = (int) merge(driverFeatureSelect, v, m));
        registers.define(0x0c, 4, () -> half(driverFeatures, driverFeatureSelect), this::writeDriverFeatures);
        registers.define(0x10, 2, () -> configVector,
                (v, m) -> configVector = vector((int) merge(configVector, v, m)));
        registers.define(0x12, 2, () -> queues.length);
        registers.define(0x14, 1, status::get, (v, _) -> writeStatus((int) v));
        registers.define(0x15, 1, () -> generation.get() & 0xff);
        registers.define(0x16, 2, () -> queueSelect, (v, m) -> queueSelect = (int) merge(queueSelect, v, m));
    }

    /// The registers of the selected queue; of one that does not exist they read as 0.
    private void defineQueueRegisters() {
        registers.define(0x18, 2, () -> selected() ? queue().size() : 0, (v, m) -> {
            if (selected()) {
                queue().size((int) merge(queue().size(), v, m));
            }
        });
        registers.define(0x1a, 2, () -> selected() ? queueVectors[queueSelect] : 0, (v, m) -> {
            if (selected()) {
                queueVectors[queueSelect] = vector((int) merge(queueVectors[queueSelect], v, m));
            }
        });
        registers.define(0x1c, 2, () -> selected() && queue().enabled() ? 1 : 0, (v, _) -> enableQueue(v));
        registers.define(0x1e, 2, () -> selected() ? queueSelect : 0);
        registers.define(0x20, 8, () -> selected() ? queue().descriptors() : 0, (v, m) -> {
            if (selected()) {
                queue().place(merge(queue().descriptors(), v, m), queue().driver(), queue().device());
            }
        });
        registers.define(0x28, 8, () -> selected() ? queue().driver() : 0, (v, m) -> {
            if (selected()) {
                queue().place(queue().descriptors(), merge(queue().driver(), v, m), queue().device());
            }
        });
        registers.define(0x30, 8, () -> selected() ? queue().device() : 0, (v, m) -> {
            if (selected()) {
                queue().place(queue().descriptors(), queue().driver(), merge(queue().device(), v, m));
            }
        });
        registers.define(0x38, 2, () -> selected() ? queueSelect : 0);
        registers.define(0x3a, 2, () -> 0, (v, _) -> resetQueue(v));
    }

    synchronized long read(int offset, int size) {
        return registers.read(offset, size);
    }

    synchronized void write(int offset, int size, long value) {
        registers.write(offset, size, value);
    }

    private static long merge(long old, long value, long mask) {
        return old & ~mask | value;
    }

    private static long half(long features, int select) {
        return switch (select) {
            case 0 -> features & 0xffff_ffffL;
            case 1 -> features >>> 32;
            default -> 0;
        };
    }

    private boolean selected() {
        return queueSelect < queues.length;
    }

    private SplitQueue queue() {
        return queues[queueSelect];
    }

    /// A vector that does not exist reads back as none, which tells the driver that it failed.
    private int vector(int wanted) {
        return wanted < vectors ? wanted : NO_VECTOR;
    }

    // ---- features and status ----

    private long offered() {
        return device.features() | VirtioFeature.OFFERED
                | (memory.translated() ? VirtioFeature.ACCESS_PLATFORM : 0);
    }

    private void writeDriverFeatures(long value, long mask) {
        if ((status.get() & STATUS_FEATURES_OK) == 0
                && Integer.compareUnsigned(driverFeatureSelect, 1) <= 0) {
            int shift = 32 * driverFeatureSelect;
            driverFeatures = driverFeatures & ~(mask << shift) | value << shift;
        }
    }

    private void writeStatus(int written) {
        if (written == 0) {
            reset();
            device.reset();
            signals.silence();
            return;
        }
        // Bits stay until a reset, whatever the driver writes.
        int old = status.get();
        int added = written & ~(old | STATUS_NEEDS_RESET);
        if ((added & STATUS_FEATURES_OK) != 0 && !acceptable()) {
            added &= ~STATUS_FEATURES_OK;
        }
        if (((old | added) & STATUS_FEATURES_OK) == 0) {
            added &= ~STATUS_DRIVER_OK;
        }
        int set = added;
        status.getAndUpdate(s -> s | set);
        if ((added & STATUS_FEATURES_OK) != 0) {
            applyFeatures();
        }
        if ((added & STATUS_DRIVER_OK) != 0) {
            startQueues();
        }
    }

    private boolean acceptable() {
        return (driverFeatures & ~offered()) == 0 && (driverFeatures & VirtioFeature.VERSION_1) != 0;
    }

    private void applyFeatures() {
        device.negotiated(driverFeatures);
        for (SplitQueue queue : queues) {
            applyFeatures(queue);
        }
    }

    private void applyFeatures(SplitQueue queue) {
        queue.features((driverFeatures & VirtioFeature.EVENT_IDX) != 0,
                (driverFeatures & VirtioFeature.INDIRECT_DESC) != 0);
    }

    int status() {
        return status.get();
    }

    private boolean live() {
        return (status.get() & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
    }

    // ---- queues ----

    private void startQueues() {
        for (QueueWorker worker : workers) {
            worker.start();
        }
        wakeAll();
    }

    void wakeAll() {
        for (int i = 0; i < workers.length; i++) {
            notify(i);
        }
    }

    /// A driver's notification: touches no lock.
    void notify(int index) {
        if (index < workers.length && live()) {
            workers[index].wake();
        }
    }

    private void enableQueue(long value) {
        if (value != 1 || !selected() || queue().enabled()) {
            return;
        }
        queue().enable();
        if (live()) {
            // Only after a queue reset may a queue be enabled this late.
            applyFeatures(queue());
            workers[queueSelect].start();
            workers[queueSelect].wake();
        }
    }

    private void resetQueue(long value) {
        if (value == 1 && selected() && (driverFeatures & VirtioFeature.RING_RESET) != 0) {
            workers[queueSelect].resetQueue();
            applyFeatures(queue());
        }
    }

    // ---- from the workers ----

    @Override
    public boolean mayReachMemory() {
        return live() && signals.mayReachMemory();
    }

    @Override
    public void interrupt(int queue) {
        signals.queue(queueVectors[queue]);
    }

    /// The driver is told through a configuration interrupt, if it got as far as DRIVER_OK.
    @Override
    public void fail(QueueViolation violation) {
        int old = status.getAndUpdate(s -> s | STATUS_NEEDS_RESET);
        if ((old & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK) {
            signals.configuration(configVector);
        }
    }

    void configurationChanged() {
        generation.incrementAndGet();
        if ((status.get() & STATUS_DRIVER_OK) != 0) {
            signals.configuration(configVector);
        }
    }

    // ---- life ----

    /// Everything but the device behind it.
    synchronized void reset() {
        for (QueueWorker worker : workers) {
            worker.stop();
        }
        status.set(0);
        for (QueueWorker worker : workers) {
            worker.resetQueue();
        }
        deviceFeatureSelect = 0;
        driverFeatureSelect = 0;
        driverFeatures = 0;
        queueSelect = 0;
        configVector = NO_VECTOR;
        Arrays.fill(queueVectors, NO_VECTOR);
        generation.set(0);
    }

    synchronized VirtioPci.CommonState save() {
        return new VirtioPci.CommonState(deviceFeatureSelect, driverFeatureSelect, driverFeatures,
                status.get(),
                generation.get() & 0xff, configVector, queueSelect,
                Arrays.stream(queueVectors).boxed().toList(),
                Arrays.stream(workers).map(QueueWorker::save).toList());
    }

    void check(VirtioPci.CommonState state) {
        if (state.queues().size() != queues.length) {
            throw new IllegalArgumentException(state.queues().size() + " virtqueues instead of "
                    + queues.length);
        }
    }

    synchronized void load(VirtioPci.CommonState state) {
        deviceFeatureSelect = state.deviceFeatureSelect();
        driverFeatureSelect = state.driverFeatureSelect();
        driverFeatures = state.driverFeatures();
        queueSelect = state.queueSelect();
        configVector = vector(state.configVector());
        generation.set(state.generation());
        for (int i = 0; i < queues.length; i++) {
            queues[i].load(state.queues().get(i));
            queueVectors[i] = vector(state.queueVectors().get(i));
        }
        status.set(state.status());
        for (SplitQueue queue : queues) {
            applyFeatures(queue);
        }
        if (live()) {
            startQueues();
        }
    }
}
