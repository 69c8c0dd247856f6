// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;

/// Hot-plug in the slots of a root bus of conventional PCI, by ACPI: registers that say which slots have been filled
/// and which are to be emptied, for the methods of the DSDT to read, and one by which these eject. What is news raises
/// a general-purpose event.
///
/// @qemu docs/specs/acpi_pci_hotplug.rst
public final class AcpiPciHotplug implements BusDevice, Chip<AcpiPciHotplug.State> {
    public static final int PORT = 0xae00, PORTS = 0x18;
    /// The general-purpose event.
    public static final int EVENT = 1;
    /// Offsets of the registers, 32 bits each, a bit a slot.
    public static final int FILLED = 0, TO_EMPTY = 4, EJECT = 8, REMOVABLE = 0xc, BUS = 0x10;

    /// @param filled  slots that the guest has not yet been told of
    /// @param toEmpty slots that it is to give up
    /// @param bus     the bus that the registers are about; there is only 0
    public record State(int filled, int toEmpty, int bus) { }

    private final PciBus root;
    private final Runnable event;
    private final List<Slot> slots = new ArrayList<>();
    private int filled;
    private int toEmpty;
    private int bus;

    /// @param event raises [#EVENT]
    public AcpiPciHotplug(PciBus root, Runnable event) {
        this.root = root;
        this.event = event;
    }

    /// Makes the slot of device `number` one that may be filled and emptied. Before the machine runs.
    public HotplugSlot addSlot(int number) {
        Slot slot = new Slot(number);
        slots.add(slot);
        return slot;
    }

    /// All that have been made.
    public List<HotplugSlot> slots() {
        return List.copyOf(slots);
    }

    private final class Slot implements HotplugSlot {
        private final int number;
        private Consumer<PciFunction> listener = _ -> { };

        Slot(int number) {
            this.number = number;
        }

        private int bit() {
            return 1 << number;
        }

        @Override
        public String name() {
            return "slot " + number;
        }

        @Override
        public PciFunction occupant() {
            return root.function(0, number << 3);
        }

        @Override
        public boolean isFree() {
            return occupant() == null && (toEmpty() & bit()) == 0;
        }

        @Override
        public void insert(PciFunction function) {
            synchronized (AcpiPciHotplug.this) {
                if (!isFree()) {
                    throw new IllegalStateException(name() + " is occupied");
                }
                root.add(number, 0, function);
                filled |= bit();
            }
            event.run();
        }

        @Override
        public void askForRemoval() {
            synchronized (AcpiPciHotplug.this) {
                if (occupant() == null) {
                    return;
                }
                toEmpty |= bit();
            }
            event.run();
        }

        /// The guest is asked to give the function up nevertheless: that is how it learns.
        @Override
        public void pull() {
            if (eject()) {
                synchronized (AcpiPciHotplug.this) {
                    toEmpty |= bit();
                }
                event.run();
            }
        }

        private boolean eject() {
            PciFunction leaving;
            synchronized (AcpiPciHotplug.this) {
                leaving = occupant();
                filled &= ~bit();
                toEmpty &= ~bit();
                if (leaving == null) {
                    return false;
                }
                root.remove(leaving);
            }
            listener.accept(leaving);
            return true;
        }

        @Override
        public void onEmptied(Consumer<PciFunction> told) {
            listener = told;
        }
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        if (size == 8) {
            return read(offset, 4) & 0xffff_ffffL | read(offset + 4, 4) << 32;
        }
        int value;
        synchronized (this) {
            value = offset == BUS ? bus : bus != 0 ? 0 : switch ((int) offset) {
                case FILLED -> filled;
                case TO_EMPTY -> toEmpty;
                case REMOVABLE -> removable();
                default -> 0;
            };
            if (offset == FILLED && bus == 0 && size == 4) {
                filled = 0;
            }
        }
        return value & 0xffff_ffffL;
    }

    /// The slots that may be filled and emptied, a bit each.
    public int removable() {
        return slots.stream().mapToInt(Slot::bit).reduce(0, (one, other) -> one | other);
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == BUS) {
            synchronized (this) {
                bus = (int) value;
            }
        } else if (offset == EJECT && bus() == 0) {
            for (Slot slot : slots) {
                if (((int) value & slot.bit()) != 0) {
                    slot.eject();
                }
            }
        }
    }

    private synchronized int bus() {
        return bus;
    }

    // ---- life ----

    /// What was to go is gone then.
    @Override
    public void reset() {
        slots.stream().filter(slot -> (toEmpty() & slot.bit()) != 0).forEach(Slot::eject);
        load(new State(0, 0, 0));
    }

    private synchronized int toEmpty() {
        return toEmpty;
    }

    @Override
    public synchronized State save() {
        return new State(filled, toEmpty, bus);
    }

    @Override
    public synchronized void load(State state) {
        filled = state.filled;
        toEmpty = state.toEmpty;
        bus = state.bus;
    }
}
