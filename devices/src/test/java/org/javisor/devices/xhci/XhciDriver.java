// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.PirqWiring;
import org.javisor.devices.usb.UsbDevice;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;

/// The driver's side of an xHCI controller, over real guest memory: as straight as a driver can be, and as crooked as a
/// test wants it. All work is done in place, within the register's write that asks for it.
final class XhciDriver implements AutoCloseable {
    static final long RAM_BYTES = 8L << 20;
    /// Where a test may put data.
    static final long DATA = 0x40_0000;
    static final long INPUT = 0x3000, CONTEXTS = 0x1000;
    static final int CONTROL = 4, BULK_OUT = 2, BULK_IN = 6, INTERRUPT_IN = 7;
    private static final int SLOT = 2;
    private static final long TABLE = 0x2000, EVENTS = 0x1_0000, COMMANDS = 0x2_0000, DEVICE_CONTEXTS = 0x10_0000,
            RINGS = 0x20_0000;
    private static final int EVENT_TRBS = 64, RING_BYTES = 0x1000;

    /// An event TRB.
    record Event(int type, long parameter, int code, int length, int slot, int endpoint, boolean eventData) { }

    private final Ram ram = Ram.allocate(RAM_BYTES);
    final GuestMemory memory = new GuestMemory();
    final ProbeLine[] gsis = IntStream.range(0, 24).mapToObj(_ -> new ProbeLine()).toArray(ProbeLine[]::new);
    final List<Integer> messages = new ArrayList<>();
    final XhciFunction xhci;
    private int commandIndex;
    private int eventIndex;
    private boolean eventCycle = true;
    private final int[] ringIndex = new int[1024];

    XhciDriver(UsbDevice... devices) {
        memory.addSlot(0, 0, ram);
        PciBus bus = new PciBus(new IoBus("port", 0xffff), new IoBus("MMIO address", (1L << 46) - 1), (1L << 46) - 1,
                new PirqRouter(n -> gsis[n]), (_, data) -> messages.add(data));
        xhci = new XhciFunction(memory, new ManualClock(), Runnable::run);
        for (UsbDevice device : devices) {
            xhci.plug(device);
        }
        bus.add(SLOT, 0, xhci.function());
        xhci.function().writeConfig(ConfigSpace.COMMAND, 2, 6);
    }

    /// The controller alone, as it is before anybody has touched it.
    XhciFunction untouched() {
        xhci.function().writeConfig(ConfigSpace.COMMAND, 2, 0);
        return xhci;
    }

    ProbeLine intx() {
        return gsis[16 + PirqWiring.ICH9.line(SLOT, 1)];
    }

    // ---- registers ----

    int get(int register) {
        return (int) xhci.read(register, 4);
    }

    void set(int register, int size, long value) {
        xhci.write(register, size, value);
    }

    static int port(int number) {
        return XhciLayout.PORTS + (number - 1) * XhciLayout.PORT_BYTES;
    }

    /// Sets rings up and runs the controller.
    void start() {
        set(XhciLayout.USBCMD, 4, XhciLayout.CMD_RESET);
        memory.store(0x1000, new byte[0x10_0000]);
        commandIndex = 0;
        eventIndex = 0;
        eventCycle = true;
        set(XhciLayout.CONFIG, 4, XhciLayout.MAX_SLOTS);
        set(XhciLayout.DCBAAP, 8, CONTEXTS);
        set(XhciLayout.CRCR, 8, COMMANDS | 1);
        memory.storeLong(TABLE, EVENTS);
        memory.storeInt(TABLE + 8, EVENT_TRBS);
        set(XhciLayout.INTERRUPTERS + 8, 4, 1);
        set(XhciLayout.INTERRUPTERS + 0x18, 8, EVENTS);
        set(XhciLayout.INTERRUPTERS + 0x10, 8, TABLE);
        set(XhciLayout.INTERRUPTERS, 4, 2);
        set(XhciLayout.USBCMD, 4, XhciLayout.CMD_RUN | XhciLayout.CMD_INTERRUPTS);
    }

    void doorbell(int slot, int target) {
        set(XhciLayout.DOORBELLS + 4 * slot, 4, target);
    }

    // ---- events ----

    /// The next event, or null.
    Event take() {
        long at = EVENTS + 16L * eventIndex;
        int control = memory.loadIntAcquire(at + 12);
        if ((control & 1) != 0 != eventCycle) {
            return null;
        }
        eventIndex++;
        if (eventIndex == EVENT_TRBS) {
            eventIndex = 0;
            eventCycle = !eventCycle;
        }
        int status = memory.loadInt(at + 8);
        return new Event(control >>> 10 & 0x3f, memory.loadLong(at), status >>> 24, status & 0xff_ffff,
                control >>> 24, control >>> 16 & 0x1f, (control & 4) != 0);
    }

    /// Tells how far events have been taken.
    void taken() {
        set(XhciLayout.INTERRUPTERS + 0x18, 8, EVENTS + 16L * eventIndex | 8);
    }

    /// Drops all events.
    void drain() {
        for (Event event = take(); event != null; event = take()) {
            taken();
        }
    }

    // ---- commands ----

    /// Executes a command, with no other event before its completion.
    Event command(int type, long parameter, int control) {
        long at = COMMANDS + 16L * commandIndex++;
        memory.storeLong(at, parameter);
        memory.storeInt(at + 12, type << 10 | control | 1);
        doorbell(0, 0);
        Event event = take();
        assertNotNull(event);
        assertEquals(XhciLayout.COMMAND_COMPLETION, event.type());
        assertEquals(at, event.parameter());
        taken();
        return event;
    }

    static long context(int slot) {
        return DEVICE_CONTEXTS + 0x1000L * slot;
    }

    static long ring(int slot, int endpoint) {
        return RINGS + ((slot - 1) * 32L + endpoint) * RING_BYTES;
    }

    int endpointState(int slot, int endpoint) {
        return memory.loadInt(context(slot) + 32L * endpoint) & 7;
    }

    private void inputEndpoint(int slot, int endpoint, int type, int packetBytes) {
        long at = INPUT + 32L * (endpoint + 1);
        memory.storeInt(at + 4, type << 3 | packetBytes << 16 | 6);
        memory.storeLong(at + 8, ring(slot, endpoint) | 1);
        memory.store(ring(slot, endpoint), new byte[RING_BYTES]);
        ringIndex[slot * 32 + endpoint] = 0;
    }

    void clearInput(int dropped, int added) {
        memory.store(INPUT, new byte[0x1000]);
        memory.storeInt(INPUT, dropped);
        memory.storeInt(INPUT + 4, added);
    }

    /// Enables a slot, gives the device on `port` an address in it.
    int address(int port) {
        int slot = command(XhciLayout.ENABLE_SLOT, 0, 0).slot();
        memory.storeLong(CONTEXTS + 8L * slot, context(slot));
        memory.store(context(slot), new byte[0x1000]);
        clearInput(0, 3);
        memory.storeInt(INPUT + 32, 1 << 27);
        memory.storeInt(INPUT + 36, port << 16);
        inputEndpoint(slot, 1, CONTROL, 64);
        assertEquals(XhciLayout.SUCCESS, command(XhciLayout.ADDRESS_DEVICE, INPUT, slot << 24).code());
        return slot;
    }

    int configure(int slot, int dropped, int... endpointsAndTypes) {
        int added = 1;
        clearInput(dropped, 0);
        for (int i = 0; i < endpointsAndTypes.length; i += 2) {
            inputEndpoint(slot, endpointsAndTypes[i], endpointsAndTypes[i + 1], 512);
            added |= 1 << endpointsAndTypes[i];
        }
        memory.storeInt(INPUT + 4, added);
        return command(XhciLayout.CONFIGURE_ENDPOINT, INPUT, slot << 24).code();
    }

    // ---- transfers ----

    /// Puts a TRB into an endpoint's ring.
    ///
    /// @return where it is
    long put(int slot, int endpoint, int type, long parameter, int status, int flags) {
        long at = ring(slot, endpoint) + 16L * ringIndex[slot * 32 + endpoint]++;
        memory.storeLong(at, parameter);
        memory.storeInt(at + 8, status);
        memory.storeInt(at + 12, type << 10 | flags | 1);
        return at;
    }

    /// Where the next TRB goes.
    long place(int slot, int endpoint) {
        return ring(slot, endpoint) + 16L * ringIndex[slot * 32 + endpoint];
    }

    /// A control transfer with its data at [#DATA].
    Event control(int slot, int type, int request, int value, int index, int length) {
        long setup = type | request << 8 | (long) value << 16 | (long) index << 32 | (long) length << 48;
        put(slot, 1, XhciLayout.SETUP_STAGE, setup, 8, XhciLayout.IMMEDIATE);
        if (length > 0) {
            put(slot, 1, XhciLayout.DATA_STAGE, DATA, length, (type & 0x80) != 0 ? 1 << 16 : 0);
        }
        put(slot, 1, XhciLayout.STATUS_STAGE, 0, 0, XhciLayout.INTERRUPTS);
        doorbell(slot, 1);
        Event event = take();
        taken();
        return event;
    }

    /// A transfer of one TRB; null if nothing came of it yet.
    Event transfer(int slot, int endpoint, long gpa, int length) {
        put(slot, endpoint, XhciLayout.NORMAL, gpa, length, XhciLayout.INTERRUPTS | XhciLayout.SHORT_INTERRUPTS);
        doorbell(slot, endpoint);
        Event event = take();
        if (event != null) {
            taken();
        }
        return event;
    }

    byte[] bytes(long gpa, int length) {
        byte[] bytes = new byte[length];
        memory.load(gpa, bytes, 0, length);
        return bytes;
    }

    @Override
    public void close() {
        ram.close();
    }
}
