// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.List;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.Smram;
import org.javisor.machine.acpi.AcpiConfig;
import org.javisor.memory.Chip;
import org.javisor.vmm.Vm;

/// What one kind of board has of its own: the bridges that Intel made for it, and what firmware does with them.
sealed interface Chipset permits Q35Chipset, PcChipset {
    /// Puts the bridges of the board that `config` asks for on `bus`.
    static Chipset of(MachineConfig config, Vm vm, PciBus bus, PirqRouter router, LegacyDevices legacy,
                      BoardMemory memory) {
        Smram smram = config.board().smm() ? memory : Smram.NONE;
        return switch (config.board().model()) {
            case Q35 -> new Q35Chipset(vm, bus, router, legacy, memory, smram);
            case PC -> new PcChipset(vm, bus, router, legacy, memory, smram);
        };
    }

    /// Gives what bridges place its address, has the legacy area be RAM, and routes PIRQs, as firmware does.
    ///
    /// @param pirqIrqs for each PIRQ, A first, one of ISA's interrupts
    void configure(int[] pirqIrqs);

    /// Makes the slot of device `number` on the root bus one for hot-plug, if the board has such.
    default void openSlot(int number) { }

    /// The slots of the root bus for hot-plug.
    default List<HotplugSlot> hotplugSlots() {
        return List.of();
    }

    /// What is on no bus.
    default List<Chip<?>> chips() {
        return List.of();
    }

    /// Takes to its state after power-on what is on no bus.
    default void reset() {
        chips().forEach(Chip::reset);
    }

    /// `acpi`, with what bridges place where firmware has put it.
    AcpiConfig placed(AcpiConfig acpi);
}
