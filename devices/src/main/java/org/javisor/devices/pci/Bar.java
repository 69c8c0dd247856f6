// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.List;
import org.javisor.memory.BusDevice;

/// One base address register and the range behind it.
///
/// The range is on its bus exactly while the function decodes that address space, the guest has set an
/// address, the bridges before it let it through, and nobody claims any of it who comes before ([PciDecoder]).
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
    private Claim claim;

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
        return claim != null && claim.attached();
    }

    /// Adds where the range is to be. An address of 0 counts as none.
    void collect(ConfigSpace config, PciDecoder decoder, List<Claim.Place> into) {
        long address = address(config);
        if (address == 0 || Long.compareUnsigned(address, decoder.limit(kind) - bytes + 1) > 0) {
            return;
        }
        if (claim == null) {
            claim = new Claim(decoder.bus(kind), device, name);
        }
        into.add(new Claim.Place(claim, address, bytes));
    }
}
