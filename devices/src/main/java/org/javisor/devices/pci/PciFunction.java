// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.javisor.devices.Pin;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;

/// One PCI function with a type 0 header: its configuration space and what follows from it.
///
/// A device builds one, adds its BARs, capabilities and hooks, and hands it to a [PciBus]. The configuration
/// space is guarded by this function's lock; hooks run after a write, without it.
///
/// @pci PCI Express 5.0 §7.5.1 "PCI-Compatible Configuration Registers"
public final class PciFunction implements Chip<PciFunction.State> {
    static final int COMMAND_IO = 1, COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_INTX_DISABLE = 0x400;
    static final int STATUS_INTX = 8;
    private static final int COMMAND_BITS = 0x547, STATUS_ERRORS = 0xf900;

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

    private record Hook(int offset, int bytes, Runnable action) { }

    private record Window(int offset, int bytes, BusDevice device) { }

    private final Object lock = new Object();
    private final ConfigSpace config = new ConfigSpace();
    private final List<Bar> bars = new ArrayList<>();
    private final List<Hook> hooks = new ArrayList<>();
    private final List<Window> windows = new ArrayList<>();
    private final Pin intx;
    private byte[] powerOn;
    private PciBus bus;
    private Bdf bdf;
    private Chip<?> owner = this;
    private boolean intxWanted;
    private volatile boolean master;

    public PciFunction(Identity identity) {
        intx = new Pin(level -> bus.intx(bdf, config.get(ConfigSpace.INTERRUPT_PIN, 1), level));
        config.set(ConfigSpace.VENDOR_ID, 2, identity.vendor);
        config.set(ConfigSpace.DEVICE_ID, 2, identity.device);
        config.set(ConfigSpace.REVISION, 1, identity.revision);
        config.set(ConfigSpace.CLASS, 1, identity.classCode);
        config.set(ConfigSpace.CLASS + 1, 2, identity.classCode >>> 8);
        config.set(ConfigSpace.SUBSYSTEM_VENDOR_ID, 2, identity.subsystemVendor);
        config.set(ConfigSpace.SUBSYSTEM_ID, 2, identity.subsystem);
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

    /// Runs `action` after each write that touches any of `bytes` bytes from `offset`.
    public void onWrite(int offset, int bytes, Runnable action) {
        hooks.add(new Hook(offset, bytes, action));
    }

    /// Has `device` answer accesses that lie within `bytes` bytes from `offset`.
    public void addWindow(int offset, int bytes, BusDevice device) {
        windows.add(new Window(offset, bytes, device));
    }

    /// Names what a bus reset resets in place of this function alone: the device that it belongs to.
    public void belongsTo(Chip<?> device) {
        owner = device;
    }

    Chip<?> owner() {
        return owner;
    }

    /// Called by the bus that the function joins.
    void join(PciBus newBus, Bdf at) {
        synchronized (lock) {
            bus = newBus;
            bdf = at;
            powerOn = config.toArray();
        }
    }

    void setMultiFunction() {
        synchronized (lock) {
            config.set(ConfigSpace.HEADER_TYPE, 1, 0x80);
            powerOn = config.toArray();
        }
    }

    /// Where it is, or null before it joins a bus.
    public Bdf bdf() {
        return bdf;
    }

    List<Bar> bars() {
        return bars;
    }

    MsiSink msi() {
        return bus.msi();
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
            bus.remap(this);
        }
        for (Hook hook : hooks) {
            if (offset < hook.offset + hook.bytes && hook.offset < offset + size) {
                hook.action.run();
            }
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
        intx.set(intxWanted && (command & COMMAND_INTX_DISABLE) == 0);
    }

    /// Sets a BAR's address, decoded or not.
    void assign(Bar bar, long address) {
        synchronized (lock) {
            bar.assign(config, address);
        }
        bus.remap(this);
    }

    // ---- what the configuration governs ----

    /// Whether the guest lets the function reach memory, and so send MSIs.
    public boolean busMaster() {
        return master;
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

    /// Takes BARs off the buses that are not to be where they are.
    ///
    /// @return whether any left, so that another function's might now fit
    boolean detachMoved(IoBus ports, IoBus mmio) {
        synchronized (lock) {
            boolean any = false;
            for (Bar bar : bars) {
                any |= bar.detachUnlessAt(bus(bar, ports, mmio), decoded(bar), bar.address(config));
            }
            return any;
        }
    }

    /// Puts BARs on the buses where the guest wants them, as far as there is room.
    void attachDecoded(IoBus ports, IoBus mmio, long mmioLimit) {
        synchronized (lock) {
            for (Bar bar : bars) {
                bar.attach(bus(bar, ports, mmio), bar.kind == Bar.Kind.IO ? 0xffff : mmioLimit, decoded(bar),
                        bar.address(config));
            }
        }
    }

    private static IoBus bus(Bar bar, IoBus ports, IoBus mmio) {
        return bar.kind == Bar.Kind.IO ? ports : mmio;
    }

    private boolean decoded(Bar bar) {
        int bit = bar.kind == Bar.Kind.IO ? COMMAND_IO : COMMAND_MEMORY;
        return (config.get(ConfigSpace.COMMAND, 2) & bit) != 0 && bar.enabled(config);
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
        bus.remap(this);
        hooks.forEach(hook -> hook.action.run());
    }
}
