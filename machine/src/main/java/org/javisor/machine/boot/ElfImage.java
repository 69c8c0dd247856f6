// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.GuestMemory;

/// An ELF executable for x86, 32- or 64-bit, as boot protocols need it: segments to load and notes. Everything in the
/// file is checked before it is used.
///
/// @elf System V ABI, "Object Files", "Program Loading"
public final class ElfImage {
    /// @param offset   in the file
    /// @param paddr    guest-physical address
    /// @param fileBytes bytes from the file; the rest of `memoryBytes` is zero
    public record Segment(int offset, long paddr, long vaddr, int fileBytes, long memoryBytes) { }

    private static final int PT_LOAD = 1, PT_NOTE = 4;

    private final BootRequest request;
    private final ByteBuffer file;
    private final boolean is64;
    private final List<Segment> loads = new ArrayList<>();
    private final List<Segment> notes = new ArrayList<>();

    private ElfImage(BootRequest request) {
        this.request = request;
        this.file = ByteBuffer.wrap(request.kernel()).order(ByteOrder.LITTLE_ENDIAN);
        this.is64 = file.get(4) == 2;
        readProgramHeaders();
    }

    public static boolean recognises(byte[] kernel) {
        return kernel.length >= 64 && kernel[0] == 0x7f && kernel[1] == 'E' && kernel[2] == 'L' && kernel[3] == 'F'
                && kernel[5] == 1;
    }

    /// @throws org.javisor.memory.ConfigurationException if headers point outside the file
    public static ElfImage parse(BootRequest request) {
        if (!recognises(request.kernel())) {
            throw request.badKernel("not a little-endian ELF file");
        }
        return new ElfImage(request);
    }

    private void readProgramHeaders() {
        long table = is64 ? file.getLong(32) : file.getInt(28) & 0xffff_ffffL;
        int entryBytes = file.getShort(is64 ? 54 : 42) & 0xffff;
        int count = file.getShort(is64 ? 56 : 44) & 0xffff;
        if (entryBytes < (is64 ? 56 : 32) || !inFile(table, (long) entryBytes * count)) {
            throw request.badKernel("cut short or damaged: its program headers lie outside the file");
        }
        for (int n = 0; n < count; n++) {
            int at = (int) table + n * entryBytes;
            int type = file.getInt(at);
            if (type == PT_LOAD || type == PT_NOTE) {
                (type == PT_LOAD ? loads : notes).add(is64 ? segment64(at) : segment32(at));
            }
        }
        if (loads.isEmpty()) {
            throw request.badKernel("an ELF file with nothing to load");
        }
    }

    private boolean inFile(long offset, long bytes) {
        return offset >= 0 && bytes >= 0 && bytes <= file.limit() && offset <= file.limit() - bytes;
    }

    private Segment segment64(int at) {
        return segment(file.getLong(at + 8), file.getLong(at + 24), file.getLong(at + 16), file.getLong(at + 32),
                file.getLong(at + 40));
    }

    private Segment segment32(int at) {
        return segment(file.getInt(at + 4) & 0xffff_ffffL, file.getInt(at + 12) & 0xffff_ffffL,
                file.getInt(at + 8) & 0xffff_ffffL, file.getInt(at + 16) & 0xffff_ffffL,
                file.getInt(at + 20) & 0xffff_ffffL);
    }

    private Segment segment(long offset, long paddr, long vaddr, long fileBytes, long memoryBytes) {
        if (!inFile(offset, fileBytes) || memoryBytes < fileBytes || paddr < 0 || paddr + memoryBytes < 0) {
            throw request.badKernel("cut short or damaged: a segment lies outside the file");
        }
        return new Segment((int) offset, paddr, vaddr, (int) fileBytes, memoryBytes);
    }

    public boolean is64() {
        return is64;
    }

    public List<Segment> loads() {
        return loads;
    }

    /// The entry point as the file gives it.
    public long entry() {
        return is64 ? file.getLong(24) : file.getInt(24) & 0xffff_ffffL;
    }

    /// The first address behind all segments.
    public long end() {
        return loads.stream().mapToLong(s -> s.paddr() + s.memoryBytes()).max().orElseThrow();
    }

    /// Copies the segments into guest memory.
    ///
    /// @throws org.javisor.memory.ConfigurationException if there is no memory where one is to go
    public void load(GuestMemory memory) {
        for (Segment segment : loads) {
            if (segment.memoryBytes() > 0 && !memory.backs(segment.paddr(), segment.memoryBytes())) {
                throw request.tooLittleMemory("kernel " + request.kernelName() + " does not fit", end());
            }
            memory.store(segment.paddr(), request.kernel(), segment.offset(), segment.fileBytes());
            byte[] zeros = new byte[4096];
            for (long done = segment.fileBytes(); done < segment.memoryBytes(); done += zeros.length) {
                memory.store(segment.paddr() + done, zeros, 0,
                        (int) Math.min(zeros.length, segment.memoryBytes() - done));
            }
        }
    }

    /// The descriptor of the first note of `name` and `type`, read as a little-endian number of up to 8 bytes; -1 if
    /// the file has none.
    public long note(String name, int type) {
        for (Segment segment : notes) {
            int at = segment.offset();
            int end = at + segment.fileBytes();
            while (end - at >= 12) {
                int nameBytes = file.getInt(at);
                int valueBytes = file.getInt(at + 4);
                if (nameBytes < 0 || valueBytes < 0 || nameBytes > end - at || valueBytes > end - at) {
                    break;
                }
                int value = at + 12 + (nameBytes + 3 & -4);
                if (value + valueBytes > end) {
                    break;
                }
                if (file.getInt(at + 8) == type && noteName(at + 12, nameBytes).equals(name)) {
                    return number(value, Math.min(valueBytes, 8));
                }
                at = value + (valueBytes + 3 & -4);
            }
        }
        return -1;
    }

    private String noteName(int at, int bytes) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < bytes && file.get(at + i) != 0; i++) {
            name.append((char) file.get(at + i));
        }
        return name.toString();
    }

    private long number(int at, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (file.get(at + i) & 0xffL) << 8 * i;
        }
        return value;
    }
}
