// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javisor.memory.ConfigurationException;

/// Where a PCI function is put.
///
/// @param number which of the ports or bridges of a [BoardConfig], from 1 on; 0 with [Kind#ROOT]
public record PciPlace(Kind kind, int number) {
    /// The next free slot of the root bus.
    public static final PciPlace ROOT = new PciPlace(Kind.ROOT, 0);

    private static final Pattern FORM = Pattern.compile("(port|bridge)([1-9][0-9]?)");

    /// Kinds of places.
    public enum Kind {
        ROOT,
        /// The slot of a root port.
        PORT,
        /// The next free slot of the bus behind a bridge.
        BRIDGE
    }

    /// Reads `port1` or `bridge1`.
    ///
    /// @throws ConfigurationException if it is neither
    public static PciPlace parse(String text) {
        Matcher match = FORM.matcher(text);
        if (!match.matches()) {
            throw new ConfigurationException("PCI slot '" + text + "': port1 or bridge1, for example, is meant");
        }
        return new PciPlace(match.group(1).equals("port") ? Kind.PORT : Kind.BRIDGE, Integer.parseInt(match.group(2)));
    }

    @Override
    public String toString() {
        return kind == Kind.ROOT ? "root bus" : (kind == Kind.PORT ? "port" : "bridge") + number;
    }
}
