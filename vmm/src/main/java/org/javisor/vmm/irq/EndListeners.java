// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Who wants to know when the guest has ended an interrupt of a global system interrupt: whoever keeps a
/// level-triggered one asserted for a device that is elsewhere.
///
/// Chips call before they look at whether the pin is still asserted, and without a lock.
final class EndListeners {
    private record Listener(int gsi, Runnable then) { }

    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    Runnable add(int gsi, Runnable then) {
        Listener listener = new Listener(gsi, then);
        listeners.add(listener);
        return () -> listeners.removeIf(other -> other == listener);
    }

    boolean isEmpty() {
        return listeners.isEmpty();
    }

    /// Every GSI that leads to `route` has had an interrupt ended.
    void ended(GsiRouting routing, GsiRoute route) {
        for (Listener listener : listeners) {
            if (routing.of(listener.gsi).contains(route)) {
                listener.then.run();
            }
        }
    }
}
