// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// One place that a global system interrupt leads to.
public sealed interface GsiRoute {
    /// An input of the PIC pair, 0 to 15.
    record Pic(int irq) implements GsiRoute {
        public Pic {
            require(irq >= 0 && irq < 16, "PIC input", irq);
        }
    }

    /// A pin of the I/O APIC, 0 to 23.
    record Pin(int pin) implements GsiRoute {
        public Pin {
            require(pin >= 0 && pin < IoApic.PINS, "I/O APIC pin", pin);
        }
    }

    /// A message, sent when the interrupt becomes asserted.
    record Msi(long address, int data) implements GsiRoute { }

    private static void require(boolean holds, String what, int number) {
        if (!holds) {
            throw new IllegalArgumentException("there is no " + what + " " + number);
        }
    }
}
