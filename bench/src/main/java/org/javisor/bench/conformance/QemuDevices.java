// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.javisor.machine.ExtraDevice;
import org.javisor.machine.IommuConfig;

/// What of `-device` is ours to have: the IOMMU, and devices to test with.
final class QemuDevices {
    private static final String OPTION = "-device", IOMMU = "intel-iommu", EDU = "edu";

    private QemuDevices() { }

    /// Null for none. As QEMU's, it remaps interrupts only if that is asked for.
    static IommuConfig iommu(Configuration configuration) {
        for (List<String> device : devices(configuration)) {
            if (device.getFirst().equals(IOMMU)) {
                return IommuConfig.INTEL.withInterruptRemapping(device.contains("intremap=on"))
                        .withExtendedInterrupts(!device.contains("eim=off"))
                        .withCachingMode(device.contains("caching-mode=on"));
            }
        }
        return null;
    }

    static List<ExtraDevice> extras(Configuration configuration) {
        return devices(configuration).stream().filter(device -> device.getFirst().equals(EDU))
                .map(_ -> ExtraDevice.EDU).toList();
    }

    private static List<List<String>> devices(Configuration configuration) {
        List<List<String>> devices = new ArrayList<>();
        List<String> options = configuration.options();
        for (int at = 0; at + 1 < options.size(); at++) {
            if (options.get(at).equals(OPTION)) {
                devices.add(Arrays.asList(options.get(at + 1).split(",")));
            }
        }
        return devices;
    }
}
