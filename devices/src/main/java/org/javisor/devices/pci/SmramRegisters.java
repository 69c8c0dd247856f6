// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The SMRAM register of Intel's host bridges, and ESMRAMC and the extended TSEG's size beside it where a bridge has
/// them. Locked by D_LCK they keep their values until the next reset, and SMRAM is closed.
///
/// D_CLS, which would give code of the mode SMRAM and its data the VGA, is remembered and does nothing.
///
/// @datasheet Intel 3 Series Express Chipset Family "SMRAM—System Management RAM Control",
///     "ESMRAMC—Extended System Management RAM Control"
final class SmramRegisters {
    private static final int D_OPEN = 0x40, D_LCK = 0x10, G_SMRAME = 8, BITS = 0x78;
    /// C_BASE_SEG, which has this value alone: 0xa0000.
    private static final int POWER_ON = 2;
    private static final int H_SMRAME = 0x80, E_SMERR = 0x40, TSEG_SIZE_SHIFT = 1, T_EN = 1, EXTENDED_BITS = 0x87,
            EXTENDED_POWER_ON = 0x38;
    private static final long[] SEGMENT_MEGABYTES = {1, 2, 8};
    /// Of the fourth size.
    static final int EXTENDED_MEGABYTES = 16;
    /// What firmware writes to learn that size.
    private static final int QUERY = 0xffff;

    private final PciFunction function;
    private final int smram;
    private final int sizes;
    private final Smram memory;

    /// @param smram offset of SMRAM
    SmramRegisters(PciFunction function, int smram, Smram memory) {
        this(function, smram, 0, memory);
    }

    /// @param smram offset of SMRAM; ESMRAMC is the next register
    /// @param sizes offset of EXT_TSEG_MBYTES; 0 for none of these
    SmramRegisters(PciFunction function, int smram, int sizes, Smram memory) {
        this.function = function;
        this.smram = smram;
        this.sizes = sizes;
        this.memory = memory;
        ConfigSpace config = function.config();
        config.set(smram, 1, POWER_ON);
        config.allow(smram, 1, BITS);
        config.carry(smram, 1, BITS);
        if (sizes != 0) {
            config.set(smram + 1, 1, EXTENDED_POWER_ON);
            config.allow(smram + 1, 1, EXTENDED_BITS);
            config.allowClear(smram + 1, 1, E_SMERR);
            config.carry(smram + 1, 1, EXTENDED_BITS);
            config.set(sizes, 2, QUERY);
            config.allow(sizes, 2, QUERY);
            function.onGuestWrite(sizes, 2, () -> function.updateConfig(sizes, 2, _ -> EXTENDED_MEGABYTES));
        }
        function.onWrite(smram, sizes == 0 ? 1 : 2, this::follow);
    }

    private void follow() {
        int register = function.readConfig(smram, 1);
        boolean locked = (register & D_LCK) != 0;
        if (locked && (register & D_OPEN) != 0) {
            register &= ~D_OPEN;
            function.updateConfig(smram, 1, now -> now & ~D_OPEN);
        }
        function.allow(smram, 1, locked ? 0 : BITS);
        int extended = 0;
        if (sizes != 0) {
            function.allow(smram + 1, 1, locked ? 0 : EXTENDED_BITS);
            extended = function.readConfig(smram + 1, 1);
        }
        boolean enabled = (register & G_SMRAME) != 0;
        Smram.Window window = !enabled ? Smram.Window.NOWHERE
                : (extended & H_SMRAME) != 0 ? Smram.Window.HIGH : Smram.Window.LOW;
        memory.place((register & D_OPEN) != 0, window);
        memory.segment(enabled && (extended & T_EN) != 0 ? segmentBytes(extended >>> TSEG_SIZE_SHIFT & 3) : 0);
    }

    private static long segmentBytes(int size) {
        return (size < SEGMENT_MEGABYTES.length ? SEGMENT_MEGABYTES[size] : EXTENDED_MEGABYTES) << 20;
    }
}
