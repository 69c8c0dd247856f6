// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.GuestMemory;

/// The Multiboot protocol, version 1: an ELF file or a flat image with a header in its first 8 KiB, entered
/// in 32-bit protected mode with a pointer to what the loader knows in EBX.
///
/// ```
/// 0x6000  information: memory sizes, command line, module, memory map
/// 0x6080  description of the one module, the initial RAM disk
/// 0x60a0  the module's string
/// 0x60c0  loader's name
/// 0x6100  memory map
/// 0x20000 command line
/// ```
///
/// @multiboot 0.6.96 §3 "Specification"
public final class Multiboot {
    private static final int HEADER_MAGIC = 0x1bad_b002, LOADER_MAGIC = 0x2bad_b002;
    private static final int HEADER_SEARCH_BYTES = 8192;
    /// Header flags: what a loader must understand, of which there is memory information and page-aligned
    /// modules; and where to load a file that is not ELF.
    private static final int REQUIRED = 0xffff, UNDERSTOOD = 3, HAS_ADDRESSES = 1 << 16;
    /// Flags of the information.
    private static final int MEMORY = 1, COMMAND_LINE = 1 << 2, MODULES = 1 << 3, MEMORY_MAP = 1 << 6,
            LOADER_NAME = 1 << 9;

    private static final long INFO = 0x6000, MODULE = 0x6080, MODULE_STRING = 0x60a0, NAME = 0x60c0,
            MAP = 0x6100,
            STACK = 0x8ff0, ARGUMENTS = 0x2_0000;
    private static final int INFO_BYTES = 0x80;

    private Multiboot() { }

    /// Whether the file has a Multiboot header.
    public static boolean recognises(byte[] kernel) {
        return findHeader(kernel) >= 0;
    }

    private static int findHeader(byte[] kernel) {
        ByteBuffer file = ByteBuffer.wrap(kernel).order(ByteOrder.LITTLE_ENDIAN);
        int end = Math.min(HEADER_SEARCH_BYTES, kernel.length) - 12;
        for (int at = 0; at <= end; at += 4) {
            if (file.getInt(at) == HEADER_MAGIC
                    && HEADER_MAGIC + file.getInt(at + 4) + file.getInt(at + 8) == 0) {
                return at;
            }
        }
        return -1;
    }

    /// @throws org.javisor.memory.ConfigurationException if the file is no such kernel or does not fit
    public static EntryState load(BootRequest request, GuestMemory memory) {
        int header = findHeader(request.kernel());
        if (header < 0) {
            throw request.badKernel("no Multiboot header in its first 8 KiB");
        }
        ByteBuffer file = ByteBuffer.wrap(request.kernel()).order(ByteOrder.LITTLE_ENDIAN);
        int flags = file.getInt(header + 4);
        if ((flags & REQUIRED & ~UNDERSTOOD) != 0) {
            throw request.badKernel(String
                    .format("its Multiboot header asks for more than a text-mode PC: 0x%x",
                    flags));
        }
        long entry;
        long end;
        if ((flags & HAS_ADDRESSES) != 0) {
            entry = file.getInt(header + 28) & 0xffff_ffffL;
            end = loadFlat(request, memory, file, header);
        } else {
            ElfImage image = ElfImage.parse(request);
            image.load(memory);
            entry = image.entry();
            end = image.end();
        }
        writeInformation(request, memory, end);
        BootTables.writeGdt(memory, false);
        return new EntryState(EntryState.Mode.PROTECTED, entry, STACK, LOADER_MAGIC, INFO, 0, 0,
                BootTables.GDT);
    }

    /// A file that says itself where it goes. What lies behind it is zero already.
    ///
    /// @return the first address behind it and its BSS
    private static long loadFlat(BootRequest request, GuestMemory memory, ByteBuffer file, int header) {
        long headerAt = file.getInt(header + 12) & 0xffff_ffffL;
        long loadAt = file.getInt(header + 16) & 0xffff_ffffL;
        long loadEnd = file.getInt(header + 20) & 0xffff_ffffL;
        long bssEnd = file.getInt(header + 24) & 0xffff_ffffL;
        long from = header - (headerAt - loadAt);
        long bytes = loadEnd == 0 ? request.kernel().length - from : loadEnd - loadAt;
        if (loadAt > headerAt || from < 0 || bytes < 0 || bytes > request.kernel().length - from) {
            throw request.badKernel("cut short or damaged: its Multiboot addresses lie outside the file");
        }
        long end = Math.max(loadAt + bytes, bssEnd);
        if (!memory.backs(loadAt, end - loadAt)) {
            throw request.tooLittleMemory("kernel " + request.kernelName() + " does not fit", end);
        }
        memory.store(loadAt, request.kernel(), (int) from, (int) bytes);
        return end;
    }

    private static void writeInformation(BootRequest request, GuestMemory memory, long kernelEnd) {
        boolean hasModule = request.initrd().length > 0;
        ByteBuffer info = ByteBuffer.allocate(INFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(MEMORY | COMMAND_LINE | MEMORY_MAP | LOADER_NAME | (hasModule ? MODULES : 0));
        info.putInt((int) (MemoryMap.EBDA >>> 10));
        info.putInt((int) (MemoryMap.lowRam(request.ramBytes()) - MemoryMap.HIGH_MEMORY >>> 10));
        info.putInt(16, (int) ARGUMENTS);
        if (hasModule) {
            info.putInt(20, 1).putInt(24, (int) MODULE);
            writeModule(request, memory, kernelEnd);
        }
        info.putInt(44, writeMemoryMap(request, memory)).putInt(48, (int) MAP);
        info.putInt(64, (int) NAME);
        memory.store(INFO, info.array());
        memory.store(NAME, "Javisor\0".getBytes(StandardCharsets.US_ASCII));
        memory.store(ARGUMENTS, (request.kernelName() + ' ' + request.commandLine() + '\0')
                .getBytes(StandardCharsets.US_ASCII));
    }

    private static void writeModule(BootRequest request, GuestMemory memory, long kernelEnd) {
        long gpa = request.placeInitrd(kernelEnd, 0x7fff_ffffL);
        memory.store(gpa, request.initrd());
        memory.storeInt(MODULE, (int) gpa);
        memory.storeInt(MODULE + 4, (int) (gpa + request.initrd().length));
        memory.storeInt(MODULE + 8, (int) MODULE_STRING);
        memory.store(MODULE_STRING, "initrd\0".getBytes(StandardCharsets.US_ASCII));
    }

    /// @return its length in bytes
    private static int writeMemoryMap(BootRequest request, GuestMemory memory) {
        ByteBuffer map = ByteBuffer.allocate(24 * request.memoryMap().size()).order(ByteOrder.LITTLE_ENDIAN);
        for (E820.Entry entry : request.memoryMap()) {
            map.putInt(20).putLong(entry.gpa()).putLong(entry.bytes()).putInt(entry.type());
        }
        memory.store(MAP, map.array());
        return map.capacity();
    }
}
