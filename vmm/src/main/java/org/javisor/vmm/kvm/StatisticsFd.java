// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.javisor.host.HostDevice;

/// Statistics of KVM's that describe themselves: a header, descriptors, and the numbers, which alone change.
///
/// Any thread may read, also while the processor runs; not when it is closed.
///
/// @see <a href="https://docs.kernel.org/virt/kvm/api.html">KVM API, KVM_GET_STATS_FD</a>
public final class StatisticsFd implements AutoCloseable {
    // struct kvm_stats_header
    private static final int HEADER_BYTES = 24, NAME_BYTES = 4, COUNT = 8, DESCRIPTORS_AT = 16, DATA_AT = 20;
    // struct kvm_stats_desc, which the name follows
    private static final int DESCRIPTOR_BYTES = 16, FLAGS = 0, EXPONENT = 4, VALUES = 6, OFFSET = 8, BUCKET = 12;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    /// `struct kvm_stats_desc`.
    ///
    /// @param flags  the kind in bits 3:0, the unit in 7:4, the base of the exponent in 11:8
    /// @param offset of the first value, from where the numbers begin
    public record Descriptor(String name, int flags, int exponent, int values, int offset, int bucketBytes) {
        public int kind() {
            return flags & 0xf;
        }

        public int unit() {
            return flags >> 4 & 0xf;
        }

        public int base() {
            return flags >> 8 & 0xf;
        }
    }

    private final HostDevice device;
    private final List<Descriptor> descriptors = new ArrayList<>();
    private final long dataAt;
    private final long dataBytes;

    StatisticsFd(HostDevice device) {
        this.device = device;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(HEADER_BYTES, Integer.BYTES);
            device.read(0, header);
            int stride = DESCRIPTOR_BYTES + header.get(INT, NAME_BYTES);
            MemorySegment table = arena.allocate((long) stride * header.get(INT, COUNT), Integer.BYTES);
            device.read(header.get(INT, DESCRIPTORS_AT), table);
            for (int i = 0; i < header.get(INT, COUNT); i++) {
                descriptors.add(descriptor(table.asSlice((long) i * stride, stride)));
            }
            dataAt = header.get(INT, DATA_AT);
        }
        dataBytes = descriptors.stream().mapToLong(d -> d.offset + (long) d.values * Long.BYTES).max().orElse(0);
    }

    private static Descriptor descriptor(MemorySegment raw) {
        return new Descriptor(raw.getString(DESCRIPTOR_BYTES), raw.get(INT, FLAGS), raw.get(SHORT, EXPONENT),
                raw.get(SHORT, VALUES) & 0xffff, raw.get(INT, OFFSET), raw.get(INT, BUCKET));
    }

    /// What there is.
    public List<Descriptor> descriptors() {
        return List.copyOf(descriptors);
    }

    /// The numbers now: those of a descriptor begin at its offset divided by eight.
    public long[] read() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(dataBytes, Long.BYTES);
            device.read(dataAt, data);
            return data.toArray(ValueLayout.JAVA_LONG);
        }
    }

    @Override
    public void close() {
        device.close();
    }
}
