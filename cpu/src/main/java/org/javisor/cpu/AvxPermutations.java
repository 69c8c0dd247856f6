// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorForms.vector;
import static org.javisor.cpu.VectorOperands.first;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.cpu.VectorOperands.storeXmm;
import static org.javisor.cpu.VectorOperands.target;
import static org.javisor.isa.Instruction.IMM;
import static org.javisor.isa.Instruction.MEM;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// What AVX and AVX2 add to rearrange lanes: permutations within and across 16 bytes, broadcasts, insertion and
/// extraction of halves.
final class AvxPermutations {
    private static final long LOW_DWORD = 0xffff_ffffL;

    private AvxPermutations() { }

    static void bind(Bindings.Binder b) {
        b.choose(Mnemonic.VPERMILPS, insn -> insn.kind2 == IMM
                        ? (cpu, i) -> vector(cpu, i, VectorShuffle::dwords)
                        : (cpu, i) -> vector(cpu, i, AvxPermutations::permuteSingles))
                .choose(Mnemonic.VPERMILPD, insn -> insn.kind2 == IMM
                        ? (cpu, i) -> vector(cpu, i, (to, _, x, order) -> VectorShuffle.shufflePd(to, x, x, order), 2)
                        : (cpu, i) -> vector(cpu, i, AvxPermutations::permuteDoubles))
                .bind(Mnemonic.VPBLENDD, (cpu, insn) -> vector(cpu, insn, VectorShuffle::blendPs, 4))
                .bind(Mnemonic.VPERMPS, AvxPermutations::permuteAcross)
                .bind(Mnemonic.VPERMD, AvxPermutations::permuteAcross)
                .bind(Mnemonic.VPERMQ, AvxPermutations::permuteQwords)
                .bind(Mnemonic.VPERMPD, AvxPermutations::permuteQwords)
                .bind(Mnemonic.VPERM2F128, AvxPermutations::permuteHalves)
                .bind(Mnemonic.VPERM2I128, AvxPermutations::permuteHalves)
                .bind(Mnemonic.VINSERTF128, AvxPermutations::insertHalf)
                .bind(Mnemonic.VINSERTI128, AvxPermutations::insertHalf)
                .bind(Mnemonic.VEXTRACTF128, AvxPermutations::extractHalf)
                .bind(Mnemonic.VEXTRACTI128, AvxPermutations::extractHalf);
        bindBroadcasts(b);
    }

    private static void bindBroadcasts(Bindings.Binder b) {
        b.bind(Mnemonic.VPBROADCASTB,
                        (cpu, insn) -> broadcast(cpu, insn, bytes(source(cpu, insn))))
                .bind(Mnemonic.VPBROADCASTW, (cpu, insn) -> broadcast(cpu, insn, words(source(cpu, insn))))
                .bind(Mnemonic.VPBROADCASTD, (cpu, insn) -> broadcast(cpu, insn, dwords(source(cpu, insn))))
                .bind(Mnemonic.VPBROADCASTQ, (cpu, insn) -> broadcast(cpu, insn, source(cpu, insn)))
                .bind(Mnemonic.VBROADCASTSS, (cpu, insn) -> broadcast(cpu, insn, dwords(source(cpu, insn))))
                .bind(Mnemonic.VBROADCASTSD, (cpu, insn) -> broadcast(cpu, insn, source(cpu, insn)))
                .bind(Mnemonic.VBROADCASTF128, AvxPermutations::broadcastHalf)
                .bind(Mnemonic.VBROADCASTI128, AvxPermutations::broadcastHalf);
    }

    // ---- within 16 bytes ----

    private static long dword(long at, long index) {
        return HostMemory.loadInt(at + 4 * (index & 3)) & LOW_DWORD;
    }

    /// VPERMILPS: each doubleword of the result is that of `a` which the one of `b` names.
    private static void permuteSingles(long to, long a, long b) {
        long low = load(b);
        long high = load(b + 8);
        store(to, dword(a, low) | dword(a, low >>> 32) << 32, dword(a, high) | dword(a, high >>> 32) << 32);
    }

    /// VPERMILPD: bit 1 of each quadword names one.
    private static void permuteDoubles(long to, long a, long b) {
        long low = load(b) & 2;
        long high = load(b + 8) & 2;
        store(to, load(a + 4 * low), load(a + 4 * high));
    }

    // ---- across 32 bytes ----

    /// VPERMPS and VPERMD: each doubleword of the result is that of the second source which the one of the first
    /// names.
    private static void permuteAcross(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long b = VectorOperands.sourceApart(cpu, insn);
        long indexes = first(cpu, insn);
        long to = target(cpu, insn);
        for (int n = 0; n < 32; n += 4) {
            int index = HostMemory.loadInt(indexes + n) & 7;
            HostMemory.storeInt(to + n, HostMemory.loadInt(b + 4 * index));
        }
    }

    /// VPERMQ and VPERMPD.
    private static void permuteQwords(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        int order = (int) insn.immediate;
        long b = VectorOperands.sourceApart(cpu, insn);
        long to = target(cpu, insn);
        for (int n = 0; n < 4; n++) {
            HostMemory.storeLong(to + 8 * n, load(b + 8 * (order >> 2 * n & 3)));
        }
    }

    /// VPERM2F128 and VPERM2I128: each half is cleared or one of four.
    private static void permuteHalves(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        int choice = (int) insn.immediate;
        long b = VectorOperands.sourceApart(cpu, insn);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        long first = half(a, b, choice);
        long second = half(a, b, choice >> 4);
        boolean firstCleared = (choice & 8) != 0;
        boolean secondCleared = (choice & 0x80) != 0;
        long low = firstCleared ? 0 : load(first);
        long high = firstCleared ? 0 : load(first + 8);
        long third = secondCleared ? 0 : load(second);
        long fourth = secondCleared ? 0 : load(second + 8);
        store(to, low, high);
        store(to + 16, third, fourth);
    }

    private static long half(long a, long b, int choice) {
        return ((choice & 2) == 0 ? a : b) + 16 * (choice & 1);
    }

    // ---- halves ----

    private static void insertHalf(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long b = VectorOperands.source(cpu, insn);
        long low = load(b);
        long high = load(b + 8);
        long a = first(cpu, insn);
        long to = target(cpu, insn);
        store(to, load(a), load(a + 8));
        store(to + 16, load(a + 16), load(a + 24));
        store(to + 16 * (insn.immediate & 1), low, high);
    }

    private static void extractHalf(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long from = cpu.state + insn.at1 + 16 * (insn.immediate & 1);
        if (insn.kind0 == MEM) {
            VectorOperands.storeUnaligned(cpu, insn, load(from), load(from + 8));
        } else {
            storeXmm(insn, target(cpu, insn), load(from), load(from + 8));
        }
    }

    // ---- broadcasts ----

    /// The low 8 bytes of the source.
    private static long source(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        return load(VectorOperands.sourceScalar(cpu, insn));
    }

    private static long bytes(long value) {
        return (value & 0xff) * 0x0101_0101_0101_0101L;
    }

    private static long words(long value) {
        return (value & 0xffff) * 0x0001_0001_0001_0001L;
    }

    private static long dwords(long value) {
        return (value & LOW_DWORD) * 0x0000_0001_0000_0001L;
    }

    private static void broadcast(Cpu cpu, Insn insn, long pattern) {
        long to = target(cpu, insn);
        storeXmm(insn, to, pattern, pattern);
        if (insn.vectorBytes == 32) {
            store(to + 16, pattern, pattern);
        }
    }

    private static void broadcastHalf(Cpu cpu, Insn insn) {
        Availability.checkAvx(cpu);
        long b = VectorOperands.source(cpu, insn);
        long low = load(b);
        long high = load(b + 8);
        long to = target(cpu, insn);
        store(to, low, high);
        store(to + 16, low, high);
    }
}
