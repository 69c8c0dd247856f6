// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.javisor.devices.virtio.VirtioPciLayout.BAR_BYTES;
import static org.javisor.devices.virtio.VirtioPciLayout.COMMON;
import static org.javisor.devices.virtio.VirtioPciLayout.DEVICE;
import static org.javisor.devices.virtio.VirtioPciLayout.ISR;
import static org.javisor.devices.virtio.VirtioPciLayout.ISR_CONFIGURATION;
import static org.javisor.devices.virtio.VirtioPciLayout.ISR_QUEUE;
import static org.javisor.devices.virtio.VirtioPciLayout.MSIX_BAR;
import static org.javisor.devices.virtio.VirtioPciLayout.NOTIFY;
import static org.javisor.devices.virtio.VirtioPciLayout.NOTIFY_MULTIPLIER;
import static org.javisor.devices.virtio.VirtioPciLayout.NO_VECTOR;
import static org.javisor.devices.virtio.VirtioPciLayout.PART_BYTES;
import static org.javisor.devices.virtio.VirtioPciLayout.STATUS_NEEDS_RESET;
import static org.javisor.devices.virtio.VirtioPciLayout.STRUCTURES_BAR;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.ExpressCapability;
import org.javisor.devices.pci.Msix;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.GuestMemory;

/// A virtio device as a PCI function, without the legacy interface. As a [BusDevice] it is its memory BAR.
///
/// Workers never wait for the lock of the common configuration, so that a driver's reset may wait for them
/// under it.
///
/// @param <S> the state of the device behind it
/// @virtio 1.2 §4.1 "Virtio Over PCI Bus"
public final class VirtioPci<S extends Record> implements BusDevice, Chip<VirtioPci.State<S>> {
    /// Everything the common configuration remembers.
    public record CommonState(int deviceFeatureSelect, int driverFeatureSelect, long driverFeatures,
            int status,
            int generation, int configVector, int queueSelect, List<Integer> queueVectors,
            List<SplitQueue.State> queues) {
        public CommonState {
            if ((status & ~0xff) != 0 || (generation & ~0xff) != 0 || (configVector & ~0xffff) != 0
                    || (queueSelect & ~0xffff) != 0 || queueVectors.size() != queues.size()) {
                throw new IllegalArgumentException("virtio configuration with bits that no field has");
            }
            queueVectors = List.copyOf(queueVectors);
            queues = List.copyOf(queues);
        }
    }

    /// Everything that function, transport and device remember.
    public record State<S extends Record>(PciFunction.State function, Msix.State msix,
            CommonState common, int isr, S device) {
        public State {
            if ((isr & ~(ISR_QUEUE | ISR_CONFIGURATION)) != 0) {
                throw new IllegalArgumentException("virtio ISR status " + isr);
            }
        }
    }

    private final VirtioDevice<S> device;
    private final PciFunction function;
    private final Msix msix;
    private final CommonConfig common;
    private final AtomicInteger isr = new AtomicInteger();

    /// @param memory  the guest's, which queues and buffers are in
    /// @param workers serves requests; one thread is enough for one device. Tests may run it in place.
    public VirtioPci(VirtioDevice<S> device, GuestMemory memory, Executor workers) {
        this.device = device;
        function = new PciFunction(new PciFunction.Identity(VirtioPciLayout.VENDOR,
                VirtioPciLayout.FIRST_DEVICE + device.type(), VirtioPciLayout.REVISION, device.pciClass(),
                VirtioPciLayout.VENDOR, 0x1100));
        int queues = device.queueSizes().length;
        msix = new Msix(function, MSIX_BAR, queues + 1);
        common = new CommonConfig(device, function.dma(memory), workers, msix.vectors(), new Signals());
        function.addMemory64Bar(STRUCTURES_BAR, BAR_BYTES, this, "virtio device type " + device.type());
        msix.onSwitch(this::driveIntx);
        function.useIntx(1);
        function.belongsTo(this);
        VirtioCapabilities.add(function, queues, device.configurationBytes(), this::configWindow);
        ExpressCapability.add(function, this::reset);
        // Requests may have waited for the guest to let the device reach memory.
        function.onWrite(ConfigSpace.COMMAND, 2, common::wakeAll);
        device.connect(new DeviceEvents());
    }

    /// The function, to be put on a bus.
    public PciFunction function() {
        return function;
    }

    public VirtioDevice<S> device() {
        return device;
    }

    // ---- the memory BAR ----

    @Override
    public long read(long offset, int size) {
        int within = (int) offset & PART_BYTES - 1;
        return switch ((int) offset / PART_BYTES) {
            case COMMON -> common.read(within, size);
            case ISR -> within == 0 ? takeIsr() : 0;
            case DEVICE -> readDevice(within, size);
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        int within = (int) offset & PART_BYTES - 1;
        switch ((int) offset / PART_BYTES) {
            case COMMON -> common.write(within, size, value);
            case DEVICE -> writeDevice(within, size, value);
            case NOTIFY -> common.notify(within / NOTIFY_MULTIPLIER);
            default -> { }
        }
    }

    private long readDevice(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size && offset + i < device.configurationBytes(); i++) {
            value |= (device.readConfiguration(offset + i) & 0xffL) << 8 * i;
        }
        return value;
    }

    private void writeDevice(int offset, int size, long value) {
        for (int i = 0; i < size && offset + i < device.configurationBytes(); i++) {
            device.writeConfiguration(offset + i, (int) (value >>> 8 * i) & 0xff);
        }
    }

    /// The PCI configuration access capability: the BARs, through configuration space.
    private BusDevice configWindow(int bar) {
        return bar == STRUCTURES_BAR ? this : bar == MSIX_BAR ? msix : null;
    }

    // ---- interrupts ----

    private final class Signals implements CommonConfig.Signals {
        @Override
        public boolean mayReachMemory() {
            return function.busMaster();
        }

        @Override
        public void queue(int vector) {
            signal(vector, ISR_QUEUE);
        }

        @Override
        public void configuration(int vector) {
            signal(vector, ISR_CONFIGURATION);
        }

        @Override
        public void silence() {
            isr.set(0);
            driveIntx();
        }
    }

    private final class DeviceEvents implements VirtioDevice.Events {
        @Override
        public void wake(int queue) {
            common.notify(queue);
        }

        @Override
        public void configurationChanged() {
            common.configurationChanged();
        }
    }

    private void signal(int vector, int isrBit) {
        if (msix.enabled()) {
            if (vector != NO_VECTOR) {
                msix.trigger(vector);
            }
            return;
        }
        isr.getAndUpdate(bits -> bits | isrBit);
        driveIntx();
    }

    /// Reading ISR status clears it and releases the line.
    private int takeIsr() {
        int bits = isr.getAndSet(0);
        if (bits != 0) {
            driveIntx();
        }
        return bits;
    }

    /// Looks again after driving: of two threads that changed the status, the last to drive leaves the right
    /// level.
    private void driveIntx() {
        boolean level;
        do {
            level = wantsPin();
            function.intx(level);
        } while (level != wantsPin());
    }

    /// A guest that has switched to messages is not interrupted by the pin any more.
    private boolean wantsPin() {
        return isr.get() != 0 && !msix.enabled();
    }

    // ---- life ----

    @Override
    public void reset() {
        common.reset();
        device.reset();
        isr.set(0);
        msix.reset();
        function.reset();
    }

    @Override
    public State<S> save() {
        return new State<>(function.save(), msix.save(), common.save(), isr.get(), device.save());
    }

    @Override
    public void load(State<S> state) {
        common.check(state.common);
        common.reset();
        device.load(state.device);
        msix.load(state.msix);
        function.load(state.function);
        isr.set(state.isr);
        driveIntx();
        common.load(state.common);
    }

    /// Whether the driver has broken a rule and must reset the device.
    public boolean needsReset() {
        return (common.status() & STATUS_NEEDS_RESET) != 0;
    }
}
