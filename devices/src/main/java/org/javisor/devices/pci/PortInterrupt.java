// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// The one interrupt of a root port, which several of its parts share: a message whenever a part begins to want one, or
/// the pin as long as one does.
///
/// The lock is held while the interrupt is driven, so that of two threads the later has the last word.
final class PortInterrupt {
    private final PciFunction port;
    private final Msi msi;
    private final List<Part> parts = new ArrayList<>();

    PortInterrupt(PciFunction port, Msi msi) {
        this.port = port;
        this.msi = msi;
        msi.onSwitch(this::drivePin);
    }

    /// Adds who may want an interrupt; before the port joins a bus.
    Part part(BooleanSupplier wanted) {
        Part part = new Part(wanted);
        parts.add(part);
        return part;
    }

    /// One reason for interrupts.
    final class Part {
        private final BooleanSupplier wanted;
        private boolean signalled;

        private Part(BooleanSupplier wanted) {
            this.wanted = wanted;
        }

        /// Something has changed.
        void settle() {
            synchronized (PortInterrupt.this) {
                boolean before = signalled;
                signalled = wanted.getAsBoolean();
                drivePin();
                if (signalled && !before) {
                    msi.trigger(0);
                }
            }
        }
    }

    /// The port has been reset.
    synchronized void reset() {
        parts.forEach(part -> part.signalled = false);
        drivePin();
    }

    /// The port's registers have been loaded: what was to be signalled has been.
    synchronized void loaded() {
        parts.forEach(part -> part.signalled = part.wanted.getAsBoolean());
        drivePin();
    }

    private synchronized void drivePin() {
        port.intx(!msi.enabled() && parts.stream().anyMatch(part -> part.signalled));
    }
}
