// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.machine.BootOrder;
import org.javisor.machine.DiskBus;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.PciPlace;
import org.javisor.memory.ConfigurationException;

/// The value of `--disk`: a file and how it is used. Only what is an option is taken for one: a file's name may have
/// commas.
final class DiskOption {
    private String rest;
    private boolean readOnly;
    private boolean throwaway;
    private ImageFormat format;
    private FullPolicy whenFull = FullPolicy.STOP;
    private DiskBus bus;
    private PciPlace place = PciPlace.ROOT;
    private int bootIndex = BootOrder.NONE;

    private DiskOption(String text, boolean throwaway) {
        this.rest = text;
        this.throwaway = throwaway;
    }

    /// @param throwaway whether what is written to any disk is to be forgotten
    static Disk parse(String text, boolean throwaway) {
        return parse(text, throwaway, DiskBus.VIRTIO);
    }

    /// @param usual the bus, if the text does not say
    static Disk parse(String text, boolean throwaway, DiskBus usual) {
        DiskOption option = taken(text, throwaway, usual);
        return new Disk(Path.of(option.rest), option.format, option.readOnly, option.throwaway && !option.readOnly,
                option.whenFull, option.bus, false, option.place, option.bootIndex);
    }

    /// The value of `--cdrom`.
    static Disk parseCdrom(String text, DiskBus usual) {
        DiskOption option = taken(text, false, usual);
        return new Disk(Path.of(option.rest), option.format, true, false, option.whenFull, option.bus, true,
                option.place, option.bootIndex);
    }

    private static DiskOption taken(String text, boolean throwaway, DiskBus bus) {
        DiskOption option = new DiskOption(text, throwaway);
        option.bus = bus;
        while (option.takeLast()) {
            // One by one, from behind.
        }
        return option;
    }

    private boolean takeLast() {
        int comma = rest.lastIndexOf(',');
        if (comma <= 0 || !take(rest.substring(comma + 1))) {
            return false;
        }
        rest = rest.substring(0, comma);
        return true;
    }

    private boolean take(String option) {
        if (option.startsWith("format=")) {
            format = ImageFormat.named(option.substring("format=".length()));
            return true;
        }
        if (option.startsWith("on-full=")) {
            whenFull = policy(option.substring("on-full=".length()));
            return true;
        }
        if (option.startsWith("bus=")) {
            bus = bus(option.substring("bus=".length()));
            return true;
        }
        if (option.startsWith("slot=")) {
            place = PciPlace.parse(option.substring("slot=".length()));
            return true;
        }
        if (option.startsWith("bootindex=")) {
            bootIndex = BootOrder.parseIndex(option.substring("bootindex=".length()));
            return true;
        }
        readOnly |= option.equals("ro");
        throwaway |= option.equals("snapshot");
        return option.equals("ro") || option.equals("snapshot");
    }

    private static FullPolicy policy(String name) {
        try {
            return FullPolicy.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("disk option on-full=" + name + ": stop or report is meant", e);
        }
    }

    private static DiskBus bus(String name) {
        try {
            return DiskBus.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("disk option bus=" + name + ": one of "
                    + Arrays.toString(DiskBus.values()).toLowerCase(Locale.ROOT) + " is meant", e);
        }
    }
}
