// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;

/// The root bus, number 0, and its functions. Functions join while the board is built, before a guest runs.
public final class PciBus {
    private static final int ALL_ONES = -1;

    private final PciFunction[] functions = new PciFunction[Bdf.DEVICES * Bdf.FUNCTIONS];
    private final IoBus ports;
    private final IoBus mmio;
    private final long mmioLimit;
    private final PirqRouter router;
    private final MsiSink msi;
    // Serialises what BARs do on the buses: leaving one place, joining another, giving way.
    private final Object mapping = new Object();

    /// @param mmioLimit the highest guest-physical address that a BAR may claim
    public PciBus(IoBus ports, IoBus mmio, long mmioLimit, PirqRouter router, MsiSink msi) {
        this.ports = ports;
        this.mmio = mmio;
        this.mmioLimit = mmioLimit;
        this.router = router;
        this.msi = msi;
    }

    /// Puts a function at `device`.`function`.
    ///
    /// @throws IllegalArgumentException if the place is taken
    public void add(int device, int function, PciFunction added) {
        Bdf bdf = new Bdf(0, device, function);
        if (functions[bdf.devfn()] != null) {
            throw new IllegalArgumentException("PCI function " + bdf + " is taken");
        }
        functions[bdf.devfn()] = added;
        added.join(this, bdf);
        PciFunction first = functions[device << 3];
        for (int i = 1; i < Bdf.FUNCTIONS && first != null; i++) {
            if (functions[device << 3 | i] != null) {
                first.setMultiFunction();
            }
        }
    }

    /// The lowest device number from `from` on without a function.
    public int freeDevice(int from) {
        for (int device = from; device < Bdf.DEVICES; device++) {
            if (functions[device << 3] == null) {
                return device;
            }
        }
        throw new IllegalStateException("no PCI device number is left");
    }

    /// The function there, or null.
    public PciFunction function(int bus, int devfn) {
        return bus == 0 ? functions[devfn] : null;
    }

    /// All functions, in order of their numbers.
    public List<PciFunction> functions() {
        List<PciFunction> present = new ArrayList<>();
        for (PciFunction function : functions) {
            if (function != null) {
                present.add(function);
            }
        }
        return present;
    }

    /// Reads `size` bytes (1, 2 or 4) of configuration space; all-ones where no function is.
    int readConfig(int bus, int devfn, int offset, int size) {
        PciFunction function = function(bus, devfn);
        return function == null ? ALL_ONES : function.readConfig(offset, size);
    }

    void writeConfig(int bus, int devfn, int offset, int size, int value) {
        PciFunction function = function(bus, devfn);
        if (function != null) {
            function.writeConfig(offset, size, value);
        }
    }

    MsiSink msi() {
        return msi;
    }

    void intx(Bdf bdf, int pin, boolean level) {
        router.set(bdf.device(), pin, level);
    }

    /// Brings the buses in line with a function's BARs; what leaves may make room for others.
    void remap(PciFunction changed) {
        synchronized (mapping) {
            if (!changed.detachMoved(ports, mmio)) {
                changed.attachDecoded(ports, mmio, mmioLimit);
                return;
            }
            changed.attachDecoded(ports, mmio, mmioLimit);
            for (PciFunction function : functions) {
                if (function != null) {
                    function.attachDecoded(ports, mmio, mmioLimit);
                }
            }
        }
    }

    /// The reset line of the bus: resets the functions and the devices behind them.
    public void reset() {
        functions().forEach(function -> function.owner().reset());
    }
}
