// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.devices.pci.AdvancedErrors.Severity;

/// What a root port knows of errors: the messages that have reached it, from the function below or itself, and whether
/// to interrupt for them. Its registers follow those of its [AdvancedErrors].
///
/// @pci PCI Express 5.0 §6.2.4.1.2 "Interrupt Generation", §7.8.4.9 "Root Error Command Register"
final class RootErrors {
    static final int COMMAND = 0x2c, STATUS = 0x30, SOURCES = 0x34;
    static final int CORRECTABLE = 1, MULTIPLE_CORRECTABLE = 2, UNCORRECTABLE = 4, MULTIPLE_UNCORRECTABLE = 8,
            FIRST_FATAL = 0x10, NONFATAL = 0x20, FATAL = 0x40;
    private static final int EVENTS = 0x7f, ENABLES = 7;

    private final PciFunction port;
    private final int at;
    private final PortInterrupt.Part interrupt;

    /// @param at where the capability is
    RootErrors(PciFunction port, int at, PortInterrupt interrupt) {
        this.port = port;
        this.at = at;
        this.interrupt = interrupt.part(this::interruptWanted);
        ConfigSpace config = port.config();
        config.allow(at + COMMAND, 4, ENABLES);
        config.allowClear(at + STATUS, 4, EVENTS);
        config.carry(at + SOURCES, 4, ~0);
        port.reportsRootErrors(this);
        port.onGuestWrite(at + COMMAND, 8, this.interrupt::settle);
    }

    /// A message has come. Of those that software has not seen the first of each kind names its source.
    ///
    /// @param source bus, device and function of who sends it
    void take(Severity severity, int source) {
        note(severity, source);
        interrupt.settle();
    }

    private synchronized void note(Severity severity, int source) {
        boolean correctable = severity == Severity.CORRECTABLE;
        port.updateConfig(at + SOURCES, 4, sources -> {
            int status = port.readConfig(at + STATUS, 4);
            if ((status & (correctable ? CORRECTABLE : UNCORRECTABLE)) != 0) {
                return sources;
            }
            return correctable ? sources & ~0xffff | source : sources & 0xffff | source << 16;
        });
        port.updateConfig(at + STATUS, 4, status -> status | switch (severity) {
            case CORRECTABLE -> (status & CORRECTABLE) != 0 ? MULTIPLE_CORRECTABLE : CORRECTABLE;
            case NONFATAL -> NONFATAL | uncorrectable(status, 0);
            case FATAL -> FATAL | uncorrectable(status, FIRST_FATAL);
        });
    }

    private static int uncorrectable(int status, int first) {
        return (status & UNCORRECTABLE) != 0 ? MULTIPLE_UNCORRECTABLE : UNCORRECTABLE | first;
    }

    private boolean interruptWanted() {
        int status = port.readConfig(at + STATUS, 4), enabled = port.readConfig(at + COMMAND, 4);
        int received = status & CORRECTABLE | (status & NONFATAL) >>> 4 | (status & FATAL) >>> 4;
        return (received & enabled) != 0;
    }
}
