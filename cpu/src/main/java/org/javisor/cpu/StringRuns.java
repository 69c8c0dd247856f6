// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.javisor.isa.Instruction.ES;

import org.javisor.host.HostMemory;
import org.javisor.memory.GuestMemory;

/// Runs of elements of repeated string instructions, straight in the host's memory: within a page, and where
/// neither segments nor the [Mmu] have anything to check. Elsewhere a run is one element, done by [Strings].
final class StringRuns {
    private static final long PAGE_MASK = GuestMemory.PAGE_BYTES - 1;
    private static final long BYTE_IN_ALL = 0x0101_0101_0101_0101L;

    private StringRuns() { }

    static long move(Cpu cpu, Insn insn, long count) {
        long from = gva(cpu, insn, insn.segment, RSI);
        long to = gva(cpu, insn, ES, RDI);
        long elements = elements(cpu, insn, ES, RDI, to, elements(cpu, insn, insn.segment, RSI, from, count));
        long source = elements == 0 ? 0 : cpu.mmu.readWindow(from);
        long target = source == 0 ? 0 : cpu.mmu.writeWindow(to);
        if (target == 0) {
            Strings.move(cpu, insn);
            return 1;
        }
        if (Strings.backwards(cpu)) {
            copyBackwards(source, target, elements, insn.bytes0);
        } else {
            copyForwards(source, target, elements, insn.bytes0);
        }
        Strings.advance(cpu, insn, RSI, elements);
        Strings.advance(cpu, insn, RDI, elements);
        return elements;
    }

    static long store(Cpu cpu, Insn insn, long count) {
        long to = gva(cpu, insn, ES, RDI);
        long elements = elements(cpu, insn, ES, RDI, to, count);
        long target = elements == 0 ? 0 : cpu.mmu.writeWindow(to);
        if (target == 0) {
            Strings.store(cpu, insn);
            return 1;
        }
        long lowest = Strings.backwards(cpu) ? target - (elements - 1) * insn.bytes0 : target;
        fill(lowest, elements, insn.bytes0, cpu.reg64(RAX));
        Strings.advance(cpu, insn, RDI, elements);
        return elements;
    }

    static long load(Cpu cpu, Insn insn, long count) {
        Strings.load(cpu, insn);
        return 1;
    }

    static long compare(Cpu cpu, Insn insn, long count) {
        long first = gva(cpu, insn, insn.segment, RSI);
        long second = gva(cpu, insn, ES, RDI);
        long inFirst = elements(cpu, insn, insn.segment, RSI, first, count);
        long elements = elements(cpu, insn, ES, RDI, second, inFirst);
        long firstAt = elements == 0 ? 0 : cpu.mmu.readWindow(first);
        long secondAt = firstAt == 0 ? 0 : cpu.mmu.readWindow(second);
        if (secondAt == 0) {
            Strings.compare(cpu, insn);
            return 1;
        }
        int bytes = insn.bytes0;
        int step = Strings.backwards(cpu) ? -bytes : bytes;
        boolean equal = Strings.whileEqual(insn);
        long done = 0;
        long a;
        long b;
        do {
            a = HostMemory.load(firstAt + done * step, bytes);
            b = HostMemory.load(secondAt + done * step, bytes);
            done++;
        } while (done < elements && a == b == equal);
        cpu.flagsOfSub(a, b, a - b, bytes);
        Strings.advance(cpu, insn, RSI, done);
        Strings.advance(cpu, insn, RDI, done);
        return done;
    }

    static long scan(Cpu cpu, Insn insn, long count) {
        long gva = gva(cpu, insn, ES, RDI);
        long elements = elements(cpu, insn, ES, RDI, gva, count);
        long at = elements == 0 ? 0 : cpu.mmu.readWindow(gva);
        if (at == 0) {
            Strings.scan(cpu, insn);
            return 1;
        }
        int bytes = insn.bytes0;
        int step = Strings.backwards(cpu) ? -bytes : bytes;
        boolean equal = Strings.whileEqual(insn);
        long a = cpu.reg(RAX, bytes);
        long done = 0;
        long b;
        do {
            b = HostMemory.load(at + done * step, bytes);
            done++;
        } while (done < elements && a == b == equal);
        cpu.flagsOfSub(a, b, a - b, bytes);
        Strings.advance(cpu, insn, RDI, done);
        return done;
    }

    // ---- how much can be done at once ----

    /// Linear address of the element that rSI or rDI points to; of no use when the segment has something to
    /// check.
    private static long gva(Cpu cpu, Insn insn, int segment, int reg) {
        long base = HostMemory.loadLong(cpu.state + CpuLayout.SEGMENT_BASE + 8L * segment);
        return base + Strings.index(cpu, insn, reg) & cpu.segments.linearMask;
    }

    /// How many of `count` elements from `gva` on lie within its page and before the index register wraps
    /// around; 0 when the segment has something to check.
    private static long elements(Cpu cpu, Insn insn, int segment, int reg, long gva, long count) {
        if ((cpu.segments.checked >> segment & 1) != 0) {
            return 0;
        }
        int shift = Integer.numberOfTrailingZeros(insn.bytes0);
        long inPage = gva & PAGE_MASK;
        long room = PAGE_MASK + 1 - inPage >>> shift;
        long index = Strings.index(cpu, insn, reg);
        if (Strings.backwards(cpu)) {
            return room == 0 ? 0 : least(count, (inPage >>> shift) + 1, (index >>> shift) + 1);
        }
        return least(count, room, insn.addressMask - index >>> shift);
    }

    /// The least of three unsigned numbers, of which the second is a small one.
    private static long least(long a, long b, long c) {
        long ab = Long.compareUnsigned(a, b) < 0 ? a : b;
        return Long.compareUnsigned(ab, c) < 0 ? ab : c;
    }

    // ---- in the host's memory ----

    /// Copies as one element after the other does, which repeats a pattern when the target begins within the
    /// source.
    private static void copyForwards(long source, long target, long elements, int bytes) {
        long length = elements * bytes;
        long distance = target - source;
        if (distance <= 0 || distance >= length) {
            HostMemory.copy(source, target, length);
            return;
        }
        for (long at = 0; at < length; at += bytes) {
            HostMemory.store(target + at, bytes, HostMemory.load(source + at, bytes));
        }
    }

    /// As [#copyForwards] from the last element to the first: `source` and `target` are where the highest
    /// ones are.
    private static void copyBackwards(long source, long target, long elements, int bytes) {
        long length = elements * bytes;
        long distance = source - target;
        if (distance <= 0 || distance >= length) {
            HostMemory.copy(source + bytes - length, target + bytes - length, length);
            return;
        }
        for (long at = 0; at < length; at += bytes) {
            HostMemory.store(target - at, bytes, HostMemory.load(source - at, bytes));
        }
    }

    private static void fill(long target, long elements, int bytes, long value) {
        long length = elements * bytes;
        if (Flags.signExtend((value & 0xff) * BYTE_IN_ALL, bytes) == Flags.signExtend(value, bytes)) {
            HostMemory.fill(target, length, (byte) value);
            return;
        }
        for (long at = 0; at < length; at += bytes) {
            HostMemory.store(target + at, bytes, value);
        }
    }
}
