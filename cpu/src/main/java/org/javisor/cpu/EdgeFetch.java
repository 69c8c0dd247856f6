// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Arrays;
import org.javisor.host.HostMemory;
import org.javisor.isa.Decoder;
import org.javisor.memory.GuestMemory;

/// Fetches the instructions that no page's blocks can hold: those close to the limit of CS or outside memory, and
/// of those across two pages what [CodePage] does not have. Each is fetched anew whenever it is executed, byte by byte
/// and no byte further than it needs, so that writes to either page and remapping of either need no tracking; what the
/// same bytes decoded to last time is kept.
///
/// Confined to its processor's thread.
final class EdgeFetch {
    private static final int ENTRIES = 256;
    private static final int PAGE_MASK = GuestMemory.PAGE_BYTES - 1;

    private final Cpu cpu;
    private final InstructionDecoder decoder;
    /// By linear address: the block decoded there last, its bytes, and their address.
    private final Block[] blocks = new Block[ENTRIES];
    private final byte[][] bytes = new byte[ENTRIES][Decoder.MAX_BYTES];
    private final long[] addresses = new long[ENTRIES];

    private final byte[] code = new byte[Decoder.MAX_BYTES];
    private int fetched;

    EdgeFetch(Cpu cpu, InstructionDecoder decoder) {
        this.cpu = cpu;
        this.decoder = decoder;
    }

    private static int index(long gva) {
        return (int) (gva ^ gva >>> 8) & ENTRIES - 1;
    }

    /// The block of the one instruction at `gva`, if that is the same as last time; else null.
    ///
    /// @param available how many bytes there are up to the limit of CS; 15 if that does not matter
    /// @throws GuestFault #PF if a byte that the instruction needs cannot be fetched
    Block known(long gva, int available) {
        int index = index(gva);
        Block known = blocks[index];
        fetched = 0;
        return known != null && addresses[index] == gva && known.decodeMode == cpu.decodeMode
                && matches(known.insns[0].length, bytes[index], gva, Math.min(available, Decoder.MAX_BYTES))
                ? known : null;
    }

    /// A block of the one instruction at `gva`.
    ///
    /// @param available as of [#known]
    /// @throws GuestFault #PF or #GP(0) if a byte that the instruction needs cannot be fetched
    Block fetch(long gva, int available) {
        Block known = known(gva, available);
        if (known != null) {
            return known;
        }
        int index = index(gva);
        Block block = decode(gva, Math.min(available, Decoder.MAX_BYTES));
        blocks[index] = block;
        addresses[index] = gva;
        System.arraycopy(code, 0, bytes[index], 0, fetched);
        return block;
    }

    private boolean matches(int length, byte[] old, long gva, int limit) {
        if (length > limit) {
            return false;
        }
        int inFirst = Math.min(length, GuestMemory.PAGE_BYTES - ((int) gva & PAGE_MASK));
        return matches(old, 0, inFirst, gva) && matches(old, inFirst, length, gva);
    }

    /// Whether bytes `from` to `to`, which are in one page, are those of old. A byte is only read when those before it
    /// were the same.
    private boolean matches(byte[] old, int from, int to, long gva) {
        if (from == to) {
            return true;
        }
        long hva = cpu.mmu.code.fetchHva(gva + from & cpu.segments.linearMask);
        for (int i = from; i < to; i++) {
            // A device may answer another time with something else: what was fetched is kept.
            if (hva == 0) {
                fetchTo(i + 1, gva);
            } else {
                code[i] = HostMemory.loadByte(hva + i - from);
                fetched = i + 1;
            }
            if (code[i] != old[i]) {
                return false;
            }
        }
        return true;
    }

    private Block decode(long gva, int limit) {
        for (int n = Math.max(fetched, 1); n <= limit; n++) {
            fetchTo(n, gva);
            Insn insn = decoder.decodeOne(code, 0, n, cpu.decodeMode);
            if (insn != null) {
                int start = (int) gva & PAGE_MASK;
                insn.end = (short) (start + insn.length);
                insn.ordinal = 1;
                return new Block(new Insn[] {insn}, start, Arrays.copyOf(code, insn.length), cpu.decodeMode, null);
            }
        }
        throw cpu.gp(0);
    }

    /// Sees to it that the first `count` bytes at `gva` are in `code`.
    private void fetchTo(int count, long gva) {
        while (fetched < count) {
            long at = gva + fetched & cpu.segments.linearMask;
            long hva = cpu.mmu.code.fetchHva(at);
            code[fetched] = hva == 0 ? (byte) cpu.bus.readMemory(cpu.mmu.code.fetchGpa(), 1) : HostMemory.loadByte(hva);
            fetched++;
        }
    }
}
