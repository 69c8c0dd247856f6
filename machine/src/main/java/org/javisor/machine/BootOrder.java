// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.javisor.memory.ConfigurationException;

/// From what firmware is to start a system: devices with an index first, in the order of these, then all others of the
/// kinds that are named, in the order of those.
///
/// @param kinds       which kinds, in order; empty to leave it to the firmware
/// @param menuSeconds how long firmware is to offer a choice, up to [#MAX_MENU_SECONDS]; 0 for not at all
public record BootOrder(List<Kind> kinds, int menuSeconds) {
    public static final int MAX_MENU_SECONDS = 60;
    public static final BootOrder DEFAULT = new BootOrder(List.of(), 0);
    /// The index of a device that has none.
    public static final int NONE = -1;

    /// Kinds of devices.
    public enum Kind { DISK, CDROM, NETWORK, FLOPPY }

    /// A device that firmware may start from.
    ///
    /// @param index    0 is the first to be tried; or [#NONE]
    /// @param path     its Open Firmware path, as SeaBIOS and OVMF know it
    public record Candidate(Kind kind, int index, String path) { }

    public BootOrder {
        kinds = List.copyOf(kinds);
        if (menuSeconds < 0 || menuSeconds > MAX_MENU_SECONDS) {
            throw new ConfigurationException("a boot menu of " + menuSeconds + " seconds: at most " + MAX_MENU_SECONDS
                    + " are possible");
        }
    }

    /// Reads `disk,cdrom,network`.
    ///
    /// @throws ConfigurationException if a kind is unknown
    public static List<Kind> parseKinds(String text) {
        List<Kind> kinds = new ArrayList<>();
        for (String word : text.split(",", -1)) {
            try {
                kinds.add(Kind.valueOf(word.strip().toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw new ConfigurationException("boot order '" + text + "': disk, cdrom, network and floppy are kinds,"
                        + " with commas between", e);
            }
        }
        return kinds;
    }

    /// Reads an index.
    ///
    /// @throws ConfigurationException if it is not a number from 0 on
    public static int parseIndex(String text) {
        if (!text.matches("[0-9]{1,4}")) {
            throw new ConfigurationException("bootindex=" + text + ": a number from 0 to 9999 is meant");
        }
        return Integer.parseInt(text);
    }

    /// The paths of those to be tried, in order.
    List<String> paths(List<Candidate> candidates) {
        return candidates.stream().filter(one -> one.index != NONE || kinds.contains(one.kind))
                .sorted(Comparator.comparingInt(this::rank)).map(Candidate::path).toList();
    }

    private int rank(Candidate candidate) {
        return candidate.index != NONE ? candidate.index
                : Integer.MAX_VALUE - kinds.size() + kinds.indexOf(candidate.kind);
    }
}
