// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.javisor.machine.layout.MemoryMap;
import org.javisor.memory.GuestMemory;

/// The Linux/x86 boot protocol for bzImage files, entered in 64-bit or in 32-bit mode.
///
/// @linux Documentation/arch/x86/boot.rst "64-bit Boot Protocol", "32-bit Boot Protocol"; zero-page.rst
public final class LinuxBoot {
    // Offsets in the setup header, which lies at the same place in the file and in the zero page.
    private static final int HEADER = 0x1f1, SETUP_SECTS = 0x1f1, SYSSIZE = 0x1f4, BOOT_FLAG = 0x1fe, JUMP = 0x200,
            MAGIC = 0x202, VERSION = 0x206, TYPE_OF_LOADER = 0x210, LOADFLAGS = 0x211, RAMDISK_IMAGE = 0x218,
            RAMDISK_SIZE = 0x21c, HEAP_END_PTR = 0x224, CMD_LINE_PTR = 0x228, INITRD_ADDR_MAX = 0x22c,
            KERNEL_ALIGNMENT = 0x230, RELOCATABLE = 0x234, XLOADFLAGS = 0x236, CMDLINE_SIZE = 0x238,
            PREF_ADDRESS = 0x258, INIT_SIZE = 0x260, HEADER_END = 0x264;
    // Offsets in the zero page alone.
    private static final int ACPI_RSDP_ADDR = 0x070, E820_ENTRIES = 0x1e8, E820_TABLE = 0x2d0, E820_ENTRY_BYTES = 20;

    private static final int HDRS = 0x5372_6448;
    private static final int LOADED_HIGH = 1, CAN_USE_HEAP = 0x80, XLF_KERNEL_64 = 1;
    private static final int OLDEST_VERSION = 0x20a, OLDEST_64_BIT_VERSION = 0x20c;
    private static final int UNKNOWN_LOADER = 0xff;
    private static final int ENTRY_64 = 0x200;

    private static final long ZERO_PAGE = 0x7000, STACK = 0x8ff0, COMMAND_LINE = 0x2_0000;

    private final BootRequest request;
    private final ByteBuffer file;
    private final int setupBytes;

    private LinuxBoot(BootRequest request) {
        this.request = request;
        this.file = ByteBuffer.wrap(request.kernel()).order(ByteOrder.LITTLE_ENDIAN);
        this.setupBytes = 512 * (1 + (file.get(SETUP_SECTS) == 0 ? 4 : file.get(SETUP_SECTS) & 0xff));
    }

    /// Whether the file is a Linux kernel of this protocol, as far as its first kilobyte tells.
    public static boolean recognises(byte[] kernel) {
        ByteBuffer file = ByteBuffer.wrap(kernel).order(ByteOrder.LITTLE_ENDIAN);
        return kernel.length >= HEADER_END && file.getShort(BOOT_FLAG) == (short) 0xaa55 && file.getInt(MAGIC) == HDRS;
    }

    /// Loads the kernel and everything it expects into guest memory.
    ///
    /// @param enter64 enter at the 64-bit entry point, where the kernel has one; else at the 32-bit one
    /// @throws org.javisor.memory.ConfigurationException if the file is no such kernel, is cut short, or does not fit
    public static EntryState load(BootRequest request, GuestMemory memory, boolean enter64) {
        if (!recognises(request.kernel())) {
            throw request.badKernel("not a Linux bzImage");
        }
        LinuxBoot boot = new LinuxBoot(request);
        boot.check();
        return boot.place(memory, enter64 && boot.has64BitEntry());
    }

    private void check() {
        int version = file.getShort(VERSION) & 0xffff;
        if (version < OLDEST_VERSION) {
            throw request.badKernel(String.format(
                    "boot protocol %d.%02d is too old; 2.10 or later (Linux 2.6.31) works",
                    version >>> 8, version & 0xff));
        }
        if ((file.get(LOADFLAGS) & LOADED_HIGH) == 0) {
            throw request.badKernel("a zImage, which loads below 1 MiB; build a bzImage");
        }
        long promised = setupBytes + 16L * (file.getInt(SYSSIZE) & 0xffff_ffffL);
        // SYSSIZE counts a checksum or signature block that some distributions cut off.
        if (request.kernel().length < promised - 16) {
            throw request.badKernel(String.format("cut short: %d bytes of %d", request.kernel().length, promised));
        }
        int limit = file.getInt(CMDLINE_SIZE);
        if (request.commandLine().length() > limit) {
            throw request.badKernel(String.format("the command line has %d characters; this kernel takes %d",
                    request.commandLine().length(), limit));
        }
    }

    private boolean has64BitEntry() {
        return file.getShort(VERSION) >= OLDEST_64_BIT_VERSION && (file.getShort(XLOADFLAGS) & XLF_KERNEL_64) != 0;
    }

    private EntryState place(GuestMemory memory, boolean enter64) {
        long kernel = file.getLong(PREF_ADDRESS);
        long initSize = file.getInt(INIT_SIZE) & 0xffff_ffffL;
        long available = MemoryMap.lowRam(request.ramBytes());
        if (file.get(RELOCATABLE) != 0 && kernel + initSize > available) {
            long alignment = Math.max(file.getInt(KERNEL_ALIGNMENT) & 0xffff_ffffL, 4096);
            kernel = MemoryMap.HIGH_MEMORY + alignment - 1 & -alignment;
        }
        int kernelBytes = request.kernel().length - setupBytes;
        long kernelEnd = kernel + Math.max(initSize, kernelBytes);
        if (kernel < MemoryMap.HIGH_MEMORY || kernelEnd > available) {
            throw request.tooLittleMemory("kernel " + request.kernelName() + " does not fit", kernelEnd);
        }
        memory.store(kernel, request.kernel(), setupBytes, kernelBytes);
        writeZeroPage(memory, kernelEnd);
        memory.store(COMMAND_LINE, (request.commandLine() + '\0').getBytes(StandardCharsets.US_ASCII));
        BootTables.writeGdt(memory, enter64);
        if (enter64) {
            BootTables.writePageTables(memory);
            return new EntryState(EntryState.Mode.LONG, kernel + ENTRY_64, STACK, 0, 0, ZERO_PAGE, BootTables.PML4,
                    BootTables.GDT);
        }
        return new EntryState(EntryState.Mode.PROTECTED, kernel, STACK, 0, 0, ZERO_PAGE, 0, BootTables.GDT);
    }

    private void writeZeroPage(GuestMemory memory, long kernelEnd) {
        ByteBuffer page = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        int headerEnd = Math.min(MAGIC + (file.get(JUMP + 1) & 0xff), E820_TABLE);
        page.put(HEADER, request.kernel(), HEADER, headerEnd - HEADER);
        page.put(TYPE_OF_LOADER, (byte) UNKNOWN_LOADER);
        page.put(LOADFLAGS, (byte) (file.get(LOADFLAGS) | CAN_USE_HEAP));
        page.putShort(HEAP_END_PTR, (short) 0xfe00);
        page.putInt(CMD_LINE_PTR, (int) COMMAND_LINE);
        page.putLong(ACPI_RSDP_ADDR, request.rsdp());
        if (request.initrd().length > 0) {
            long gpa = request.placeInitrd(kernelEnd, file.getInt(INITRD_ADDR_MAX) & 0xffff_ffffL);
            memory.store(gpa, request.initrd());
            page.putInt(RAMDISK_IMAGE, (int) gpa);
            page.putInt(RAMDISK_SIZE, request.initrd().length);
        }
        int at = E820_TABLE;
        for (E820.Entry entry : request.memoryMap()) {
            page.putLong(at, entry.gpa()).putLong(at + 8, entry.bytes()).putInt(at + 16, entry.type());
            at += E820_ENTRY_BYTES;
        }
        page.put(E820_ENTRIES, (byte) request.memoryMap().size());
        memory.store(ZERO_PAGE, page.array());
    }
}
