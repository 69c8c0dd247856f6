// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;
import static org.javisor.isa.Instruction.MEM;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// Instructions of AVX that go by the sign bits of lanes: masked moves, and VTESTPS and VTESTPD.
final class AvxMasks {
    private static final long SIGNS_PS = 0x8000_0000_8000_0000L, SIGNS_PD = 0x8000_0000_0000_0000L;

    private AvxMasks() { }

    static void bind(Bindings.Binder b) {
        b.choose(Mnemonic.VMASKMOVPS, insn -> choose(insn, 4))
                .choose(Mnemonic.VMASKMOVPD, insn -> choose(insn, 8))
                .choose(Mnemonic.VPMASKMOVD, insn -> choose(insn, 4))
                .choose(Mnemonic.VPMASKMOVQ, insn -> choose(insn, 8))
                .bind(Mnemonic.VTESTPS, (cpu, insn) -> test(cpu, insn, SIGNS_PS))
                .bind(Mnemonic.VTESTPD, (cpu, insn) -> test(cpu, insn, SIGNS_PD));
    }

    private static Handler choose(Insn insn, int bytes) {
        boolean stores = insn.kind0 == MEM;
        if (bytes == 4) {
            return stores ? (cpu, i) -> storeMasked(cpu, i, 4) : (cpu, i) -> loadMasked(cpu, i, 4);
        }
        return stores ? (cpu, i) -> storeMasked(cpu, i, 8) : (cpu, i) -> loadMasked(cpu, i, 8);
    }

    /// Whether the sign bit of the element at `at` is set.
    static boolean isChosen(long at, int bytes) {
        return HostMemory.loadByte(at + bytes - 1) < 0;
    }

    /// Elements that are not chosen are cleared, and their memory is not touched.
    private static void loadMasked(Cpu cpu, Insn insn, int bytes) {
        Availability.checkAvx(cpu);
        long mask = cpu.state + insn.at1;
        long loaded = cpu.state + CpuLayout.OPERAND;
        store(loaded, 0, 0);
        store(loaded + 16, 0, 0);
        long offset = cpu.effectiveAddress(insn);
        for (int n = 0; n < insn.vectorBytes; n += bytes) {
            if (isChosen(mask + n, bytes)) {
                long value = cpu.load(insn.segment, offset + n & insn.addressMask, bytes);
                HostMemory.store(loaded + n, bytes, value);
            }
        }
        long to = VectorOperands.target(cpu, insn);
        store(to, load(loaded), load(loaded + 8));
        store(to + 16, load(loaded + 16), load(loaded + 24));
    }

    /// Stores all chosen elements, or none if one of them cannot be.
    private static void storeMasked(Cpu cpu, Insn insn, int bytes) {
        Availability.checkAvx(cpu);
        long mask = cpu.state + insn.at1;
        long from = cpu.state + insn.at2;
        long offset = cpu.effectiveAddress(insn);
        for (int n = 0; n < insn.vectorBytes; n += bytes) {
            if (isChosen(mask + n, bytes)) {
                cpu.probe(insn.segment, offset + n & insn.addressMask, bytes, true);
            }
        }
        for (int n = 0; n < insn.vectorBytes; n += bytes) {
            if (isChosen(mask + n, bytes)) {
                cpu.store(insn.segment, offset + n & insn.addressMask, bytes, HostMemory.load(from + n, bytes));
            }
        }
    }

    /// ZF if no sign bit is set in both, CF if none is set in the source alone.
    private static void test(Cpu cpu, Insn insn, long signs) {
        Availability.checkAvx(cpu);
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        long common = 0;
        long missing = 0;
        for (int n = 0; n < insn.vectorBytes; n += 8) {
            long x = load(b + n);
            long y = load(a + n);
            common |= x & y;
            missing |= x & ~y;
        }
        cpu.arithmeticFlags(((common & signs) == 0 ? Flags.ZF : 0) | ((missing & signs) == 0 ? Flags.CF : 0));
    }
}
