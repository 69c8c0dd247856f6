// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import org.javisor.devices.EightBitDevice;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.MovableRange;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.Chip;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;

/// The IDE function of a PIIX3: two channels at the ports and on the interrupts that PCs have had since the AT, with a
/// bus master each. As a [org.javisor.memory.BusDevice] it is the bus masters' ports.
///
/// @datasheet Intel 82371SB (PIIX3) "IDE Interface Registers (Function 1)"
public final class IdeController implements EightBitDevice, Chip<IdeController.State> {
    /// Function of the device that is the ISA bridge, where there is one of this family.
    public static final int FUNCTION = 1;
    public static final int CHANNELS = 2, DRIVES_PER_CHANNEL = 2;
    public static final int DRIVES = CHANNELS * DRIVES_PER_CHANNEL;
    public static final int BYTES = CHANNELS * BusMaster.BYTES;
    /// The inputs of the PIC that belong to the channels.
    public static final int[] IRQS = {14, 15};

    private static final int[] COMMAND_BLOCKS = {0x1f0, 0x170}, CONTROL_BLOCKS = {0x3f6, 0x376};
    private static final int MASTER_BAR = 4;
    /// Timing of each channel; its highest bit turns the channel's ports on.
    private static final int TIMING = 0x40, TIMING_SLAVE = 0x44, DECODE = 0x8000;
    private static final int IO_SPACE = 1;

    /// Everything that function, channels and drives remember.
    public record State(PciFunction.State function, List<Record> channels) {
        public State {
            if (channels.size() != CHANNELS || !channels.stream().allMatch(IdeChannel.State.class::isInstance)) {
                throw new IllegalArgumentException("an IDE controller with " + channels.size() + " channels");
            }
            channels = List.copyOf(channels);
        }
    }

    private final PciFunction function;
    private final List<IdeChannel> channels = new ArrayList<>();
    private final List<MovableRange> ranges = new ArrayList<>();

    /// @param drives     master and slave of the first channel, then of the second; null where there is none, and what
    ///     is missing at the end
    /// @param memory     the guest's
    /// @param root       the bus that the function will be on
    /// @param ports      where the channels' ports are
    /// @param interrupts the channels' inputs of the interrupt controller, by number
    /// @param workers    gives the executor of a channel; one thread each is enough, and tests may work in place
    public IdeController(List<AtaDevice> drives, GuestMemory memory, PciBus root, IoBus ports,
            IntFunction<InterruptLine> interrupts, IntFunction<Executor> workers) {
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x7010, 0, 0x010180, 0x1af4, 0x1100));
        DmaSpace dma = function.dma(memory);
        for (int n = 0; n < CHANNELS; n++) {
            AtaDevice[] pair = {drive(drives, 2 * n), drive(drives, 2 * n + 1)};
            IdeChannel channel = new IdeChannel(pair, dma, interrupts.apply(IRQS[n]), workers.apply(n));
            channels.add(channel);
            ranges.add(new MovableRange(root, ports, channel, "IDE channel " + n));
            ranges.add(new MovableRange(root, ports, channel.controlBlock(), "IDE channel " + n + ", control"));
        }
        function.addIoBar(MASTER_BAR, BYTES, this, "IDE bus master");
        function.belongsTo(this);
        ConfigSpace config = function.config();
        for (int n = 0; n < CHANNELS; n++) {
            // Differs from the datasheet: the ports are on at reset, for firmware that does not know this chip.
            config.set(TIMING + 2 * n, 2, DECODE);
            config.allow(TIMING + 2 * n, 2, 0xf3ff);
        }
        config.allow(TIMING_SLAVE, 1, 0xff);
        function.onWrite(TIMING, 4, this::decode);
        function.onWrite(ConfigSpace.COMMAND, 2, this::decode);
    }

    private static AtaDevice drive(List<AtaDevice> drives, int number) {
        return number < drives.size() ? drives.get(number) : null;
    }

    /// The function, to be put on a bus.
    public PciFunction function() {
        return function;
    }

    /// Brings the channels' ports in line with the registers that turn them on.
    private void decode() {
        boolean io = (function.readConfig(ConfigSpace.COMMAND, 2) & IO_SPACE) != 0;
        for (int n = 0; n < CHANNELS; n++) {
            boolean on = io && (function.readConfig(TIMING + 2 * n, 2) & DECODE) != 0;
            place(ranges.get(2 * n), on, COMMAND_BLOCKS[n], IdeChannel.PORTS);
            place(ranges.get(2 * n + 1), on, CONTROL_BLOCKS[n], 1);
        }
    }

    private static void place(MovableRange range, boolean on, int port, int count) {
        if (on) {
            range.place(port, count);
        } else {
            range.remove();
        }
    }

    // ---- bus masters ----

    @Override
    public int readByte(int offset) {
        return channels.get(offset / BusMaster.BYTES).readMaster(offset % BusMaster.BYTES);
    }

    @Override
    public void writeByte(int offset, int value) {
        channels.get(offset / BusMaster.BYTES).writeMaster(offset % BusMaster.BYTES, value);
    }

    // ---- life ----

    @Override
    public void reset() {
        channels.forEach(IdeChannel::reset);
        function.reset();
    }

    @Override
    public State save() {
        List<Record> saved = new ArrayList<>();
        channels.forEach(channel -> saved.add(channel.save()));
        return new State(function.save(), saved);
    }

    @Override
    public void load(State state) {
        for (int n = 0; n < CHANNELS; n++) {
            channels.get(n).check((IdeChannel.State) state.channels.get(n));
        }
        function.load(state.function);
        for (int n = 0; n < CHANNELS; n++) {
            channels.get(n).load((IdeChannel.State) state.channels.get(n));
        }
    }
}
