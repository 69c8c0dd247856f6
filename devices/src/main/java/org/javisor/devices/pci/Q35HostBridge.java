// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.IoBus;

/// Function 00:00.0 of a Q35: the memory controller, which places the ECAM window and [Smram] and steers the
/// [LegacyArea].
///
/// TOLUD, BGSM and TSEGMB keep what is written to them and do nothing: memory is where the board put it.
///
/// @datasheet Intel 3 Series Express Chipset Family "PCIEXBAR—PCI Express Register Range Base Address"
public final class Q35HostBridge {
    static final int PCIEXBAR = 0x60;
    private static final int ENABLE = 1;
    static final int EXT_TSEG_MBYTES = 0x50, SMRAM = 0x9d, ESMRAMC = 0x9e;
    private static final int GGC = 0x52, PAM = 0x90, BGSM = 0xa8, TSEGMB = 0xac, TOLUD = 0xb0;

    private final PciFunction function;
    private final PamRegisters pam;
    private final MovableRange window;

    /// Makes the bridge and puts it on `bus`. The ECAM window is off, as at power-on: see [#placeEcam].
    public Q35HostBridge(PciBus bus, IoBus mmio, LegacyArea area, Smram smram) {
        window = new MovableRange(bus, mmio, new Ecam(bus), "PCI configuration space (ECAM)");
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x29c0, 0, 0x060000, 0x1af4, 0x1100));
        ConfigSpace config = function.config();
        config.set(PCIEXBAR, 4, 0xe000_0000);
        config.allow(PCIEXBAR, 4, 0xfc00_0007);
        config.allow(PCIEXBAR + 4, 4, 0xf);
        pam = new PamRegisters(function, PAM, area);
        new SmramRegisters(function, SMRAM, EXT_TSEG_MBYTES, smram);
        config.allow(GGC, 2, 2);
        config.allow(BGSM, 4, 0xfff0_0000);
        config.allow(TSEGMB, 4, 0xfff0_0000);
        config.allow(TOLUD, 2, 0xfff0);
        function.onWrite(PCIEXBAR, 8, this::moveWindow);
        bus.add(0, 0, function);
    }

    public PciFunction function() {
        return function;
    }

    /// Has the legacy area be RAM, as firmware leaves it.
    public void shadowAll() {
        pam.allToRam();
    }

    /// Where firmware has placed the ECAM window; 0 while it is off.
    public long ecam() {
        int low = function.readConfig(PCIEXBAR, 4);
        return (low & ENABLE) == 0 ? 0
                : (long) function.readConfig(PCIEXBAR + 4, 4) << 32 | low & 0xf000_0000L;
    }

    /// Places the ECAM window, as firmware does.
    ///
    /// @param base  a multiple of the window's size
    /// @param buses 256, 128 or 64: 1 MiB each
    public void placeEcam(long base, int buses) {
        int length = switch (buses) {
            case 256 -> 0;
            case 128 -> 1;
            case 64 -> 2;
            default -> throw new IllegalArgumentException("an ECAM window for " + buses + " buses");
        };
        if (base % ((long) buses << 20) != 0) {
            throw new IllegalArgumentException("ECAM at 0x" + Long.toHexString(base));
        }
        function.writeConfig(PCIEXBAR + 4, 4, (int) (base >>> 32));
        function.writeConfig(PCIEXBAR, 4, (int) base | length << 1 | ENABLE);
    }

    private void moveWindow() {
        int low = function.readConfig(PCIEXBAR, 4);
        int length = low >>> 1 & 3;
        if ((low & ENABLE) == 0 || length == 3) {
            window.remove();
            return;
        }
        long bytes = 256L << 20 >>> length;
        window.place(((long) function.readConfig(PCIEXBAR + 4, 4) << 32 | low & 0xffff_ffffL) & -bytes, bytes);
    }
}
