// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.util.concurrent.Executor;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.ExpressCapability;
import org.javisor.devices.pci.FunctionWires;
import org.javisor.devices.pci.Msix;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;

/// An NVM Express controller as a PCI function. As a [BusDevice] it is its registers.
///
/// @nvme 1.4 §2 "System Bus (PCI Express) Registers"
public final class NvmeFunction implements BusDevice, Chip<NvmeFunction.State> {
    /// How many I/O queue pairs there can be.
    public static final int MAX_QUEUES = 64;
    private static final int REGISTERS_BAR = 0, MSIX_BAR = 4;
    /// A number for experiments, which no driver knows: they go by the class. Some have workarounds for QEMU's.
    private static final int VENDOR = 0x1af4, DEVICE = 0x10f0, SUBSYSTEM = 0x1100;
    private static final int CLASS = 0x01_08_02;

    /// Everything that function and controller remember.
    public record State(PciFunction.State function, Msix.State msix, NvmeController.State controller) { }

    private final PciFunction function;
    private final Msix msix;
    private final NvmeController controller;

    /// @param memory   the guest's, which queues and data are in
    /// @param serial   what the guest reads as serial number, the first 20 characters of it
    /// @param queues   how many pairs of I/O queues, 1 to [#MAX_QUEUES]; one for each processor is best
    /// @param executor does the work; its threads are what queues are served on in parallel
    public NvmeFunction(GuestMemory memory, BlockBackend backend, String serial, int queues, Clock clock,
                        Executor executor) {
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new IllegalArgumentException(queues + " NVMe queues");
        }
        function = new PciFunction(new PciFunction.Identity(VENDOR, DEVICE, 1, CLASS, VENDOR, SUBSYSTEM));
        msix = new Msix(function, MSIX_BAR, queues + 1);
        IdentifyPages identity = new IdentifyPages(VENDOR, VENDOR, serial, IoCommands.blocks(backend),
                backend.readOnly());
        controller = new NvmeController(function.dma(memory), backend, identity, queues, clock, executor,
                new FunctionWires(function, msix));
        function.addMemory64Bar(REGISTERS_BAR, NvmeLayout.BAR_BYTES, controller, "NVMe");
        function.useIntx(1);
        function.belongsTo(this);
        ExpressCapability.add(function, this::reset);
        // Commands may have waited for the guest to let the controller reach memory.
        function.onWrite(ConfigSpace.COMMAND, 2, controller::mayReachMemory);
        // Messages may have taken the place of the pin, or given it back.
        msix.onSwitch(controller::switched);
    }

    /// The function, to be put on a bus.
    public PciFunction function() {
        return function;
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
