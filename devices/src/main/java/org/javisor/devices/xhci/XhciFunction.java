// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import java.util.concurrent.Executor;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.ExpressCapability;
import org.javisor.devices.pci.FunctionWires;
import org.javisor.devices.pci.Msix;
import org.javisor.devices.pci.PciFunction;
import org.javisor.devices.usb.UsbDevice;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;

/// An xHCI controller as a PCI function. As a [BusDevice] it is its registers.
///
/// @xhci 1.1 §5.2 "PCI Configuration Registers (USB)"
public final class XhciFunction implements BusDevice, Chip<XhciFunction.State> {
    /// How many SuperSpeed devices it takes.
    public static final int SUPER_SPEED_PORTS = XhciLayout.PORTS_OF_EACH;
    private static final int REGISTERS_BAR = 0, MSIX_BAR = 4;
    /// QEMU's generic one, for which no driver has workarounds.
    private static final int VENDOR = 0x1b36, DEVICE = 0x000d, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100;
    private static final int CLASS = 0x0c_03_30;
    private static final int SERIAL_BUS_RELEASE = 0x60, FRAME_LENGTH = 0x61, USB_3 = 0x30, NO_ADJUSTMENT = 0x20;

    /// Everything that function, controller and devices remember.
    public record State(PciFunction.State function, Msix.State msix, XhciController.State controller) { }

    private final PciFunction function;
    private final Msix msix;
    private final XhciController controller;

    /// @param memory   the guest's, which rings and data are in
    /// @param executor does the work; one thread is enough
    public XhciFunction(GuestMemory memory, Clock clock, Executor executor) {
        function = new PciFunction(
                new PciFunction.Identity(VENDOR, DEVICE, 1, CLASS, SUBSYSTEM_VENDOR, SUBSYSTEM));
        function.config().set(SERIAL_BUS_RELEASE, 1, USB_3);
        function.config().set(FRAME_LENGTH, 1, NO_ADJUSTMENT);
        function.config().capabilitiesFrom(FRAME_LENGTH + 3);
        msix = new Msix(function, MSIX_BAR, XhciLayout.MAX_INTERRUPTERS);
        controller = new XhciController(function.dma(memory), clock, executor, new FunctionWires(function, msix));
        function.addMemory64Bar(REGISTERS_BAR, XhciLayout.BAR_BYTES, controller, "xHCI");
        function.useIntx(1);
        function.belongsTo(this);
        ExpressCapability.add(function, this::reset);
        function.onWrite(ConfigSpace.COMMAND, 2, controller::mayReachMemory);
        // Messages may have taken the place of the pin, or given it back.
        msix.onSwitch(controller::signal);
    }

    /// The function, to be put on a bus.
    public PciFunction function() {
        return function;
    }

    /// Plugs a device into the first free port of its speed. Any thread.
    ///
    /// @return the port's number, from 1 on
    /// @throws IllegalArgumentException if there is none
    public int plug(UsbDevice device) {
        return controller.plug(device);
    }

    /// Pulls a device out, if it is in. Any thread.
    public void unplug(UsbDevice device) {
        controller.unplug(device);
    }

    @Override
    public long read(long offset, int size) {
        return controller.read(offset, size);
    }

    @Override
    public void write(long offset, int size, long value) {
        controller.write(offset, size, value);
    }

    @Override
    public void reset() {
        controller.reset();
        msix.reset();
        function.reset();
    }

    @Override
    public State save() {
        return new State(function.save(), msix.save(), controller.save());
    }

    @Override
    public void load(State state) {
        controller.check(state.controller);
        msix.load(state.msix);
        function.load(state.function);
        controller.load(state.controller);
    }
}
