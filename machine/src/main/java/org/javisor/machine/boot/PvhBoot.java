// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.javisor.memory.GuestMemory;

/// The PVH boot protocol: an ELF kernel that names its 32-bit entry point in a note and gets a start-info structure.
///
/// @xen docs/misc/pvh.pandoc "x86/HVM direct boot ABI"; xen/include/public/arch-x86/hvm/start_info.h
public final class PvhBoot {
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;
    private static final int MAGIC = 0x336e_c578, VERSION = 1;
    private static final long START_INFO = 0x6000, MODULES = 0x6040, MEMORY_MAP = 0x6080, STACK = 0x8ff0,
            COMMAND_LINE = 0x2_0000;

    private PvhBoot() { }

    /// @throws org.javisor.memory.ConfigurationException if the file is no such kernel or does not fit
    public static EntryState load(BootRequest request, GuestMemory memory) {
        ElfImage image = ElfImage.parse(request);
        long entry = image.note("Xen", XEN_ELFNOTE_PHYS32_ENTRY);
        if (entry < 0 || entry >>> 32 != 0) {
            throw request.badKernel("an ELF file without a PVH entry point; Linux has one with CONFIG_PVH");
        }
        image.load(memory);
        ByteBuffer info = ByteBuffer.allocate(0x1000).order(ByteOrder.LITTLE_ENDIAN);
        boolean hasInitrd = request.initrd().length > 0;
        info.putInt(MAGIC).putInt(VERSION).putInt(0).putInt(hasInitrd ? 1 : 0).putLong(hasInitrd ? MODULES : 0)
                .putLong(COMMAND_LINE).putLong(request.rsdp()).putLong(MEMORY_MAP)
                .putInt(request.memoryMap().size()).putInt(0);
        if (hasInitrd) {
            long gpa = request.placeInitrd(image.end(), 0x7fff_ffffL);
            memory.store(gpa, request.initrd());
            info.position((int) (MODULES - START_INFO));
            info.putLong(gpa).putLong(request.initrd().length).putLong(0).putLong(0);
        }
        info.position((int) (MEMORY_MAP - START_INFO));
        for (E820.Entry entryOfMap : request.memoryMap()) {
            info.putLong(entryOfMap.gpa()).putLong(entryOfMap.bytes()).putInt(entryOfMap.type()).putInt(0);
        }
        memory.store(START_INFO, info.array());
        memory.store(COMMAND_LINE, (request.commandLine() + '\0').getBytes(StandardCharsets.US_ASCII));
        BootTables.writeGdt(memory, false);
        return new EntryState(EntryState.Mode.PROTECTED, entry, STACK, 0, START_INFO, 0, 0, BootTables.GDT);
    }
}
