// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.Arrays;
import org.javisor.devices.pci.LegacyArea;
import org.javisor.devices.pci.Smram;
import org.javisor.host.HostException;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.PageSource;
import org.javisor.memory.Ram;

/// The machine's RAM: one piece of host memory, with a hole for the VGA window below 1 MiB and one for devices below
/// 4 GiB. What lies between them, the legacy area, is RAM or ROM as the host bridge steers it.
final class BoardMemory implements LegacyArea, Smram, AutoCloseable {
    private static final int CONVENTIONAL = 0, LOW = 1, HIGH = 2, ROM_SLOT = 3, LEGACY = 4;
    /// Numbers of slots that the board has for others.
    static final int FLASH_SLOT = 17, VIDEO_SLOT = 18;
    /// SMRAM when it is open; and in what system management mode sees: SMRAM and its segment.
    private static final int OPEN_SMRAM = 19, MANAGED_SMRAM = 0, SEGMENT = 1;
    private static final long VGA_WINDOW = 0xa_0000;
    private static final long BIOS_ALIAS = 0xe_0000, BIOS_ALIAS_BYTES = 0x2_0000;

    /// What is behind a segment.
    private enum Backing { NOTHING, ROM, RAM_TO_READ, RAM }

    private final GuestMemory memory;
    private final Ram ram;
    private final Ram rom;
    private final Backing[] segments = new Backing[SEGMENTS];
    /// The end of RAM below 4 GiB.
    private final long low;
    private boolean open;
    private Window window = Window.NOWHERE;
    private long segmentBytes;

    /// @param firmware what is in the ROM that ends at 4 GiB; null for none
    /// @param source   of what is in RAM; null for zeros
    BoardMemory(long ramBytes, byte[] firmware, GuestMemory memory, PageSource source) {
        this.memory = memory;
        try {
            ram = Ram.allocate(ramBytes, source);
            rom = firmware == null ? null : Ram.allocate(firmware.length);
        } catch (HostException e) {
            throw new ConfigurationException("guest memory of " + (ramBytes >> 20) + " MiB: " + e.getMessage(), e);
        }
        low = MemoryMap.lowRam(ramBytes);
        memory.addSlot(CONVENTIONAL, 0, ram, 0, VGA_WINDOW, false);
        memory.addSlot(LOW, MemoryMap.HIGH_MEMORY, ram, MemoryMap.HIGH_MEMORY, low - MemoryMap.HIGH_MEMORY, false);
        if (MemoryMap.highRam(ramBytes) > 0) {
            memory.addSlot(HIGH, MemoryMap.FOUR_GIB, ram, low, MemoryMap.highRam(ramBytes), false);
        }
        if (rom != null) {
            long at = MemoryMap.FOUR_GIB - firmware.length;
            memory.addSlot(ROM_SLOT, at, rom);
            memory.store(at, firmware);
            memory.removeSlot(ROM_SLOT);
            memory.addSlot(ROM_SLOT, at, rom, 0, firmware.length, true);
        }
        Arrays.fill(segments, Backing.NOTHING);
        for (int segment = 0; segment < SEGMENTS; segment++) {
            steer(segment, false, false);
        }
    }

    // ---- the legacy area ----

    /// RAM that can be written but not read, which firmware uses for copying itself on some boards, is RAM.
    @Override
    public synchronized void steer(int segment, boolean reads, boolean writes) {
        Backing wanted = writes ? Backing.RAM : reads ? Backing.RAM_TO_READ
                : rom != null && address(segment) >= BIOS_ALIAS ? Backing.ROM : Backing.NOTHING;
        if (segments[segment] == wanted) {
            return;
        }
        if (segments[segment] != Backing.NOTHING) {
            memory.removeSlot(LEGACY + segment);
        }
        segments[segment] = wanted;
        long gpa = address(segment);
        long bytes = segment == BIOS ? MemoryMap.HIGH_MEMORY - gpa : SEGMENT_BYTES;
        switch (wanted) {
            case RAM, RAM_TO_READ -> memory.addSlot(LEGACY + segment, gpa, ram, gpa, bytes, wanted != Backing.RAM);
            case ROM -> memory.addSlot(LEGACY + segment, gpa, rom,
                    rom.bytes() - BIOS_ALIAS_BYTES + (gpa - BIOS_ALIAS), bytes, true);
            case NOTHING -> { }
        }
    }

    // ---- memory of system management mode ----

    /// Open SMRAM is for everybody, so that the mode needs no slot of its own to see it.
    @Override
    public synchronized void place(boolean nowOpen, Window nowAt) {
        Window before = shown(open, window), after = shown(nowOpen, nowAt);
        GuestMemory management = memory.management();
        if (before != after && before != Window.NOWHERE) {
            management.removeSlot(MANAGED_SMRAM);
        }
        if (open && !nowOpen) {
            memory.removeSlot(OPEN_SMRAM);
        } else if (!open && nowOpen) {
            memory.addSlot(OPEN_SMRAM, LOW_SMRAM, ram, LOW_SMRAM, BYTES, false);
        }
        if (before != after && after != Window.NOWHERE) {
            management.addSlot(MANAGED_SMRAM, after == Window.HIGH ? HIGH_SMRAM : LOW_SMRAM, ram, LOW_SMRAM,
                    BYTES, false);
        }
        open = nowOpen;
        window = nowAt;
    }

    private static Window shown(boolean open, Window window) {
        return open && window == Window.LOW ? Window.NOWHERE : window;
    }

    /// A segment for which there is no room is none.
    @Override
    public synchronized void segment(long bytes) {
        long wanted = low - bytes > MemoryMap.HIGH_MEMORY ? bytes : 0;
        if (wanted == segmentBytes) {
            return;
        }
        if (segmentBytes != 0) {
            memory.management().removeSlot(SEGMENT);
        }
        memory.replaceSlot(LOW, MemoryMap.HIGH_MEMORY, ram, MemoryMap.HIGH_MEMORY,
                low - wanted - MemoryMap.HIGH_MEMORY, false);
        if (wanted != 0) {
            memory.management().addSlot(SEGMENT, low - wanted, ram, low - wanted, wanted, false);
        }
        segmentBytes = wanted;
    }

    private static long address(int segment) {
        return START + segment * SEGMENT_BYTES;
    }

    Ram ram() {
        return ram;
    }

    /// Gives the memory back; nothing may run on it any more.
    @Override
    public void close() {
        ram.close();
        if (rom != null) {
            rom.close();
        }
    }
}
