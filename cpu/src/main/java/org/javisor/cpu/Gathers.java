// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// The gathers of AVX2: elements from addresses with an index each. An element that is loaded leaves the mask, so that
/// a gather that faults goes on where it was when it is executed again.
///
/// @sdm vol. 2C "VGATHERDPS/VGATHERQPS", "VPGATHERDD/VPGATHERQD"
final class Gathers {
    private Gathers() { }

    static void bind(Bindings.Binder b) {
        Mnemonic[] byDwords =
                {Mnemonic.VGATHERDPS, Mnemonic.VGATHERDPD, Mnemonic.VPGATHERDD, Mnemonic.VPGATHERDQ};
        for (Mnemonic byDword : byDwords) {
            b.bind(byDword, (cpu, insn) -> gather(cpu, insn, 4));
        }
        Mnemonic[] byQwords =
                {Mnemonic.VGATHERQPS, Mnemonic.VGATHERQPD, Mnemonic.VPGATHERQD, Mnemonic.VPGATHERQQ};
        for (Mnemonic byQword : byQwords) {
            b.bind(byQword, (cpu, insn) -> gather(cpu, insn, 8));
        }
    }

    /// @param indexBytes of one index
    private static void gather(Cpu cpu, Insn insn, int indexBytes) {
        Availability.checkAvx(cpu);
        int bytes = insn.bytes1;
        int count = Math.min(insn.bytes0 / bytes, insn.indexBytes / indexBytes);
        long to = cpu.state + insn.at0;
        long mask = cpu.state + insn.at2;
        for (int n = 0; n < count; n++) {
            HostMemory.store(mask + n * bytes, bytes, AvxMasks.isChosen(mask + n * bytes, bytes) ? -1 : 0);
        }
        long indexes = cpu.state + CpuLayout.XMM + (long) CpuLayout.XMM_STRIDE * insn.index;
        long base = cpu.effectiveAddress(insn);
        for (int n = 0; n < count; n++) {
            if (AvxMasks.isChosen(mask + n * bytes, bytes)) {
                long index = indexBytes == 4 ? HostMemory.loadInt(indexes + 4 * n) : load(indexes + 8 * n);
                long offset = base + (index << insn.scaleShift) & insn.addressMask;
                HostMemory.store(to + n * bytes, bytes, cpu.load(insn.segment, offset, bytes));
                HostMemory.store(mask + n * bytes, bytes, 0);
            }
        }
        clearBehind(to, count * bytes);
        store(mask, 0, 0);
        store(mask + 16, 0, 0);
    }

    /// Clears the register but for its first `used` bytes.
    private static void clearBehind(long to, int used) {
        for (int n = used; n < 32; n += 8) {
            HostMemory.storeLong(to + n, 0);
        }
    }
}
