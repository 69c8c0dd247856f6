// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import static org.javisor.devices.xhci.XhciLayout.CMD_INTERRUPTS;
import static org.javisor.devices.xhci.XhciLayout.CMD_RESET;
import static org.javisor.devices.xhci.XhciLayout.CMD_RUN;
import static org.javisor.devices.xhci.XhciLayout.CR_RUNNING;
import static org.javisor.devices.xhci.XhciLayout.STS_HALTED;
import static org.javisor.devices.xhci.XhciLayout.STS_INTERRUPT;
import static org.javisor.devices.xhci.XhciLayout.STS_PORT_CHANGE;
import static org.javisor.devices.xhci.XhciLayout.STS_SYSTEM_ERROR;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.javisor.devices.Worker;
import org.javisor.devices.usb.UsbDevice;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// The registers and doorbells of an xHCI controller, and the worker that does what they ask for. As a [BusDevice] it
/// is BAR 0.
///
/// A virtual processor that writes a register waits for no transfer. Locks, outermost first: `engine`, which the worker
/// holds while it works; a device's; a port's, an interrupter's or `this`, which guards the operational registers.
///
/// @xhci 1.1 §4 "Operational Model", §5 "Register Interface"
public final class XhciController implements BusDevice, Chip<XhciController.State> {
    /// After so many transfers or commands others on the same thread get their turn.
    private static final int TURN = 256;
    private static final int FRAME_NANOS = 125_000, FRAMES = 0x3fff;
    private static final int COMMAND_BITS = 0xd | XhciLayout.CMD_WRAP_EVENTS;
    private static final int EVENT_DATA_BIT = 4, TYPE_SHIFT = 10, CODE_SHIFT = 24;

    /// What the PCI function does for the controller.
    interface Wires {
        boolean busMaster();

        /// Whether messages take the place of the pin.
        boolean messages();

        void message(int vector);

        void pin(boolean level);
    }

    /// The registers of these names, and what is behind them.
    ///
    /// @param commandPointer what the driver has written to CRCR last
    /// @param commandMoved   whether the worker has not taken it over
    /// @param commandState   bits CS, CA and CRR of CRCR
    /// @param doorbells      endpoints whose doorbell has been rung, a bit for each, for every slot
    /// @param ready          endpoints that may go on, for every port
    /// @param devices        those on the ports, in order
    public record State(int command, int status, int notifications, long commandPointer, boolean commandMoved,
                        int commandState, boolean commandDoorbell, long contexts, int config,
                                RingReader.State commandRing,
                        List<Integer> doorbells, List<Integer> ready, List<Slot.State> slots,
                        List<RootPort.State> ports, List<Interrupter.State> interrupters, List<Record> devices) {
        public State {
            if ((command & ~(COMMAND_BITS | CMD_RESET)) != 0 || (config & ~0xff) != 0 || (contexts & 0x3f) != 0
                    || doorbells.size() != XhciLayout.MAX_SLOTS + 1 || ready.size() != XhciLayout.MAX_PORTS
                    || ports.size() != XhciLayout.MAX_PORTS || interrupters.size() != XhciLayout.MAX_INTERRUPTERS
                    || slots.stream().map(Slot.State::id).distinct().count() != slots.size()) {
                throw new IllegalArgumentException("xHCI registers with bits that they do not have");
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
    private final Wires wires;
    private final RootPort[] ports = new RootPort[XhciLayout.MAX_PORTS];
    private final Interrupter[] interrupters = new Interrupter[XhciLayout.MAX_INTERRUPTERS];
    private final AtomicIntegerArray doorbells = new AtomicIntegerArray(XhciLayout.MAX_SLOTS + 1);
    private final AtomicIntegerArray ready = new AtomicIntegerArray(XhciLayout.MAX_PORTS);
    private final Slots slots;
    private final CommandRing commands;
    private final Worker worker;
    private final Object engine = new Object();

    private int command;
    private int status = STS_HALTED;
    private int notifications;
    private long commandPointer;
    private boolean commandMoved;
    private int commandState;
    private boolean commandDoorbell;
    private long contexts;
    private int config;

    XhciController(GuestMemory memory, Clock clock, Executor executor, Wires wires) {
        this.clock = clock;
        this.wires = wires;
        for (int i = 0; i < ports.length; i++) {
            ports[i] = new RootPort(i < XhciLayout.PORTS_OF_EACH);
        }
        Arrays.setAll(interrupters, _ -> new Interrupter(memory));
        slots = new Slots(memory, ports, this::transferEvent);
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
        boolean aborts = size == 8 && offset == XhciLayout.CRCR && commandRingRuns();
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
            int n = (at - XhciLayout.INTERRUPTERS) / XhciLayout.INTERRUPTER_BYTES;
            return n < interrupters.length ? interrupters[n].read(at & XhciLayout.INTERRUPTER_BYTES - 1) : 0;
        }
        if (at == XhciLayout.RUNTIME) {
            return (int) (clock.nanos() / FRAME_NANOS) & FRAMES;
        }
        int port = (at - XhciLayout.PORTS) / XhciLayout.PORT_BYTES;
        if (at >= XhciLayout.PORTS && port < ports.length) {
            return ports[port].read(at & XhciLayout.PORT_BYTES - 1);
        }
        return at >= XhciLayout.OPERATIONAL && at < XhciLayout.EXTENDED ? readOperational(at) : Capabilities.read(at);
    }

    private synchronized int readOperational(int at) {
        return switch (at) {
            case XhciLayout.USBCMD -> command;
            case XhciLayout.USBSTS -> status;
            case XhciLayout.PAGESIZE -> 1;
            case XhciLayout.DNCTRL -> notifications;
            case XhciLayout.CRCR -> commandState & CR_RUNNING;
            case XhciLayout.DCBAAP -> (int) contexts;
            case XhciLayout.DCBAAP + 4 -> (int) (contexts >>> 32);
            case XhciLayout.CONFIG -> config;
            default -> 0;
        };
    }

    private void writeWord(int at, int value) {
        if (at >= XhciLayout.DOORBELLS) {
            ring((at - XhciLayout.DOORBELLS) >>> 2, value);
            return;
        }
        if (at >= XhciLayout.INTERRUPTERS) {
            writeInterrupter((at - XhciLayout.INTERRUPTERS) / XhciLayout.INTERRUPTER_BYTES,
                    at & XhciLayout.INTERRUPTER_BYTES - 1, value);
            return;
        }
        int port = (at - XhciLayout.PORTS) / XhciLayout.PORT_BYTES;
        if (at >= XhciLayout.PORTS && port < ports.length) {
            ports[port].write(at & XhciLayout.PORT_BYTES - 1, value);
        } else if (at >= XhciLayout.OPERATIONAL && at < XhciLayout.PORTS) {
            writeOperational(at, value);
            signal();
        }
        worker.wake();
    }

    private synchronized void writeOperational(int at, int value) {
        switch (at) {
            case XhciLayout.USBCMD -> {
                command = command & CMD_RESET | value & (COMMAND_BITS | CMD_RESET);
                if ((value & XhciLayout.CMD_RESTORE) != 0) {
                    // There is nothing that was saved.
                    status |= XhciLayout.STS_RESTORE_ERROR;
                }
            }
            case XhciLayout.USBSTS -> status &= ~(value & XhciLayout.STS_CLEARABLE);
            case XhciLayout.DNCTRL -> notifications = value & 0xffff;
            case XhciLayout.CRCR -> writeCommandRing(value);
            case XhciLayout.CRCR + 4 -> {
                // A driver that writes halves says nothing new with the second when it stops the ring.
                if ((commandState & CR_RUNNING) == 0 && value != (int) (commandPointer >>> 32)) {
                    commandPointer = commandPointer & 0xffff_ffffL | (long) value << 32;
                    commandMoved = true;
                }
            }
            case XhciLayout.DCBAAP -> contexts = contexts & 0xffff_ffff_0000_0000L | value & 0xffff_ffc0L;
            case XhciLayout.DCBAAP + 4 -> contexts = contexts & 0xffff_ffffL | (long) value << 32;
            case XhciLayout.CONFIG -> config = value & 0xff;
            default -> { }
        }
    }

    /// While it does, nothing can be written but that it is to stop.
    private synchronized boolean commandRingRuns() {
        return (commandState & CR_RUNNING) != 0;
    }

    private void writeCommandRing(int value) {
        if ((commandState & CR_RUNNING) != 0) {
            commandState |= value & (XhciLayout.CR_STOP | XhciLayout.CR_ABORT);
        } else {
            commandPointer = commandPointer & 0xffff_ffff_0000_0000L | value & 0xffff_ffc1L;
            commandMoved = true;
        }
    }

    private void writeInterrupter(int n, int at, int value) {
        if (n >= interrupters.length) {
            return;
        }
        boolean moved = interrupters[n].write(at, value);
        try {
            if (moved && interrupters[n].tellAgain()) {
                raise(STS_INTERRUPT);
            }
        } catch (OutOfRangeException _) {
            fail();
        }
        signal();
        if (moved && interrupters[n].full()) {
            worker.wake();
        }
    }

    private void ring(int slot, int value) {
        int target = value & 0xff;
        if (slot == 0 && target == 0) {
            synchronized (this) {
                commandDoorbell = true;
                commandState |= (command & CMD_RUN) != 0 ? CR_RUNNING : 0;
            }
        } else if (slot > 0 && slot < doorbells.length() && target > 0 && target < XhciLayout.ENDPOINTS) {
            int bit = 1 << target;
            doorbells.getAndUpdate(slot, bits -> bits | bit);
        } else {
            return;
        }
        worker.wake();
    }

    // ---- interrupts ----

    private synchronized void raise(int bits) {
        status |= bits;
    }

    /// Sends messages that are due, or drives the pin.
    void signal() {
        boolean messages = wires.messages();
        for (int i = 0; i < interrupters.length && messages && enabled(); i++) {
            if (interrupters[i].pending()) {
                interrupters[i].sent();
                wires.message(i);
            }
        }
        // Looks again after driving: of two threads, the last to drive leaves the right level.
        boolean level;
        do {
            level = wantsPin();
            wires.pin(level);
        } while (level != wantsPin());
    }

    private synchronized boolean enabled() {
        return (command & CMD_INTERRUPTS) != 0;
    }

    private boolean wantsPin() {
        if (!enabled() || wires.messages()) {
            return false;
        }
        for (Interrupter interrupter : interrupters) {
            if (interrupter.pending()) {
                return true;
            }
        }
        return false;
    }

    // ---- events ----

    private void post(int interrupter, long parameter, int eventStatus, int control, boolean blocked) {
        if (interrupters[interrupter].post(parameter, eventStatus, control, blocked)) {
            raise(STS_INTERRUPT);
        }
    }

    private void transferEvent(Trb trb, long parameter, int code, int length, int slot, int endpoint,
                               boolean eventData) {
        int interrupter = trb.interrupter() < interrupters.length ? trb.interrupter() : 0;
        post(interrupter, parameter, code << CODE_SHIFT | length & 0xff_ffff,
                slot << 24 | endpoint << 16 | XhciLayout.TRANSFER_EVENT << TYPE_SHIFT
                        | (eventData ? EVENT_DATA_BIT : 0), trb.has(XhciLayout.BLOCK_EVENT_INTERRUPT));
    }

    private void commandEvent(long pointer, int code, int slot) {
        post(0, pointer, code << CODE_SHIFT, slot << 24 | XhciLayout.COMMAND_COMPLETION << TYPE_SHIFT, false);
    }

    private void tellPorts() {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i].takeUntold()) {
                raise(STS_PORT_CHANGE);
                post(0, (long) (i + 1) << 24, XhciLayout.SUCCESS << CODE_SHIFT,
                        XhciLayout.PORT_STATUS_CHANGE << TYPE_SHIFT, false);
            }
        }
    }

    private boolean roomForEvents() {
        boolean room = true;
        for (Interrupter interrupter : interrupters) {
            if (interrupter.full() && interrupter.flush()) {
                raise(STS_INTERRUPT);
            }
            room &= !interrupter.full();
        }
        return room;
    }

    // ---- the worker ----

    /// The guest may have let the controller reach memory.
    void mayReachMemory() {
        worker.wake();
    }

    private boolean turn() {
        boolean more;
        synchronized (engine) {
            more = work();
        }
        signal();
        return more;
    }

    private boolean work() {
        resetIfWanted();
        boolean running = settle();
        for (RootPort port : ports) {
            port.work();
        }
        if (!running || !wires.busMaster()) {
            return false;
        }
        try {
            tellPorts();
            return roomForEvents() && (workOnCommands() || workOnEndpoints());
        } catch (OutOfRangeException _) {
            fail();
            return false;
        }
    }

    /// What the driver keeps in memory is not there.
    private synchronized void fail() {
        status |= STS_SYSTEM_ERROR | STS_HALTED;
        command &= ~CMD_RUN;
        commandState = 0;
    }

    /// Brings the status to what the command register says.
    private synchronized boolean settle() {
        boolean running = (command & CMD_RUN) != 0;
        if (running) {
            status &= ~STS_HALTED;
            commandState |= commandDoorbell ? CR_RUNNING : 0;
        } else {
            status |= STS_HALTED;
            commandState = 0;
        }
        if (commandMoved) {
            commands.ring().set(commandPointer);
            commandMoved = false;
        }
        return running;
    }

    private synchronized boolean takeCommandDoorbell() {
        boolean was = commandDoorbell;
        commandDoorbell = false;
        return was;
    }

    private synchronized boolean takeCommandStop() {
        boolean stop = (commandState & (XhciLayout.CR_STOP | XhciLayout.CR_ABORT)) != 0;
        if (stop) {
            commandState = 0;
            commandDoorbell = false;
        }
        return stop;
    }

    private synchronized void keepCommandDoorbell() {
        commandDoorbell = true;
    }

    /// @return whether there is more to do
    private boolean workOnCommands() {
        if (takeCommandStop()) {
            commandEvent(commands.ring().pointerAndCycle() & -XhciLayout.TRB_BYTES, XhciLayout.COMMAND_RING_STOPPED, 0);
        }
        if (!takeCommandDoorbell()) {
            return false;
        }
        for (int n = 0; n < TURN; n++) {
            if (!roomForEvents()) {
                keepCommandDoorbell();
                return false;
            }
            CommandRing.Completion completion = commands.work(slotLimit(), contexts());
            if (completion == null) {
                return false;
            }
            commandEvent(commands.address(), completion.code(), completion.slot());
        }
        keepCommandDoorbell();
        return true;
    }

    private synchronized int slotLimit() {
        return config;
    }

    private synchronized long contexts() {
        return contexts;
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
        return more && roomForEvents();
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
            if (!roomForEvents()) {
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
        boolean wanted;
        synchronized (this) {
            wanted = (command & CMD_RESET) != 0;
        }
        if (wanted) {
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
        for (Interrupter interrupter : interrupters) {
            interrupter.reset();
        }
        commands.ring().set(0);
        synchronized (this) {
            command = 0;
            status = STS_HALTED;
            notifications = 0;
            commandPointer = 0;
            commandMoved = false;
            commandState = 0;
            commandDoorbell = false;
            contexts = 0;
            config = 0;
        }
    }

    @Override
    public void reset() {
        synchronized (engine) {
            resetAll();
        }
        signal();
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
            List<Interrupter.State> interrupterStates = new ArrayList<>();
            for (Interrupter interrupter : interrupters) {
                interrupterStates.add(interrupter.save());
            }
            synchronized (this) {
                return new State(command, status, notifications, commandPointer, commandMoved, commandState,
                        commandDoorbell, contexts, config, commands.ring().save(), list(doorbells),
                        list(ready), slots.save(), portStates, interrupterStates, devices);
            }
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
            for (int i = 0; i < interrupters.length; i++) {
                interrupters[i].load(state.interrupters.get(i));
            }
            commands.ring().load(state.commandRing);
            loadRegisters(state);
        }
        signal();
        worker.wake();
    }

    private synchronized void loadRegisters(State state) {
        command = state.command;
        status = state.status;
        notifications = state.notifications;
        commandPointer = state.commandPointer;
        commandMoved = state.commandMoved;
        commandState = state.commandState;
        commandDoorbell = state.commandDoorbell;
        contexts = state.contexts;
        config = state.config;
    }
}
