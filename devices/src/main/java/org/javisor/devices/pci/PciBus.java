// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.IoBus;
import org.javisor.memory.Iommu;
import org.javisor.memory.MsiSink;

/// A PCI bus and its functions: the root bus, number 0, or the one behind a [PciBridge], whose number the guest sets.
///
/// Functions join while the board is built, or come and go in the slots for that while a guest runs: accesses take no
/// lock, but read an array that is replaced.
public final class PciBus {
    private static final int ALL_ONES = -1;

    /// What a bus is made of, which says how its functions describe themselves.
    public enum Kind {
        /// Conventional PCI: no PCI Express capabilities, and 256 bytes of configuration space.
        CONVENTIONAL,
        /// The root complex's own bus.
        ROOT_COMPLEX,
        /// The link below a root port, which ends at one device.
        LINK
    }

    private final Kind kind;
    /// The bridge that leads here; null on the root bus, which has the next three instead.
    private final PciBridge bridge;
    private final PciDecoder decoder;
    private final PirqRouter router;
    private final MsiSink msi;
    /// What the functions of this root bus and behind it are behind; null for nothing.
    private Iommu iommu;
    private volatile PciFunction[] functions = new PciFunction[Bdf.DEVICES * Bdf.FUNCTIONS];

    /// A root bus of PCI Express.
    ///
    /// @param mmioLimit the highest guest-physical address that a BAR may claim
    public PciBus(IoBus ports, IoBus mmio, long mmioLimit, PirqRouter router, MsiSink msi) {
        this(Kind.ROOT_COMPLEX, ports, mmio, mmioLimit, router, msi);
    }

    /// A root bus.
    ///
    /// @param mmioLimit the highest guest-physical address that a BAR may claim
    public PciBus(Kind kind, IoBus ports, IoBus mmio, long mmioLimit, PirqRouter router, MsiSink msi) {
        this.kind = kind;
        this.bridge = null;
        this.decoder = new PciDecoder(this, ports, mmio, mmioLimit);
        this.router = router;
        this.msi = msi;
    }

    /// The bus behind a bridge.
    PciBus(Kind kind, PciBridge bridge) {
        this.kind = kind;
        this.bridge = bridge;
        this.decoder = null;
        this.router = null;
        this.msi = null;
    }

    public Kind kind() {
        return kind;
    }

    // ---- who is on it ----

    /// Puts a function at `device`.`function`.
    ///
    /// @throws IllegalArgumentException if the place is taken
    public void add(int device, int function, PciFunction added) {
        synchronized (this) {
            int devfn = new Bdf(0, device, function).devfn();
            if (functions[devfn] != null) {
                throw new IllegalArgumentException("PCI function " + new Bdf(number(), device, function)
                        + " is taken");
            }
            added.join(this, devfn);
            PciFunction[] grown = functions.clone();
            grown[devfn] = added;
            functions = grown;
            PciFunction first = grown[device << 3];
            for (int i = 1; i < Bdf.FUNCTIONS && first != null; i++) {
                if (grown[device << 3 | i] != null) {
                    first.setMultiFunction();
                }
            }
        }
    }

    /// Takes a function off the bus: it is reset, claims no address any more, and sends nothing.
    public void remove(PciFunction removed) {
        synchronized (this) {
            PciFunction[] left = functions.clone();
            for (int i = 0; i < left.length; i++) {
                left[i] = left[i] == removed ? null : left[i];
            }
            functions = left;
        }
        removed.owner().reset();
        removed.leave();
    }

    /// The lowest device number from `from` on without a function.
    public int freeDevice(int from) {
        PciFunction[] present = functions;
        for (int device = from; device < Bdf.DEVICES; device++) {
            if (present[device << 3] == null) {
                return device;
            }
        }
        throw new IllegalStateException("no PCI device number is left");
    }

    /// The function there, on this bus or behind it, or null.
    public PciFunction function(int bus, int devfn) {
        PciBus found = bus == number() ? this : find(bus);
        return found == null ? null : found.functions[devfn];
    }

    /// The functions of this very bus, in order of their numbers.
    public List<PciFunction> functions() {
        List<PciFunction> present = new ArrayList<>();
        for (PciFunction function : functions) {
            if (function != null) {
                present.add(function);
            }
        }
        return present;
    }

    /// As [#functions], each bridge followed by those behind it.
    public List<PciFunction> everyFunction() {
        List<PciFunction> all = new ArrayList<>();
        functions().forEach(function -> function.collect(all));
        return all;
    }

    /// Its number: what the guest has written into the bridge; 0 for the root bus.
    public int number() {
        return bridge == null ? 0 : bridge.secondaryNumber();
    }

    /// The bridge that leads here; null for the root bus.
    public PciBridge bridge() {
        return bridge;
    }

    // ---- configuration ----

    /// Reads `size` bytes (1, 2 or 4) of configuration space; all-ones where no function is.
    int readConfig(int bus, int devfn, int offset, int size) {
        PciFunction function = reached(bus, devfn, offset);
        return function == null ? ALL_ONES : function.readConfig(offset, size);
    }

    void writeConfig(int bus, int devfn, int offset, int size, int value) {
        PciFunction function = reached(bus, devfn, offset);
        if (function != null) {
            function.writeConfig(offset, size, value);
        }
    }

    private PciFunction reached(int bus, int devfn, int offset) {
        PciBus found = bus == 0 ? this : find(bus);
        boolean exists = found != null
                && (offset < ConfigSpace.LEGACY_BYTES || found.kind != Kind.CONVENTIONAL);
        return exists ? found.functions[devfn] : null;
    }

    /// The bus of that number behind the bridges here, which each let the numbers pass that lie between its secondary
    /// and its subordinate one: a type 1 access, on its way to becoming a type 0 one.
    private PciBus find(int number) {
        for (PciFunction function : functions) {
            PciBridge next = function == null ? null : function.bridge();
            if (next != null && next.leadsTo(number)) {
                return !next.open() ? null : number == next.secondaryNumber() ? next.bus() : next.bus().find(number);
            }
        }
        return null;
    }

    // ---- what functions send and claim ----

    /// Puts all functions that are to join this root bus, or one behind it, behind an IOMMU.
    public void translateBy(Iommu unit) {
        iommu = unit;
    }

    /// Null if there is none, or a bridge above is on no bus.
    Iommu iommu() {
        if (bridge == null) {
            return iommu;
        }
        return bridge.parent() == null ? null : bridge.parent().iommu();
    }

    MsiSink msi() {
        return bridge == null ? msi : bridge.parent().msi();
    }

    /// The decoder of the tree that this bus belongs to; null while a bridge above is on no bus.
    PciDecoder decoder() {
        if (bridge == null) {
            return decoder;
        }
        return bridge.parent() == null ? null : bridge.parent().decoder();
    }

    /// An interrupt pin changes. On its way up each bridge connects pins to its own, turned by the device's number.
    ///
    /// @pci PCI-to-PCI Bridge 1.2 §9.1 "Interrupt Routing"
    void intx(int device, int pin, boolean level) {
        if (bridge == null) {
            router.set(device, pin, level);
        } else {
            bridge.parent().intx(bridge.device(), swizzled(device, pin), level);
        }
    }

    private static int swizzled(int device, int pin) {
        return (device + pin - 1 & 3) + 1;
    }

    /// The PIRQ line that `pin` (1 to 4) of `device` on this bus reaches.
    int pirq(PirqWiring wiring, int device, int pin) {
        return bridge == null ? wiring.line(device, pin)
                : bridge.parent().pirq(wiring, bridge.device(), swizzled(device, pin));
    }

    /// Whether accesses to all of a range come through the bridges above.
    boolean reaches(Bar.Kind range, long address, long bytes) {
        return bridge == null
                || bridge.forwards(range, address, bytes) && bridge.parent().reaches(range, address, bytes);
    }

    /// Whether what functions here send to memory gets there. As on QEMU, no bridge need be allowed to master the bus
    /// for that: SeaBIOS allows it devices alone.
    boolean mayMaster() {
        return bridge == null || bridge.open() && bridge.parent().mayMaster();
    }

    // ---- life ----

    /// The reset line of the bus: resets the functions and the devices behind them.
    public void reset() {
        functions().forEach(function -> function.owner().reset());
    }
}
