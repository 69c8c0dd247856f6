// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

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
public record PeripheralConfig(List<Disk> floppies, SerialOutput printer, ToneListener speaker, SerialOutput debugConsole,
        PanicDevice panicDevice, Reaction onPanic, Reaction watchdog) {
    /// None of them.
    public static final PeripheralConfig NONE =
            new PeripheralConfig(List.of(), null, (_, _) -> { }, null, PanicDevice.NONE, Reaction.REPORT, null);

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
        return new AcpiConfig.Peripherals(!floppies.isEmpty(), printer != null, panicDevice == PanicDevice.ISA);
    }

    public PeripheralConfig withFloppies(List<Disk> diskettes) {
        return new PeripheralConfig(diskettes, printer, speaker, debugConsole, panicDevice, onPanic, watchdog);
    }

    public PeripheralConfig withPrinter(SerialOutput output) {
        return new PeripheralConfig(floppies, output, speaker, debugConsole, panicDevice, onPanic, watchdog);
    }

    public PeripheralConfig withSpeaker(ToneListener listener) {
        return new PeripheralConfig(floppies, printer, listener, debugConsole, panicDevice, onPanic, watchdog);
    }

    public PeripheralConfig withDebugConsole(SerialOutput output) {
        return new PeripheralConfig(floppies, printer, speaker, output, panicDevice, onPanic, watchdog);
    }

    public PeripheralConfig withPanicDevice(PanicDevice device, Reaction reaction) {
        return new PeripheralConfig(floppies, printer, speaker, debugConsole, device, reaction, watchdog);
    }

    public PeripheralConfig withWatchdog(Reaction reaction) {
        return new PeripheralConfig(floppies, printer, speaker, debugConsole, panicDevice, onPanic, reaction);
    }
}
