// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// What leads from a controller to the PCI function that it is in: whether it may reach memory, and how it interrupts,
/// by messages or the pin. Any thread.
public record FunctionWires(PciFunction function, Msix msix) {
    public boolean busMaster() {
        return function.busMaster();
    }

    /// Whether messages take the place of the pin.
    public boolean messages() {
        return msix.enabled();
    }

    public void message(int vector) {
        msix.trigger(vector);
    }

    public void pin(boolean level) {
        function.intx(level);
    }
}
