// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.BitSet;
import java.util.List;

/// Which model-specific registers guests reach (`KVM_X86_SET_MSR_FILTER`). Those of the x2APIC (0x800 to 0x8ff) are
/// always reached.
///
/// @param allows whether those that no range speaks of are allowed
/// @param ranges of which the first that holds an index decides
public record MsrFilter(boolean allows, List<Range> ranges) {
    /// Every register that exists is reached.
    public static final MsrFilter ALL = new MsrFilter(true, List.of());
    /// As KVM takes.
    public static final int MOST_RANGES = 16, MOST_REGISTERS = 0x3000;
    private static final int X2APIC_FIRST = 0x800, X2APIC_LAST = 0x8ff;

    /// A range of registers.
    ///
    /// @param first   its first index
    /// @param count   how many there are
    /// @param reads   whether it speaks of RDMSR
    /// @param writes  whether it speaks of WRMSR
    /// @param allowed which of them are allowed, `first` in bit 0
    public record Range(int first, int count, boolean reads, boolean writes, BitSet allowed) {
        public Range {
            if (count <= 0 || count > MOST_REGISTERS || !reads && !writes
                    || Integer.compareUnsigned(first + count - 1, first) < 0) {
                throw new IllegalArgumentException(String.format(
                        "no filter range of %d registers from 0x%x (reads %b, writes %b)", count, first, reads,
                        writes));
            }
            allowed = (BitSet) allowed.clone();
        }

        /// A range that denies everything.
        public static Range denied(int first, int count) {
            return new Range(first, count, true, true, new BitSet());
        }

        @Override
        public BitSet allowed() {
            return (BitSet) allowed.clone();
        }

        private boolean speaksOf(int index, boolean write) {
            return (write ? writes : reads) && Integer.compareUnsigned(index - first, count) < 0;
        }
    }

    public MsrFilter {
        ranges = List.copyOf(ranges);
        if (ranges.size() > MOST_RANGES) {
            throw new IllegalArgumentException("a filter has at most " + MOST_RANGES + " ranges");
        }
    }

    /// Whether an access is kept from the register.
    public boolean denies(int index, boolean write) {
        if (index >= X2APIC_FIRST && index <= X2APIC_LAST) {
            return false;
        }
        for (Range range : ranges) {
            if (range.speaksOf(index, write)) {
                return !range.allowed.get(index - range.first);
            }
        }
        return !allows;
    }
}
