// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;

/// The display adapter: a PCI function with video memory behind BAR 0 and its registers behind BAR 2, that also has the
/// ports and the window of a VGA, and a ROM with its BIOS.
///
/// @qemu docs/specs/standard-vga.rst
public final class VgaFunction implements Chip<VgaFunction.State>, AutoCloseable {
    private static final int REGISTER_BYTES = 4096;
    /// In BAR 2: ports 0x3c0 to 0x3df, and the registers of the Bochs interface, 16 bits each.
    private static final int PORTS_AT = 0x400, PORTS_BYTES = 0x20, FIRST_PORT = 0x10, VBE_AT = 0x500;

    /// All of it.
    public record State(PciFunction.State function, VgaRegisters.State registers, VbeRegisters.State vbe, int latch,
            byte[] memory) {
        public State {
            if (memory.length != VideoMemory.BYTES) {
                throw new IllegalArgumentException("video memory of " + memory.length + " bytes");
            }
        }
    }

    private final VideoMemory memory;
    private final VgaRegisters registers;
    private final VbeRegisters vbe;
    private final VgaWindow window;
    private final Screen screen;
    private final PciFunction function;

    /// @param slot number of the memory slot that video memory may use
    /// @param bios what the ROM holds; empty for none
    public VgaFunction(GuestMemory guest, int slot, Clock clock, byte[] bios) {
        memory = new VideoMemory(guest, slot);
        registers = new VgaRegisters(clock);
        vbe = new VbeRegisters(memory);
        window = new VgaWindow(registers, vbe, memory);
        screen = new Screen(registers, vbe, memory);
        function = new PciFunction(new PciFunction.Identity(0x1234, 0x1111, 2, 0x030000, 0x1af4, 0x1100));
        function.addPrefetchableBar(0, VideoMemory.BYTES, memory, "video memory");
        function.addMemoryBar(2, REGISTER_BYTES, new RegisterRange(), "display registers");
        if (bios.length > 0) {
            function.addRom(bios, "VGA BIOS");
        }
        function.belongsTo(this);
    }

    /// What a PCI bus gets.
    public PciFunction function() {
        return function;
    }

    /// Puts the ports and the window at their fixed places.
    public void attach(IoBus ports, IoBus mmio) {
        ports.attach(VgaRegisters.PORT, VgaRegisters.PORTS, registers, "VGA");
        ports.attach(VbeRegisters.PORT, VbeRegisters.PORTS, vbe, "VBE");
        mmio.attach(VgaWindow.GPA, VgaWindow.BYTES, window, "VGA window");
    }

    public Screen screen() {
        return screen;
    }

    /// BAR 2: the same registers in memory.
    private final class RegisterRange implements BusDevice {
        @Override
        public long read(long offset, int size) {
            if (offset >= PORTS_AT && offset + size <= PORTS_AT + PORTS_BYTES) {
                return registers.read(offset - PORTS_AT + FIRST_PORT, size);
            }
            if (offset >= VBE_AT && offset < VBE_AT + 2 * VbeRegisters.REGISTERS && size == 2) {
                return vbe.readRegister((int) (offset - VBE_AT) / 2);
            }
            return -1;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (offset >= PORTS_AT && offset + size <= PORTS_AT + PORTS_BYTES) {
                registers.write(offset - PORTS_AT + FIRST_PORT, size, value);
            } else if (offset >= VBE_AT && offset < VBE_AT + 2 * VbeRegisters.REGISTERS && size == 2) {
                vbe.writeRegister((int) (offset - VBE_AT) / 2, (int) value & 0xffff);
            }
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        function.reset();
        registers.reset();
        vbe.reset();
        window.latch(0);
    }

    @Override
    public State save() {
        return new State(function.save(), registers.save(), vbe.save(), window.latch(), memory.toArray());
    }

    @Override
    public void load(State state) {
        function.load(state.function);
        vbe.load(state.vbe);
        registers.load(state.registers);
        window.latch(state.latch);
        memory.fill(state.memory);
    }

    /// Gives video memory back; no vCPU may be running.
    @Override
    public void close() {
        memory.close();
    }
}
