// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.StateLayout.MXCSR;
import static org.javisor.vmm.kvm.StateLayout.XCOMP_BV;
import static org.javisor.vmm.kvm.StateLayout.XSAVE_LEAST_BYTES;
import static org.javisor.vmm.kvm.StateLayout.XSTATE_BV;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.javisor.vmm.InvalidRegisterException;

/// The standard form of a processor's XSAVE area, as leaf 0xD of its CPUID tells.
///
/// @param bytes      with all components
/// @param components as in XCR0
/// @sdm vol. 1 "Standard Format of XSAVE"
record XsaveArea(int bytes, long components) {
    private static final int LEAF = 0xd;
    private static final long X87_AND_SSE = 3;
    private static final int MXCSR_BITS = 0xffff;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    static XsaveArea of(CpuidTable cpuid) {
        int bytes = XSAVE_LEAST_BYTES;
        long components = X87_AND_SSE;
        for (CpuidTable.Entry entry : cpuid.entries()) {
            if (entry.function() == LEAF && entry.index() == 0) {
                components |= entry.eax() & 0xffff_ffffL | (long) entry.edx() << 32;
            } else if (entry.function() == LEAF && entry.index() >= 2) {
                bytes = Math.max(bytes, entry.ebx() + entry.eax());
            }
        }
        return new XsaveArea(bytes, components);
    }

    /// @throws InvalidRegisterException if no such processor holds `area`
    void check(byte[] area) {
        require(area.length == bytes, area.length + " bytes, not " + bytes);
        MemorySegment raw = MemorySegment.ofArray(area);
        long held = raw.get(LONG, XSTATE_BV);
        require((held & ~components) == 0, String.format("there are no components 0x%x", held & ~components));
        require(raw.get(LONG, XCOMP_BV) == 0, "it is compacted");
        int mxcsr = raw.get(INT, MXCSR);
        require((mxcsr & ~MXCSR_BITS) == 0, String.format("MXCSR has no bits 0x%x", mxcsr & ~MXCSR_BITS));
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new InvalidRegisterException("xsave area", otherwise);
        }
    }
}
