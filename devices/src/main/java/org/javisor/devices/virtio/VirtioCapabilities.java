// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.javisor.devices.virtio.VirtioPciLayout.CAPABILITY_BYTES;
import static org.javisor.devices.virtio.VirtioPciLayout.CAP_BAR;
import static org.javisor.devices.virtio.VirtioPciLayout.CAP_BYTES;
import static org.javisor.devices.virtio.VirtioPciLayout.CAP_DATA;
import static org.javisor.devices.virtio.VirtioPciLayout.CAP_LENGTH;
import static org.javisor.devices.virtio.VirtioPciLayout.CAP_OFFSET;
import static org.javisor.devices.virtio.VirtioPciLayout.CAP_TYPE;
import static org.javisor.devices.virtio.VirtioPciLayout.EXTENDED_CAPABILITY_BYTES;
import static org.javisor.devices.virtio.VirtioPciLayout.PART_BYTES;

import java.util.function.IntFunction;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;

/// The vendor-specific capabilities that tell a driver where the structures of a virtio device are, and the
/// one through which it reaches them without a BAR.
///
/// @virtio 1.2 §4.1.4 "Virtio Structure PCI Capabilities"
final class VirtioCapabilities {
    private VirtioCapabilities() { }

    /// @param bars the device behind a BAR, or null
    static void add(PciFunction function, int queues, int configurationBytes, IntFunction<BusDevice> bars) {
        ConfigSpace config = function.config();
        add(config, VirtioPciLayout.TYPE_COMMON, VirtioPciLayout.COMMON, VirtioPciLayout.COMMON_BYTES);
        add(config, VirtioPciLayout.TYPE_ISR, VirtioPciLayout.ISR, 1);
        if (configurationBytes > 0) {
            add(config, VirtioPciLayout.TYPE_DEVICE, VirtioPciLayout.DEVICE, configurationBytes);
        }
        int notify = add(config, EXTENDED_CAPABILITY_BYTES, VirtioPciLayout.TYPE_NOTIFY,
                VirtioPciLayout.NOTIFY, queues * VirtioPciLayout.NOTIFY_MULTIPLIER);
        config.set(notify + CAP_DATA, 4, VirtioPciLayout.NOTIFY_MULTIPLIER);
        int access = add(config, EXTENDED_CAPABILITY_BYTES, VirtioPciLayout.TYPE_PCI, 0, 0);
        config.set(access + CAP_BAR, 1, 0);
        config.allow(access + CAP_BAR, 1, 0xff);
        config.allow(access + CAP_OFFSET, 4, ~0);
        config.allow(access + CAP_BYTES, 4, ~0);
        function.addWindow(access + CAP_DATA, 4, new ConfigAccess(function, access, bars));
    }

    private static int add(ConfigSpace config, int type, int part, int bytes) {
        return add(config, CAPABILITY_BYTES, type, part, bytes);
    }

    private static int add(ConfigSpace config, int capabilityBytes, int type, int part, int bytes) {
        int at = config.addCapability(VirtioPciLayout.VENDOR_CAPABILITY, capabilityBytes);
        config.set(at + CAP_LENGTH, 1, capabilityBytes);
        config.set(at + CAP_TYPE, 1, type);
        config.set(at + CAP_BAR, 1, VirtioPciLayout.STRUCTURES_BAR);
        config.set(at + CAP_OFFSET, 4, part * PART_BYTES);
        config.set(at + CAP_BYTES, 4, bytes);
        return at;
    }

    /// `pci_cfg_data`: an access to it is one to the BAR, offset and length that the capability's other
    /// fields name.
    private record ConfigAccess(PciFunction function, int at, IntFunction<BusDevice> bars)
            implements BusDevice {
        @Override
        public long read(long offset, int size) {
            BusDevice target = target();
            return target == null ? -1 : target.read(targetOffset(), length());
        }

        @Override
        public void write(long offset, int size, long value) {
            BusDevice target = target();
            if (target != null) {
                target.write(targetOffset(), length(), value);
            }
        }

        /// The device behind the chosen BAR, or null if bar, offset or length are not what the driver may
        /// choose.
        private BusDevice target() {
            int length = length();
            long end = targetOffset() + length;
            BusDevice target = bars.apply(function.readConfig(at + CAP_BAR, 1));
            long limit = target instanceof VirtioPci<?> ? VirtioPciLayout.BAR_BYTES : PART_BYTES;
            boolean allowed = (length == 1 || length == 2 || length == 4) && end <= limit
                    && targetOffset() % length == 0;
            return allowed ? target : null;
        }

        private long targetOffset() {
            return function.readConfig(at + CAP_OFFSET, 4) & 0xffff_ffffL;
        }

        private int length() {
            return function.readConfig(at + CAP_BYTES, 4);
        }
    }
}
