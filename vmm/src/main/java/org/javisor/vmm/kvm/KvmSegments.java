// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.StateLayout.SEGMENT_AVL;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_BASE;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_DB;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_DPL;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_G;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_L;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_LIMIT;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_PRESENT;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_S;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_SELECTOR;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_TYPE;
import static org.javisor.vmm.kvm.StateLayout.SEGMENT_UNUSABLE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.javisor.vmm.Registers;

/// `struct kvm_segment`, which has a field for each attribute, and the descriptor's bits of [Registers.Segment].
final class KvmSegments {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final int NULL = 1 << 16;
    /// Where each attribute is in a descriptor, the type apart, which is the lowest four bits.
    private static final int S = 4, DPL = 5, P = 7, AVL = 12, L = 13, DB = 14, G = 15;

    private KvmSegments() { }

    static Registers.Segment read(MemorySegment sregs, int at) {
        int attributes = field(sregs, at + SEGMENT_TYPE) | field(sregs, at + SEGMENT_S) << S
                | field(sregs, at + SEGMENT_DPL) << DPL | field(sregs, at + SEGMENT_PRESENT) << P
                | field(sregs, at + SEGMENT_AVL) << AVL | field(sregs, at + SEGMENT_L) << L
                | field(sregs, at + SEGMENT_DB) << DB | field(sregs, at + SEGMENT_G) << G
                | (field(sregs, at + SEGMENT_UNUSABLE) != 0 ? NULL : 0);
        return new Registers.Segment(sregs.get(SHORT, at + SEGMENT_SELECTOR) & 0xffff,
                sregs.get(LONG, at + SEGMENT_BASE), sregs.get(INT, at + SEGMENT_LIMIT), attributes);
    }

    private static int field(MemorySegment sregs, int at) {
        return sregs.get(BYTE, at) & 0xff;
    }

    static void write(MemorySegment sregs, int at, Registers.Segment segment) {
        int attributes = segment.attributes();
        sregs.set(LONG, at + SEGMENT_BASE, segment.base());
        sregs.set(INT, at + SEGMENT_LIMIT, segment.limit());
        sregs.set(SHORT, at + SEGMENT_SELECTOR, (short) segment.selector());
        sregs.set(BYTE, at + SEGMENT_TYPE, (byte) (attributes & 0xf));
        sregs.set(BYTE, at + SEGMENT_DPL, (byte) (attributes >> DPL & 3));
        flag(sregs, at + SEGMENT_S, attributes >> S);
        flag(sregs, at + SEGMENT_PRESENT, attributes >> P);
        flag(sregs, at + SEGMENT_AVL, attributes >> AVL);
        flag(sregs, at + SEGMENT_L, attributes >> L);
        flag(sregs, at + SEGMENT_DB, attributes >> DB);
        flag(sregs, at + SEGMENT_G, attributes >> G);
        sregs.set(BYTE, at + SEGMENT_UNUSABLE, (byte) ((attributes & NULL) != 0 ? 1 : 0));
    }

    private static void flag(MemorySegment sregs, int at, int bits) {
        sregs.set(BYTE, at, (byte) (bits & 1));
    }

    /// The privilege level that code executes at: KVM keeps it where processors do, in SS.
    static int privilege(MemorySegment sregs, int ss) {
        return field(sregs, ss + SEGMENT_DPL);
    }

    static void privilege(MemorySegment sregs, int ss, int level) {
        sregs.set(BYTE, ss + SEGMENT_DPL, (byte) level);
    }
}
