// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// Function 00:00.0 of an i440FX: the memory controller, which steers the [LegacyArea].
///
/// The DRAM row boundaries keep what is written to them and do nothing: memory is where the board put it.
///
/// @datasheet Intel 82441FX "PCI and Memory Controller (PMC)", "PCI Configuration Space Mapped Registers"
public final class I440fxHostBridge {
    static final int PAM = 0x59, SMRAM = 0x72;
    private static final int PMC_CONFIGURATION = 0x50, DRAM_ROWS = 0x60, DRAM_ROW_COUNT = 8;

    private final PciFunction function;
    private final PamRegisters pam;

    /// Makes the bridge and puts it on `bus`.
    public I440fxHostBridge(PciBus bus, LegacyArea area, Smram smram) {
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x1237, 2, 0x060000, 0x1af4, 0x1100));
        ConfigSpace config = function.config();
        config.set(ConfigSpace.COMMAND, 2, 6);
        config.allow(ConfigSpace.COMMAND, 2, 0x140);    // memory and mastering are always on
        config.allow(PMC_CONFIGURATION, 2, 0xffff);
        pam = new PamRegisters(function, PAM, area);
        for (int row = 0; row < DRAM_ROW_COUNT; row++) {
            config.allow(DRAM_ROWS + row, 1, 0xff);
        }
        new SmramRegisters(function, SMRAM, smram);
        bus.add(0, 0, function);
    }

    public PciFunction function() {
        return function;
    }

    /// Has the legacy area be RAM, as firmware leaves it.
    public void shadowAll() {
        pam.allToRam();
    }
}
