// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import org.javisor.devices.Pin;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Iommu;
import org.javisor.memory.MsiSink;

/// One PCI function: its configuration space and what follows from it. The header is of type 0, a [PciBridge]'s of 1.
///
/// A device builds one, adds its BARs, capabilities and hooks, and hands it to a [PciBus]. The configuration
/// space is guarded by this function's lock; hooks run after a write, without it.
///
/// @pci PCI Express 5.0 §7.5.1 "PCI-Compatible Configuration Registers"
public final class PciFunction implements Chip<PciFunction.State> {
    static final int COMMAND_IO = 1, COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_INTX_DISABLE = 0x400;
    static final int STATUS_INTX = 8;
    private static final int COMMAND_BITS = 0x547, STATUS_ERRORS = 0xf900, MULTI_FUNCTION = 0x80;

    /// Who a function says it is.
    ///
    /// @param classCode class, subclass and interface in bits 23:16, 15:8 and 7:0
    public record Identity(int vendor, int device, int revision, int classCode, int subsystemVendor,
            int subsystem) {
    }

    /// What the guest has written.
    public record State(byte[] config) {
        public State {
            if (config.length != ConfigSpace.BYTES) {
                throw new IllegalArgumentException("configuration space of " + config.length + " bytes");
            }
            config = config.clone();
        }
    }

    /// @param guestOnly whether it is not run when the configuration is reset or loaded
    private record Hook(int offset, int bytes, boolean guestOnly, Runnable action) {
        private boolean touchedBy(int writtenOffset, int size) {
            return writtenOffset < offset + bytes && offset < writtenOffset + size;
        }
    }

    private record Window(int offset, int bytes, BusDevice device) { }

    private final Object lock = new Object();
    private final ConfigSpace config = new ConfigSpace();
    private final List<Bar> bars = new ArrayList<>();
    private final List<Hook> hooks = new ArrayList<>();
    private final List<Window> windows = new ArrayList<>();
    private final List<Consumer<PciBus.Kind>> joinings = new ArrayList<>();
    private final Pin intx;
    /// What is behind this function, if it is a bridge; else null.
    private final PciBridge bridge;
    private byte[] powerOn;
    private volatile PciBus bus;
    private volatile boolean present;
    private int devfn;
    private Chip<?> owner = this;
    /// Null before it joins a bus.
    private MsiSink messages;
    private final List<DmaSpace> spaces = new ArrayList<>();
    private AdvancedErrors errors;
    private RootErrors rootErrors;
    private boolean intxWanted;
    private volatile boolean master;

    public PciFunction(Identity identity) {
        this(identity, null);
        config.set(ConfigSpace.SUBSYSTEM_VENDOR_ID, 2, identity.subsystemVendor);
        config.set(ConfigSpace.SUBSYSTEM_ID, 2, identity.subsystem);
    }

    /// A function with a type 1 header, which has no room for subsystem identifiers.
    static PciFunction ofBridge(Identity identity, PciBridge bridge) {
        PciFunction function = new PciFunction(identity, bridge);
        function.config.set(ConfigSpace.HEADER_TYPE, 1, 1);
        return function;
    }

    private PciFunction(Identity identity, PciBridge bridge) {
        this.bridge = bridge;
        intx = new Pin(level -> bus.intx(device(), config.get(ConfigSpace.INTERRUPT_PIN, 1), level));
        config.set(ConfigSpace.VENDOR_ID, 2, identity.vendor);
        config.set(ConfigSpace.DEVICE_ID, 2, identity.device);
        config.set(ConfigSpace.REVISION, 1, identity.revision);
        config.set(ConfigSpace.CLASS, 1, identity.classCode);
        config.set(ConfigSpace.CLASS + 1, 2, identity.classCode >>> 8);
        config.allow(ConfigSpace.COMMAND, 2, COMMAND_BITS);
        config.allowClear(ConfigSpace.STATUS, 2, STATUS_ERRORS);
        config.allow(ConfigSpace.CACHE_LINE, 1, 0xff);
    }

    // ---- building ----

    /// The space, for a device to define registers of its own before the function joins a bus.
    public ConfigSpace config() {
        return config;
    }

    /// Adds an I/O range behind BAR `index`.
    public void addIoBar(int index, long bytes, BusDevice device, String name) {
        addBar(new Bar(index, Bar.Kind.IO, bytes, device, name));
    }

    /// Adds a memory range below 4 GiB behind BAR `index`.
    public void addMemoryBar(int index, long bytes, BusDevice device, String name) {
        addBar(new Bar(index, Bar.Kind.MEMORY32, bytes, device, name));
    }

    /// As [#addMemoryBar], for memory without side effects of reads.
    public void addPrefetchableBar(int index, long bytes, BusDevice device, String name) {
        addBar(new Bar(index, Bar.Kind.PREFETCHABLE32, bytes, device, name));
    }

    /// Adds an expansion ROM: what firmware runs for this device.
    ///
    /// @param content not empty
    public void addRom(byte[] content, String name) {
        ExpansionRom rom = new ExpansionRom(content.clone());
        addBar(new Bar(-1, Bar.Kind.ROM, rom.bytes(), rom, name));
    }

    /// Adds a prefetchable memory range behind BARs `index` and `index + 1`.
    public void addMemory64Bar(int index, long bytes, BusDevice device, String name) {
        addBar(new Bar(index, Bar.Kind.MEMORY64, bytes, device, name));
    }

    private void addBar(Bar bar) {
        bar.define(config);
        bars.add(bar);
    }

    /// Says that the function drives an interrupt pin, 1 (INTA#) to 4 (INTD#).
    public void useIntx(int pin) {
        config.set(ConfigSpace.INTERRUPT_PIN, 1, pin);
        config.allow(ConfigSpace.INTERRUPT_LINE, 1, 0xff);
    }

    /// Runs `action` after each write that touches any of `bytes` bytes from `offset`, and when these are reset or
    /// loaded.
    public void onWrite(int offset, int bytes, Runnable action) {
        hooks.add(new Hook(offset, bytes, false, action));
    }

    /// As [#onWrite], but only after writes.
    public void onGuestWrite(int offset, int bytes, Runnable action) {
        hooks.add(new Hook(offset, bytes, true, action));
    }

    /// Runs `action` when the function joins a bus, for what depends on its kind: registers may still be defined.
    public void onJoin(Consumer<PciBus.Kind> action) {
        joinings.add(action);
    }

    /// Has `device` answer accesses that lie within `bytes` bytes from `offset`.
    public void addWindow(int offset, int bytes, BusDevice device) {
        windows.add(new Window(offset, bytes, device));
    }

    /// Names what a bus reset resets in place of this function alone: the device that it belongs to.
    public void belongsTo(Chip<?> device) {
        owner = device;
    }

    /// Names what reports this function's errors.
    void reportsErrors(AdvancedErrors reporter) {
        errors = reporter;
    }

    /// Null where errors are not reported: on a root bus, and on conventional PCI.
    public AdvancedErrors errors() {
        return errors;
    }

    /// Names who is told of errors of this function, a root port, and of what is behind it.
    void reportsRootErrors(RootErrors listener) {
        rootErrors = listener;
    }

    /// Null but for a root port.
    RootErrors rootErrors() {
        return rootErrors;
    }

    /// The device that it belongs to, or itself: what is reset, saved and loaded as a whole.
    public Chip<?> owner() {
        return owner;
    }

    /// Called by the bus that the function joins.
    ///
    /// @throws IllegalStateException if it has been on a bus before
    void join(PciBus newBus, int at) {
        if (bus != null) {
            throw new IllegalStateException("a PCI function joins one bus, once");
        }
        joinings.forEach(action -> action.accept(newBus.kind()));
        synchronized (lock) {
            devfn = at;
            powerOn = config.toArray();
            present = true;
            bus = newBus;
        }
        meetIommu();
    }

    /// Goes behind the IOMMU of the tree of buses, with what is behind this function, as soon as that is known.
    private void meetIommu() {
        Iommu iommu = bus.iommu();
        if (iommu == null) {
            return;
        }
        spaces.forEach(space -> space.translateBy(iommu.translation(this::requester)));
        messages = iommu.messages(this::requester);
        if (bridge != null) {
            bridge.bus().functions().forEach(PciFunction::meetIommu);
        }
    }

    /// Called by the bus when the function has been taken out, and reset.
    void leave() {
        synchronized (lock) {
            present = false;
            applyCommand();
        }
        intx.drive();
        decodeAgain();
    }

    void setMultiFunction() {
        synchronized (lock) {
            int type = config.get(ConfigSpace.HEADER_TYPE, 1) | MULTI_FUNCTION;
            config.set(ConfigSpace.HEADER_TYPE, 1, type);
            powerOn[ConfigSpace.HEADER_TYPE] = (byte) type;
        }
    }

    /// Where it is, or null before it joins a bus. The guest numbers buses: the answer may change.
    public Bdf bdf() {
        return bus == null ? null : new Bdf(bus.number(), devfn >>> 3, devfn & 7);
    }

    /// The bus that it has joined, or null.
    public PciBus bus() {
        return bus;
    }

    int device() {
        return devfn >>> 3;
    }

    /// What this function leads to; null if it is no bridge.
    public PciBridge bridge() {
        return bridge;
    }

    /// Adds itself and what is behind it.
    void collect(List<PciFunction> into) {
        into.add(this);
        if (bridge != null) {
            bridge.bus().functions().forEach(function -> function.collect(into));
        }
    }

    List<Bar> bars() {
        return bars;
    }

    MsiSink msi() {
        return messages == null ? bus.msi() : messages;
    }

    /// Memory as this function sees it: `memory`, or what an IOMMU makes of it on a bus that is behind one. Before the
    /// function joins a bus.
    public DmaSpace dma(GuestMemory memory) {
        DmaSpace space = new DmaSpace(memory);
        spaces.add(space);
        return space;
    }

    /// By what an IOMMU knows who asks: bus, device and function number, of the function itself or of a bridge on the
    /// way, where what is behind that is conventional PCI and has no numbers in its requests.
    ///
    /// @pci PCI Express 5.0 §2.2.4.2 "Transaction Descriptor - Transaction ID Field"
    int requester() {
        PciBridge above = bus.bridge();
        return above != null && bus.kind() == PciBus.Kind.CONVENTIONAL ? above.function().requester()
                : bus.number() << 8 | devfn;
    }

    // ---- configuration accesses ----

    /// Reads `size` bytes (1, 2 or 4) of configuration space.
    public int readConfig(int offset, int size) {
        Window window = window(offset, size);
        if (window != null) {
            return (int) window.device.read(offset - window.offset, size);
        }
        synchronized (lock) {
            return config.get(offset, size);
        }
    }

    /// Writes `size` bytes (1, 2 or 4) of configuration space.
    public void writeConfig(int offset, int size, int value) {
        Window window = window(offset, size);
        if (window != null) {
            window.device.write(offset - window.offset, size,
                    value & (size == 4 ? 0xffff_ffffL : (1L << 8 * size) - 1));
            return;
        }
        synchronized (lock) {
            config.write(offset, size, value);
            applyCommand();
        }
        intx.drive();
        if (offset < ConfigSpace.CAPABILITIES) {
            decodeAgain();
        }
        for (Hook hook : hooks) {
            if (hook.touchedBy(offset, size)) {
                hook.action.run();
            }
        }
    }

    /// Has the buses follow what the function's registers say, or those of the bridges before it.
    void decodeAgain() {
        PciDecoder decoder = bus == null ? null : bus.decoder();
        if (decoder != null) {
            decoder.update();
        }
    }

    /// Lets guests write other bits of `size` bytes than before, while the machine runs: a register is locked.
    void allow(int offset, int size, int mask) {
        synchronized (lock) {
            config.allow(offset, size, mask);
        }
    }

    /// Changes `size` bytes as the hardware may.
    void updateConfig(int offset, int size, IntUnaryOperator change) {
        synchronized (lock) {
            config.set(offset, size, change.applyAsInt(config.get(offset, size)));
        }
    }

    private Window window(int offset, int size) {
        for (Window window : windows) {
            if (offset >= window.offset && offset + size <= window.offset + window.bytes) {
                return window;
            }
        }
        return null;
    }

    private void applyCommand() {
        int command = config.get(ConfigSpace.COMMAND, 2);
        master = (command & COMMAND_MASTER) != 0;
        intx.set(present && intxWanted && (command & COMMAND_INTX_DISABLE) == 0);
    }

    /// Sets a BAR's address, decoded or not.
    void assign(Bar bar, long address) {
        synchronized (lock) {
            bar.assign(config, address);
        }
        decodeAgain();
    }

    // ---- what the configuration governs ----

    /// Whether the guest lets the function reach memory, and so send MSIs.
    public boolean busMaster() {
        return master && present && bus.mayMaster();
    }

    /// Asserts or releases the interrupt pin; the disable bit in the command register holds it back.
    public void intx(boolean level) {
        synchronized (lock) {
            intxWanted = level;
            int status = config.get(ConfigSpace.STATUS, 2);
            config.set(ConfigSpace.STATUS, 2, level ? status | STATUS_INTX : status & ~STATUS_INTX);
            applyCommand();
        }
        intx.drive();
    }

    /// Adds where the guest wants BARs to be.
    void collectClaims(PciDecoder decoder, List<Claim.Place> into) {
        synchronized (lock) {
            for (Bar bar : bars) {
                if (decoded(bar)) {
                    bar.collect(config, decoder, into);
                }
            }
        }
    }

    private boolean decoded(Bar bar) {
        int bit = bar.kind == Bar.Kind.IO ? COMMAND_IO : COMMAND_MEMORY;
        return present && (config.get(ConfigSpace.COMMAND, 2) & bit) != 0 && bar.enabled(config)
                && bus.reaches(bar.kind, bar.address(config), bar.bytes);
    }

    // ---- life ----

    @Override
    public void reset() {
        synchronized (lock) {
            config.copyFrom(powerOn);
            intxWanted = false;
            applyCommand();
        }
        afterLoad();
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(config.toArray());
        }
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            config.load(state.config);
            applyCommand();
        }
        afterLoad();
    }

    private void afterLoad() {
        intx.drive();
        decodeAgain();
        for (Hook hook : hooks) {
            if (!hook.guestOnly) {
                hook.action.run();
            }
        }
    }
}
