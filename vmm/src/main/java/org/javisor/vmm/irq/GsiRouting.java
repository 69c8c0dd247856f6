// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Where each global system interrupt leads. Immutable.
///
/// @param routes by number; a number that is absent leads nowhere
public record GsiRouting(Map<Integer, List<GsiRoute>> routes) {
    public GsiRouting {
        Map<Integer, List<GsiRoute>> copy = new HashMap<>();
        routes.forEach((gsi, to) -> copy.put(gsi, List.copyOf(to)));
        routes = Map.copyOf(copy);
    }

    /// That of a PC: 0 to 15 are inputs of the PIC and pins of the I/O APIC, but the timer, GSI 0, is pin 2 (ACPI's
    /// MADT must say so), and pin 0 belongs to the PIC's own output. 16 to 23 are pins only.
    public static GsiRouting pc() {
        Map<Integer, List<GsiRoute>> routes = new HashMap<>();
        for (int gsi = 0; gsi < IoApic.PINS; gsi++) {
            List<GsiRoute> to = new ArrayList<>();
            if (gsi < 16 && gsi != 2) {
                to.add(new GsiRoute.Pic(gsi));
            }
            if (gsi != 2) {
                to.add(new GsiRoute.Pin(gsi == 0 ? 2 : gsi));
            }
            routes.put(gsi, to);
        }
        return new GsiRouting(routes);
    }

    /// The same but for one GSI.
    public GsiRouting with(int gsi, GsiRoute... to) {
        Map<Integer, List<GsiRoute>> changed = new HashMap<>(routes);
        changed.put(gsi, List.of(to));
        return new GsiRouting(changed);
    }

    List<GsiRoute> of(int gsi) {
        return routes.getOrDefault(gsi, List.of());
    }
}
