// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.nio.file.Path;
import java.util.List;
import org.javisor.devices.floppy.FloppyController;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.irq.I8254.ToneListener;

/// The devices of a PC that not every machine has. Immutable: each `with` method gives another.
///
/// @param floppies     diskettes in the first and the second drive; at most two
/// @param printer      takes what the guest prints on its parallel port; null for none
/// @param speaker      told how the PC speaker sounds
/// @param debugConsole takes what is written to ports 0xe9 and 0x402; null for neither
/// @param panicDevice  how a guest's kernel can tell that it panicked
/// @param onPanic      what follows then
/// @param watchdog     what follows when the i6300ESB's time has run out; null for no watchdog
/// @param tpm          the socket at which a `swtpm` process takes control commands; null for no TPM
public record PeripheralConfig(List<Disk> floppies, SerialOutput printer, ToneListener speaker,
        SerialOutput debugConsole, PanicDevice panicDevice, Reaction onPanic, Reaction watchdog, Path tpm) {
    /// None of them.
    public static final PeripheralConfig NONE =
            new PeripheralConfig(List.of(), null, (_, _) -> { }, null, PanicDevice.NONE, Reaction.REPORT, null, null);

    public PeripheralConfig {
        floppies = List.copyOf(floppies);
        if (floppies.size() > FloppyController.DRIVES) {
            throw new ConfigurationException(floppies.size() + " floppies: a controller has "
                    + FloppyController.DRIVES + " drives");
        }
    }

    /// Where the panic device is.
    public enum PanicDevice { NONE, ISA, PCI }

    /// What follows when a guest cannot go on.
    public enum Reaction {
        /// It is reset, as [MachineConfig.ResetPolicy] says.
        RESTART,
        /// The machine ends.
        STOP,
        /// It is reported, and nothing else happens.
        REPORT
    }

    /// What the ACPI tables are to say of them.
    AcpiConfig.Peripherals acpi() {
        return new AcpiConfig.Peripherals(!floppies.isEmpty(), printer != null, panicDevice == PanicDevice.ISA,
                tpm != null);
    }

    public PeripheralConfig withFloppies(List<Disk> diskettes) {
        return new PeripheralConfig(diskettes, printer, speaker, debugConsole, panicDevice, onPanic, watchdog, tpm);
    }

    public PeripheralConfig withPrinter(SerialOutput output) {
        return new PeripheralConfig(floppies, output, speaker, debugConsole, panicDevice, onPanic, watchdog, tpm);
    }

    public PeripheralConfig withSpeaker(ToneListener listener) {
        return new PeripheralConfig(floppies, printer, listener, debugConsole, panicDevice, onPanic, watchdog, tpm);
    }

    public PeripheralConfig withDebugConsole(SerialOutput output) {
        return new PeripheralConfig(floppies, printer, speaker, output, panicDevice, onPanic, watchdog, tpm);
    }

    public PeripheralConfig withPanicDevice(PanicDevice device, Reaction reaction) {
        return new PeripheralConfig(floppies, printer, speaker, debugConsole, device, reaction, watchdog, tpm);
    }

    public PeripheralConfig withWatchdog(Reaction reaction) {
        return new PeripheralConfig(floppies, printer, speaker, debugConsole, panicDevice, onPanic, reaction, tpm);
    }

    public PeripheralConfig withTpm(Path socket) {
        return new PeripheralConfig(floppies, printer, speaker, debugConsole, panicDevice, onPanic, watchdog, socket);
    }
}
