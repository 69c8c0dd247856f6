// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import org.javisor.memory.BusDevice;
import org.javisor.memory.IoBus;

/// One base address register and the range behind it.
///
/// The range is on its bus exactly while the function decodes that address space, the guest has set an
/// address, and nobody else claims any of it: where real devices would fight over a bus cycle, the one that
/// came first answers.
///
/// @pci PCI Express 5.0 §7.5.1.2.1 "Base Address Registers"
final class Bar {
    /// What a register asks for.
    enum Kind {
        IO(1), MEMORY32(0), PREFETCHABLE32(8), MEMORY64(0xc),
        /// An expansion ROM, whose lowest bit turns it on.
        ROM(0);

        /// The read-only low bits. 64-bit ranges are prefetchable, so that systems place them above 4 GiB.
        final int flags;

        Kind(int flags) {
            this.flags = flags;
        }
    }

    private static final int ROM_ENABLE = 1;

    final int index;
    final Kind kind;
    final long bytes;
    private final BusDevice device;
    private final String name;
    private IoBus.Range range;
    private IoBus attachedTo;

    Bar(int index, Kind kind, long bytes, BusDevice device, String name) {
        if (Long.bitCount(bytes) != 1 || bytes < (kind == Kind.IO ? 4 : 16)) {
            throw new IllegalArgumentException("a BAR of " + bytes + " bytes");
        }
        this.index = index;
        this.kind = kind;
        this.bytes = bytes;
        this.device = device;
        this.name = name;
    }

    int offset() {
        return kind == Kind.ROM ? ConfigSpace.EXPANSION_ROM : ConfigSpace.BAR0 + 4 * index;
    }

    /// Whether the register itself lets the range appear.
    boolean enabled(ConfigSpace config) {
        return kind != Kind.ROM || (config.get(offset(), 1) & ROM_ENABLE) != 0;
    }

    /// Gives the register its size: the address bits below it cannot be written.
    void define(ConfigSpace config) {
        long mask = -bytes;
        config.set(offset(), 4, kind.flags);
        config.allow(offset(), 4, (int) mask | (kind == Kind.ROM ? ROM_ENABLE : 0));
        if (kind == Kind.MEMORY64) {
            config.allow(offset() + 4, 4, (int) (mask >>> 32));
        }
    }

    /// The address that the guest has set.
    long address(ConfigSpace config) {
        long low = config.get(offset(), 4) & 0xffff_ffffL & -bytes;
        return kind == Kind.MEMORY64 ? low | (long) config.get(offset() + 4, 4) << 32 : low;
    }

    void assign(ConfigSpace config, long address) {
        config.set(offset(), 4, (int) address | kind.flags);
        if (kind == Kind.MEMORY64) {
            config.set(offset() + 4, 4, (int) (address >>> 32));
        }
    }

    boolean attached() {
        return range != null;
    }

    /// Leaves the bus if the range is not where it should be. An address of 0 counts as none.
    ///
    /// @return whether it left
    boolean detachUnlessAt(IoBus bus, boolean decoded, long address) {
        if (range == null || decoded && range.start() == address && attachedTo == bus) {
            return false;
        }
        attachedTo.detach(range);
        range = null;
        if (device instanceof MappedRange mapped) {
            mapped.disappear();
        }
        return true;
    }

    /// Joins the bus if it should and can.
    void attach(IoBus bus, long limit, boolean decoded, long address) {
        if (range != null || !decoded || address == 0
                || Long.compareUnsigned(address, limit - bytes + 1) > 0) {
            return;
        }
        try {
            range = bus.attach(address, bytes, device, name);
            attachedTo = bus;
            if (device instanceof MappedRange mapped) {
                mapped.appear(address);
            }
        } catch (IllegalArgumentException _) {
            // Claimed by another device, or outside the bus: the guest set it wrong, or only measures the
            // size.
            range = null;
        }
    }
}
