// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.javisor.devices.Worker;
import org.javisor.devices.pci.FunctionWires;
import org.javisor.devices.usb.UsbDevice;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// The registers and doorbells of an xHCI controller, and the worker that does what they ask for. As a [BusDevice] it
/// is BAR 0.
///
/// A virtual processor that writes a register waits for no transfer. Locks, outermost first: `engine`, which the worker
/// holds while it works; a device's; a port's, an interrupter's or the operational registers'.
///
/// @xhci 1.1 §4 "Operational Model", §5 "Register Interface"
public final class XhciController implements BusDevice, Chip<XhciController.State> {
    /// After so many transfers or commands others on the same thread get their turn.
    private static final int TURN = 256;
    private static final int FRAME_NANOS = 125_000, FRAMES = 0x3fff;

    /// The registers, and what is behind them.
    ///
    /// @param doorbells endpoints whose doorbell has been rung, a bit for each, for every slot
    /// @param ready     endpoints that may go on, for every port
    /// @param devices   those on the ports, in order
    public record State(OperationalRegisters.State registers, RingReader.State commandRing, List<Integer> doorbells,
                        List<Integer> ready, List<Slot.State> slots, List<RootPort.State> ports,
                        List<Interrupter.State> interrupters, List<Record> devices) {
        public State {
            if (doorbells.size() != XhciLayout.MAX_SLOTS + 1 || ready.size() != XhciLayout.MAX_PORTS
                    || ports.size() != XhciLayout.MAX_PORTS || interrupters.size() != XhciLayout.MAX_INTERRUPTERS
                    || slots.stream().map(Slot.State::id).distinct().count() != slots.size()) {
                throw new IllegalArgumentException("an xHCI controller with other ports, slots or interrupters");
            }
            doorbells = List.copyOf(doorbells);
            ready = List.copyOf(ready);
            slots = List.copyOf(slots);
            ports = List.copyOf(ports);
            interrupters = List.copyOf(interrupters);
            devices = List.copyOf(devices);
        }
    }

    private final Clock clock;
    private final DmaSpace memory;
    private final FunctionWires wires;
    private final RootPort[] ports = new RootPort[XhciLayout.MAX_PORTS];
    private final OperationalRegisters registers = new OperationalRegisters();
    private final Events events;
    private final AtomicIntegerArray doorbells = new AtomicIntegerArray(XhciLayout.MAX_SLOTS + 1);
    private final AtomicIntegerArray ready = new AtomicIntegerArray(XhciLayout.MAX_PORTS);
    private final Slots slots;
    private final CommandRing commands;
    private final Worker worker;
    private final Object engine = new Object();

    XhciController(DmaSpace memory, Clock clock, Executor executor, FunctionWires wires) {
        this.memory = memory;
        this.clock = clock;
        this.wires = wires;
        for (int i = 0; i < ports.length; i++) {
            ports[i] = new RootPort(i < XhciLayout.PORTS_OF_EACH);
        }
        events = new Events(memory, registers, wires);
        slots = new Slots(memory, ports, events::transfer);
        commands = new CommandRing(memory, slots);
        worker = new Worker(executor, this::turn);
    }

    /// Plugs a device into the first free port of its speed.
    ///
    /// @return the port's number, from 1 on
    /// @throws IllegalArgumentException if there is none
    int plug(UsbDevice device) {
        int first = device.speed() == UsbDevice.Speed.SUPER ? 0 : XhciLayout.PORTS_OF_EACH;
        for (int i = first; i < first + XhciLayout.PORTS_OF_EACH; i++) {
            if (ports[i].device() == null) {
                int port = i;
                ports[i].plug(device);
                device.listener(address -> {
                    int bit = 1 << (address & 0xf) * 2 + (address >>> 7);
                    ready.getAndUpdate(port, bits -> bits | bit);
                    worker.wake();
                });
                worker.wake();
                return i + 1;
            }
        }
        throw new IllegalArgumentException("no free USB port");
    }

    /// Pulls a device out, if it is in.
    void unplug(UsbDevice device) {
        for (RootPort port : ports) {
            if (port.device() == device) {
                device.listener(null);
                port.plug(null);
                worker.wake();
            }
        }
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        int at = (int) offset & ~3;
        long low = readWord(at) & 0xffff_ffffL;
        int shift = 8 * ((int) offset & 3);
        return shift + 8 * size <= 32 ? low >>> shift
                : (shift == 0 ? low : low >>> shift) | (long) readWord(at + 4) << 32 - shift;
    }

    @Override
    public void write(long offset, int size, long value) {
        if ((offset & 3) != 0 || size < 4) {
            return;
        }
        boolean aborts = size == 8 && offset == XhciLayout.CRCR && registers.commandRingRuns();
        writeWord((int) offset, (int) value);
        if (size == 8 && !aborts) {
            writeWord((int) offset + 4, (int) (value >>> 32));
        }
    }

    private int readWord(int at) {
        if (at >= XhciLayout.DOORBELLS) {
            return 0;
        }
        if (at >= XhciLayout.INTERRUPTERS) {
            return events.read(at - XhciLayout.INTERRUPTERS);
        }
        if (at == XhciLayout.RUNTIME) {
            return (int) (clock.nanos() / FRAME_NANOS) & FRAMES;
        }
        int port = (at - XhciLayout.PORTS) / XhciLayout.PORT_BYTES;
        if (at >= XhciLayout.PORTS && port < ports.length) {
            return ports[port].read(at & XhciLayout.PORT_BYTES - 1);
        }
        return at >= XhciLayout.OPERATIONAL && at < XhciLayout.EXTENDED ? registers.read(at) : Capabilities.read(at);
    }

    private void writeWord(int at, int value) {
        if (at >= XhciLayout.DOORBELLS) {
            ring((at - XhciLayout.DOORBELLS) >>> 2, value);
            return;
        }
        if (at >= XhciLayout.INTERRUPTERS) {
            if (events.write(at - XhciLayout.INTERRUPTERS, value)) {
                worker.wake();
            }
            return;
        }
        int port = (at - XhciLayout.PORTS) / XhciLayout.PORT_BYTES;
        if (at >= XhciLayout.PORTS && port < ports.length) {
            ports[port].write(at & XhciLayout.PORT_BYTES - 1, value);
        } else if (at >= XhciLayout.OPERATIONAL && at < XhciLayout.PORTS) {
            registers.write(at, value);
            events.signal();
        }
        worker.wake();
    }

    private void ring(int slot, int value) {
        int target = value & 0xff;
        if (slot == 0 && target == 0) {
            registers.ringCommands();
        } else if (slot > 0 && slot < doorbells.length() && target > 0 && target < XhciLayout.ENDPOINTS) {
            int bit = 1 << target;
            doorbells.getAndUpdate(slot, bits -> bits | bit);
        } else {
            return;
        }
        worker.wake();
    }

    // ---- the worker ----

    private void tellPorts() {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i].takeUntold()) {
                registers.raise(XhciLayout.STS_PORT_CHANGE);
                events.port(i + 1);
            }
        }
    }

    /// Messages have taken the place of the pin, or given it back.
    void signal() {
        events.signal();
    }

    /// The guest may have let the controller reach memory.
    void mayReachMemory() {
        worker.wake();
    }

    private boolean turn() {
        boolean more;
        synchronized (engine) {
            more = work();
        }
        events.signal();
        return more;
    }

    private boolean work() {
        resetIfWanted();
        boolean running = registers.settle(commands.ring());
        for (RootPort port : ports) {
            port.work();
        }
        if (!running || !wires.busMaster()) {
            return false;
        }
        int translations = memory.begin();
        try {
            tellPorts();
            return events.room() && (workOnCommands() || workOnEndpoints());
        } catch (OutOfRangeException _) {
            registers.fail();
            return false;
        } finally {
            memory.end(translations);
        }
    }

    /// @return whether there is more to do
    private boolean workOnCommands() {
        if (registers.takeCommandStop()) {
            events.command(commands.ring().pointerAndCycle() & -XhciLayout.TRB_BYTES,
                    XhciLayout.COMMAND_RING_STOPPED, 0);
        }
        if (!registers.takeCommandDoorbell()) {
            return false;
        }
        for (int n = 0; n < TURN; n++) {
            if (!events.room()) {
                registers.keepCommandDoorbell();
                return false;
            }
            CommandRing.Completion completion = commands.work(registers.slotLimit(), registers.contexts());
            if (completion == null) {
                return false;
            }
            events.command(commands.address(), completion.code(), completion.slot());
        }
        registers.keepCommandDoorbell();
        return true;
    }

    private boolean workOnEndpoints() {
        collectReady();
        boolean more = false;
        for (int slot = 1; slot < doorbells.length(); slot++) {
            int rung = doorbells.getAndSet(slot, 0);
            while (rung != 0) {
                int number = Integer.numberOfTrailingZeros(rung);
                rung &= rung - 1;
                if (workOn(slot, number)) {
                    int bit = 1 << number;
                    doorbells.getAndUpdate(slot, bits -> bits | bit);
                    more = true;
                }
            }
        }
        return more && events.room();
    }

    /// A device that has something to give counts as one whose doorbell has been rung, as far as endpoints run.
    private void collectReady() {
        for (int port = 0; port < ports.length; port++) {
            int bits = ready.getAndSet(port, 0);
            for (int id = 1; bits != 0 && id <= XhciLayout.MAX_SLOTS; id++) {
                Slot slot = slots.get(id);
                if (slot != null && slot.port() == port + 1) {
                    int runnable = slot.running(bits);
                    doorbells.getAndUpdate(id, rung -> rung | runnable);
                }
            }
        }
    }

    /// @return whether there might be more to do
    private boolean workOn(int id, int number) {
        Slot slot = slots.get(id);
        Endpoint endpoint = slot == null ? null : slot.endpoint(number);
        if (endpoint == null) {
            return false;
        }
        if (endpoint.state() == Endpoint.STOPPED) {
            endpoint.state(Endpoint.RUNNING);
            slot.tell(endpoint);
        }
        for (int n = 0; n < TURN; n++) {
            if (!events.room()) {
                return true;
            }
            if (!slots.work(id, number)) {
                return false;
            }
        }
        return true;
    }

    // ---- life ----

    private void resetIfWanted() {
        if (registers.wantsReset()) {
            resetAll();
        }
    }

    /// Under the engine.
    private void resetAll() {
        slots.reset();
        for (int i = 0; i < doorbells.length(); i++) {
            doorbells.set(i, 0);
        }
        for (int i = 0; i < ports.length; i++) {
            ready.set(i, 0);
            UsbDevice device = ports[i].device();
            if (device != null) {
                device.reset();
            }
            ports[i].reset();
        }
        events.reset();
        commands.ring().set(0);
        registers.reset();
    }

    @Override
    public void reset() {
        synchronized (engine) {
            resetAll();
        }
        events.signal();
    }

    @Override
    public State save() {
        synchronized (engine) {
            List<RootPort.State> portStates = new ArrayList<>();
            List<Record> devices = new ArrayList<>();
            for (RootPort port : ports) {
                portStates.add(port.save());
                if (port.device() != null) {
                    devices.add(port.device().save());
                }
            }
            return new State(registers.save(), commands.ring().save(), list(doorbells), list(ready), slots.save(),
                    portStates, events.save(), devices);
        }
    }

    private static List<Integer> list(AtomicIntegerArray bits) {
        List<Integer> list = new ArrayList<>();
        for (int i = 0; i < bits.length(); i++) {
            list.add(bits.get(i));
        }
        return list;
    }

    /// Whether a state can be that of such a controller, with these devices on its ports.
    void check(State state) {
        int next = 0;
        for (int i = 0; i < ports.length; i++) {
            ports[i].check(state.ports.get(i));
            UsbDevice device = ports[i].device();
            if (device != null) {
                if (next == state.devices.size()) {
                    throw new IllegalArgumentException(next + " USB devices");
                }
                device.check(state.devices.get(next++));
            }
        }
    }

    @Override
    public void load(State state) {
        check(state);
        synchronized (engine) {
            slots.load(state.slots);
            int next = 0;
            for (int i = 0; i < ports.length; i++) {
                ports[i].load(state.ports.get(i));
                ready.set(i, state.ready.get(i));
                if (ports[i].device() != null) {
                    ports[i].device().restore(state.devices.get(next++));
                }
            }
            for (int i = 0; i < doorbells.length(); i++) {
                doorbells.set(i, state.doorbells.get(i));
            }
            events.load(state.interrupters);
            commands.ring().load(state.commandRing);
            registers.load(state.registers);
        }
        events.signal();
        worker.wake();
    }
}
