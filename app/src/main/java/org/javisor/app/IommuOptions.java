// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.List;
import java.util.Locale;
import org.javisor.machine.ExtraDevice;
import org.javisor.machine.IommuConfig;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Option;

/// The options of `javisor run` that say what PCI devices are behind, and which there are to test that with.
final class IommuOptions {
    private static final String KIND = "intel", WIDTH = "aw";

    @Option(names = "--iommu", paramLabel = "intel[,OPTION...]", description = "Put PCI devices behind an IOMMU as"
            + " Intel's VT-d. Options: intremap=on|off (whether it remaps interrupts, on by default), eim=on|off (to"
            + " x2APIC ids, on by default), caching-mode=on|off (off by default), aw=39|48 (bits of addresses, 48 by"
            + " default).")
    private String iommu;

    @Option(names = "--device", paramLabel = "NAME", description = "Add a device to test drivers with: edu;"
            + " repeatable.")
    private List<String> devices = List.of();

    /// Null for none.
    IommuConfig config() {
        if (iommu == null) {
            return null;
        }
        String[] words = iommu.split(",", -1);
        if (!words[0].equals(KIND)) {
            throw new ConfigurationException("--iommu " + iommu + ": intel is meant");
        }
        IommuConfig config = IommuConfig.INTEL;
        for (int n = 1; n < words.length; n++) {
            config = with(config, words[n]);
        }
        return config;
    }

    private IommuConfig with(IommuConfig config, String option) {
        int equals = option.indexOf('=');
        String name = equals < 0 ? option : option.substring(0, equals);
        String value = equals < 0 ? "on" : option.substring(equals + 1);
        return switch (name) {
            case "intremap" -> config.withInterruptRemapping(on(option, value));
            case "eim" -> config.withExtendedInterrupts(on(option, value));
            case "caching-mode" -> config.withCachingMode(on(option, value));
            case WIDTH -> config.withAddressWidth(switch (value) {
                case "39" -> 39;
                case "48" -> 48;
                default -> throw wrong(option, "aw=39 or aw=48 is meant");
            });
            default -> throw wrong(option, "the options are intremap, eim, caching-mode and aw");
        };
    }

    private boolean on(String option, String value) {
        return switch (value) {
            case "on" -> true;
            case "off" -> false;
            default -> throw wrong(option, "on or off is meant");
        };
    }

    private ConfigurationException wrong(String option, String meant) {
        return new ConfigurationException("--iommu " + iommu + ": " + option + ": " + meant);
    }

    List<ExtraDevice> devices() {
        return devices.stream().map(IommuOptions::device).toList();
    }

    private static ExtraDevice device(String name) {
        try {
            return ExtraDevice.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("--device " + name + ": edu is meant", e);
        }
    }
}
