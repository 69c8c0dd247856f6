// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import static org.javisor.devices.net.e1000.Layout.CTRL;
import static org.javisor.devices.net.e1000.Layout.CTRL_LINK_UP;
import static org.javisor.devices.net.e1000.Layout.RCTL;
import static org.javisor.devices.net.e1000.Layout.RCTL_ENABLE;
import static org.javisor.devices.net.e1000.Layout.RCTL_LOOPBACK;
import static org.javisor.devices.net.e1000.Layout.RXDMT0;
import static org.javisor.devices.net.e1000.Layout.RXO;
import static org.javisor.devices.net.e1000.Layout.RXQ0;
import static org.javisor.devices.net.e1000.Layout.RXT0;
import static org.javisor.devices.net.e1000.Layout.RX_QUEUE;
import static org.javisor.devices.net.e1000.Layout.QUEUE_STRIDE;
import static org.javisor.devices.net.e1000.Layout.TCTL;
import static org.javisor.devices.net.e1000.Layout.TCTL_ENABLE;
import static org.javisor.devices.net.e1000.Layout.TCTL_PAD;
import static org.javisor.devices.net.e1000.Layout.TXDW;
import static org.javisor.devices.net.e1000.Layout.TXQ0;
import static org.javisor.devices.net.e1000.Layout.TXQE;
import static org.javisor.devices.net.e1000.Layout.TX_QUEUE;
import static org.javisor.devices.net.e1000.Layout.VET;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.NetworkBackend;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.ExpressCapability;
import org.javisor.devices.pci.Msi;
import org.javisor.devices.pci.Msix;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;

/// A gigabit Ethernet card. As a [BusDevice] it is its memory BAR.
///
/// Frames are sent by a worker, so that a vCPU that moves a tail does no more than wake it; they are received on the
/// backend's threads. One lock guards everything; wires are driven, and frames handed over, without it.
///
/// Cost: a frame that is sent is copied three times, from guest memory, out of the lock, and to the backend's; one that
/// is received twice, and nothing is allocated for it.
public final class E1000 implements BusDevice, Chip<E1000.State>, NetworkBackend.Receiver {
    static final int VENDOR = 0x8086;
    private static final int ETHERNET_CLASS = 0x020000;
    private static final int PORTS_BAR = 2, MSIX_BAR = 3;
    private static final int SHORTEST = 60;
    /// After so many descriptors a worker looks whether it is still wanted.
    private static final int TURN = 4096;

    /// Everything the card remembers.
    ///
    /// @param message  of MSI-X; null for a card without
    /// @param registers those that only hold what was written, counters and ring positions
    /// @param ioAddress what the ports point at
    public record State(PciFunction.State function, Msix.State message, int[] registers, Eeprom.State eeprom, int[] phy,
            Interrupts.State interrupts, List<Transmitter.State> transmitters, int ioAddress) {
        public State {
            if (registers.length != Layout.REGISTERS_END / 4 || phy.length != Phy.REGISTERS) {
                throw new IllegalArgumentException("not the registers of a gigabit card");
            }
            registers = registers.clone();
            phy = phy.clone();
            transmitters = List.copyOf(transmitters);
        }
    }

    private final Object lock = new Object();
    private final NetworkBackend backend;
    private final Executor worker;
    private final PciFunction function;
    private final Msix msix;
    private final Msi msi;
    private final int[] registers = new int[Layout.REGISTERS_END / 4];
    private final Interrupts interrupts;
    private final RegisterFile file;
    private final Receiver receiver;
    private final Statistics statistics = new Statistics(registers);
    private final List<Transmitter> transmitters = new ArrayList<>();
    private final PortWindow ports = new PortWindow(this);
    private final AtomicBoolean scheduled = new AtomicBoolean();
    /// A frame was refused for want of a buffer.
    private boolean refused;

    /// @param worker sends frames; one thread is enough. Tests may send in place.
    public E1000(Model model, MacAddress address, GuestMemory memory, Clock clock, NetworkBackend backend,
            Executor worker) {
        this.backend = backend;
        this.worker = worker;
        function = new PciFunction(new PciFunction.Identity(VENDOR, model.device, model.revision, ETHERNET_CLASS,
                VENDOR, model.device));
        function.addMemoryBar(0, Layout.BAR_BYTES, this, model.driver());
        function.addIoBar(PORTS_BAR, PortWindow.PORTS, ports, model.driver() + " ports");
        function.useIntx(1);
        function.belongsTo(this);
        msi = model.express() ? new Msi(function, 1) : null;
        msix = model.express() ? new Msix(function, MSIX_BAR, Interrupts.VECTORS) : null;
        if (model.express()) {
            ExpressCapability.add(function, this::reset);
        }
        interrupts = new Interrupts(model, clock, new Wires(), lock);
        file = new RegisterFile(model, address, clock, registers, interrupts, statistics);
        Dma dma = new Dma(function.dma(memory));
        Ring[] rings = new Ring[model.queues];
        for (int n = 0; n < model.queues; n++) {
            rings[n] = new Ring(registers, RX_QUEUE + n * QUEUE_STRIDE);
            transmitters.add(new Transmitter(new Ring(registers, TX_QUEUE + n * QUEUE_STRIDE), dma));
        }
        if (model.express()) {
            msi.onSwitch(interrupts::deliver);
            msix.onSwitch(interrupts::deliver);
        }
        receiver = new Receiver(registers, rings, dma, statistics);
        function.onWrite(ConfigSpace.COMMAND, 2, this::wake);
        file.reset();
        backend.connect(this);
    }

    /// The function, to be put on a bus.
    public PciFunction function() {
        return function;
    }

    /// Adds what firmware runs to boot from the network. Before the function joins a bus.
    public void addRom(byte[] content) {
        function.addRom(content, "boot ROM");
    }

    // ---- the memory BAR ----

    @Override
    public long read(long offset, int size) {
        if (size == 8) {
            return read(offset, 4) | read(offset + 4, 4) << 32;
        }
        int value;
        synchronized (lock) {
            value = file.read((int) offset & ~3);
        }
        if (((int) offset & ~3) == Layout.ICR) {
            interrupts.deliver();
        }
        return (value & 0xffff_ffffL) >>> 8 * (offset & 3);
    }

    /// Registers are written whole: what is smaller, or lies across two, is ignored.
    @Override
    public void write(long offset, int size, long value) {
        if (size == 8) {
            write(offset, 4, value & 0xffff_ffffL);
            write(offset + 4, 4, value >>> 32);
            return;
        }
        if (size != 4 || (offset & 3) != 0) {
            return;
        }
        RegisterFile.Effect effect;
        synchronized (lock) {
            effect = file.write((int) offset, (int) value);
            if (effect == RegisterFile.Effect.RESET) {
                resetCard();
            }
        }
        interrupts.deliver();
        if (effect == RegisterFile.Effect.TRANSMIT || effect == RegisterFile.Effect.RECEIVE) {
            wake();
        }
    }

    // ---- sending ----

    private void wake() {
        if (scheduled.compareAndSet(false, true)) {
            try {
                worker.execute(this::work);
            } catch (RejectedExecutionException _) {
                // The machine is being taken down.
                scheduled.set(false);
            }
        }
    }

    private void work() {
        scheduled.set(false);
        boolean resume;
        synchronized (lock) {
            resume = refused && mayReceive();
            refused &= !resume;
        }
        if (resume) {
            backend.resume();
        }
        int turn = TURN;
        for (int n = 0; n < transmitters.size(); n++) {
            while (turn > 0 && sendOne(n)) {
                turn--;
            }
        }
        interrupts.deliver();
        if (turn == 0) {
            wake();
        }
    }

    /// Takes descriptors up to the end of a packet and sends that.
    ///
    /// @return whether there may be more
    private boolean sendOne(int queue) {
        Transmitter transmitter = transmitters.get(queue);
        Frames frames = new Frames();
        synchronized (lock) {
            if ((registers[TCTL >>> 2] & TCTL_ENABLE) == 0 || !linked() || !function.busMaster()) {
                return false;
            }
            Transmitter.Taken taken = transmitter.take((reported, emptied) -> interrupts.raise(
                    (reported ? TXDW | TXQ0 << queue : 0) | (emptied ? TXQE : 0)));
            if (taken != Transmitter.Taken.PACKET) {
                return taken == Transmitter.Taken.PART;
            }
            int moved = transmitter.moved();
            transmitter.insertTag(registers[VET >>> 2] & 0xffff);
            transmitter.finish(frames, moved);
            transmitter.next();
        }
        frames.send();
        return true;
    }

    /// The frames of a packet, kept until the lock is free.
    private final class Frames implements Offload.Output {
        private final List<byte[]> frames = new ArrayList<>(1);
        private boolean loop;

        @Override
        public void send(byte[] frame, int length) {
            int bytes = length < SHORTEST && (registers[TCTL >>> 2] & TCTL_PAD) != 0 ? SHORTEST : length;
            if (bytes < 14 || bytes > NetworkBackend.MAX_FRAME) {
                return;
            }
            byte[] copy = new byte[bytes];
            System.arraycopy(frame, 0, copy, 0, length);
            statistics.sent(copy, bytes);
            frames.add(copy);
            loop = (registers[RCTL >>> 2] & RCTL_LOOPBACK) != 0 || file.phyLoopback();
        }

        void send() {
            for (byte[] frame : frames) {
                if (loop) {
                    receive(frame, frame.length);
                } else {
                    backend.send(frame, frame.length);
                }
            }
        }
    }

    // ---- receiving ----

    @Override
    public boolean receive(byte[] frame, int length) {
        Receiver.Outcome outcome;
        synchronized (lock) {
            if (!mayReceive()) {
                return true;
            }
            outcome = receiver.receive(frame, length);
            if (outcome == Receiver.Outcome.STORED) {
                interrupts.raise(RXT0 | RXQ0 << receiver.queue() | (receiver.running() ? RXDMT0 : 0));
            } else if (outcome == Receiver.Outcome.NO_BUFFER) {
                refused = true;
                interrupts.raise(RXO);
            }
        }
        interrupts.deliver();
        return outcome != Receiver.Outcome.NO_BUFFER;
    }

    private boolean mayReceive() {
        return (registers[RCTL >>> 2] & RCTL_ENABLE) != 0 && linked() && function.busMaster();
    }

    private boolean linked() {
        return (registers[CTRL >>> 2] & CTRL_LINK_UP) != 0;
    }

    // ---- interrupts ----

    private final class Wires implements Interrupts.Wires {
        @Override
        public boolean messages() {
            return separateMessages() || msi != null && msi.enabled();
        }

        @Override
        public boolean separateMessages() {
            return msix != null && msix.enabled();
        }

        @Override
        public void line(boolean level) {
            function.intx(level);
        }

        @Override
        public void message(int vector) {
            if (separateMessages()) {
                msix.trigger(vector);
            } else {
                msi.trigger(0);
            }
        }
    }

    // ---- life ----

    private void resetCard() {
        Arrays.fill(registers, 0);
        interrupts.reset();
        transmitters.forEach(Transmitter::reset);
        refused = false;
        file.reset();
    }

    @Override
    public void reset() {
        synchronized (lock) {
            resetCard();
            file.powerOn();
        }
        ports.address(0);
        if (msix != null) {
            msix.reset();
        }
        function.reset();
        interrupts.deliver();
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(function.save(), msix == null ? null : msix.save(), registers, file.eeprom().save(),
                    file.phy().save(), interrupts.save(), transmitters.stream().map(Transmitter::save).toList(),
                    ports.address());
        }
    }

    @Override
    public void load(State state) {
        if (state.transmitters.size() != transmitters.size() || (state.message == null) != (msix == null)) {
            throw new IllegalArgumentException("the state of another card");
        }
        if (msix != null) {
            msix.load(state.message);
        }
        synchronized (lock) {
            System.arraycopy(state.registers, 0, registers, 0, registers.length);
            file.eeprom().load(state.eeprom);
            file.phy().load(state.phy);
            interrupts.load(state.interrupts);
            for (int n = 0; n < transmitters.size(); n++) {
                transmitters.get(n).load(state.transmitters.get(n));
            }
        }
        ports.address(state.ioAddress);
        function.load(state.function);
        interrupts.deliver();
        wake();
    }
}
