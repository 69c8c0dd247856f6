// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.OptionalLong;
import org.javisor.host.HostDevice;

/// A machine of KVM's: memory, chips, processors.
public final class VmFd extends KvmFd {
    /// Of [#memoryRegion]'s flags.
    public static final int MEM_LOG_DIRTY_PAGES = 1, MEM_READONLY = 2;
    /// Of [MsrRange]'s.
    public static final int MSR_READ = 1, MSR_WRITE = 2;
    /// Of [Route]'s types.
    public static final int ROUTE_CHIP = 1, ROUTE_MSI = 2;
    private static final int IRQFD_DEASSIGN = 1, IRQFD_RESAMPLE = 2;
    private static final int IOEVENTFD_DATAMATCH = 1, IOEVENTFD_PIO = 2, IOEVENTFD_DEASSIGN = 4;
    private static final int MSR_FILTER_BYTES = 392, CLOCK_BYTES = 48;

    // Where Intel processors without real mode of their own keep what they need for it: below the firmware, in the
    // last page-aligned megabyte that nothing else claims.
    private static final long IDENTITY_MAP_GPA = 0xfeff_c000L, TSS_GPA = 0xfeff_d000L;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final int vcpuBytes;

    VmFd(HostDevice device, int vcpuBytes) {
        super(device);
        this.vcpuBytes = vcpuBytes;
    }

    /// Reserves four pages of guest-physical addresses for real mode, which no slot may cover. Before processors are
    /// made.
    public void placeRealModePages() {
        with(8, address -> {
            address.set(LONG, 0, IDENTITY_MAP_GPA);
            return call(KvmCalls.KVM_SET_IDENTITY_MAP_ADDR, address);
        });
        call(KvmCalls.KVM_SET_TSS_ADDR, TSS_GPA);
    }

    public VcpuFd createVcpu(int id) {
        HostDevice vcpu = HostDevice.of(call(KvmCalls.KVM_CREATE_VCPU, id), "KVM vCPU " + id);
        return new VcpuFd(vcpu, this, vcpuBytes, extension(KvmCapability.COALESCED_MMIO));
    }

    /// Adds, changes or, with no bytes, removes a slot.
    ///
    /// @param flags of [#MEM_LOG_DIRTY_PAGES] and [#MEM_READONLY]
    public void memoryRegion(int slot, int flags, long gpa, long bytes, long hva) {
        with(32, region -> {
            region.set(INT, 0, slot);
            region.set(INT, 4, flags);
            region.set(LONG, 8, gpa);
            region.set(LONG, 16, bytes);
            region.set(LONG, 24, hva);
            return call(KvmCalls.KVM_SET_USER_MEMORY_REGION, region);
        });
    }

    /// The pages of a slot that were written since this was last asked: page 0 in bit 0 of word 0.
    public long[] dirtyLog(int slot, long pages) {
        long words = (pages + 63) / 64;
        return with(16 + 8 * words, log -> {
            log.set(INT, 0, slot);
            log.set(LONG, 8, log.address() + 16);
            call(KvmCalls.KVM_GET_DIRTY_LOG, log);
            return log.asSlice(16).toArray(LONG);
        });
    }

    /// A range of model-specific registers that a filter speaks of.
    ///
    /// @param flags   of [#MSR_READ] and [#MSR_WRITE]
    /// @param allowed which are allowed: `base` in bit 0 of word 0
    public record MsrRange(int flags, int base, int count, long[] allowed) { }

    /// Says which model-specific registers the guest reaches.
    ///
    /// @param allowed whether those that no range speaks of are
    public void msrFilter(boolean allowed, List<MsrRange> ranges) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment filter = arena.allocate(MSR_FILTER_BYTES, Long.BYTES);
            filter.set(INT, 0, allowed ? 0 : 1);
            for (int i = 0; i < ranges.size(); i++) {
                MsrRange range = ranges.get(i);
                long at = 8 + 24L * i;
                filter.set(INT, at, range.flags);
                filter.set(INT, at + 4, range.count);
                filter.set(INT, at + 8, range.base);
                filter.set(LONG, at + 16, arena.allocateFrom(LONG, range.allowed).address());
            }
            call(KvmCalls.KVM_X86_SET_MSR_FILTER, filter);
        }
    }

    /// What KVM's clock tells guests, in nanoseconds.
    public long clock() {
        return with(CLOCK_BYTES, data -> {
            call(KvmCalls.KVM_GET_CLOCK, data);
            return data.get(LONG, 0);
        });
    }

    public void clock(long nanos) {
        with(CLOCK_BYTES, data -> {
            data.set(LONG, 0, nanos);
            return call(KvmCalls.KVM_SET_CLOCK, data);
        });
    }

    /// Sends a message-signalled interrupt.
    ///
    /// @return whether a local APIC took it
    public boolean signalMsi(long address, int data) {
        return with(32, msi -> {
            msi.set(INT, 0, (int) address);
            msi.set(INT, 4, (int) (address >>> 32));
            msi.set(INT, 8, data);
            // KVM gives the "nobody" of its delivery as if it were an error, -1; 0 is for one that merges with another.
            return device.tryCall(KvmCalls.KVM_SIGNAL_MSI, msi.address()) >= 0;
        });
    }

    /// Where a global system interrupt leads: a message, or a pin of one of KVM's own chips.
    ///
    /// @param type of [#ROUTE_CHIP] and [#ROUTE_MSI]
    /// @param a    the chip, or the message's address
    /// @param b    the pin, or the message's data
    public record Route(int gsi, int type, long a, int b) { }

    /// Says where global system interrupts lead.
    public void routing(List<Route> routes) {
        with(8 + 48L * routes.size(), table -> {
            table.set(INT, 0, routes.size());
            for (int i = 0; i < routes.size(); i++) {
                write(routes.get(i), table.asSlice(8 + 48L * i, 48));
            }
            return call(KvmCalls.KVM_SET_GSI_ROUTING, table);
        });
    }

    private static void write(Route route, MemorySegment entry) {
        entry.set(INT, 0, route.gsi);
        entry.set(INT, 4, route.type);
        entry.set(INT, 16, (int) route.a);
        if (route.type == ROUTE_MSI) {
            entry.set(INT, 20, (int) (route.a >>> 32));
            entry.set(INT, 24, route.b);
        } else {
            entry.set(INT, 20, route.b);
        }
    }

    /// Makes the chips of a PC: PIC pair, I/O APIC, PIT, and a local APIC for each processor. Before these are made.
    public void createChips() {
        call(KvmCalls.KVM_CREATE_IRQCHIP, 0);
    }

    /// Makes the PIT; after [#createChips].
    public void createPit() {
        with(ChipLayout.PIT_CONFIG_BYTES, config -> {
            // The port of the speaker too, which the counters' third gate is on.
            config.set(INT, 0, ChipLayout.PIT_SPEAKER);
            return call(KvmCalls.KVM_CREATE_PIT2, config);
        });
    }

    /// What one of the chips holds, from [ChipLayout#CHIP_STATE] on.
    ///
    /// @param chip of [ChipLayout]
    public byte[] chip(int chip) {
        return with(ChipLayout.CHIP_BYTES, structure -> {
            structure.set(INT, 0, chip);
            call(KvmCalls.KVM_GET_IRQCHIP, structure);
            return structure.asSlice(ChipLayout.CHIP_STATE).toArray(ValueLayout.JAVA_BYTE);
        });
    }

    /// Has one of the chips hold what [#chip(int)] gave.
    public void chip(int chip, byte[] state) {
        with(ChipLayout.CHIP_BYTES, structure -> {
            structure.set(INT, 0, chip);
            structure.asSlice(ChipLayout.CHIP_STATE).copyFrom(MemorySegment.ofArray(state));
            return call(KvmCalls.KVM_SET_IRQCHIP, structure);
        });
    }

    /// What the PIT holds: `struct kvm_pit_state2`.
    public byte[] pit() {
        return with(ChipLayout.PIT_BYTES, structure -> {
            call(KvmCalls.KVM_GET_PIT2, structure);
            return structure.toArray(ValueLayout.JAVA_BYTE);
        });
    }

    /// Has the PIT hold what [#pit()] gave. Its counts begin anew.
    public void pit(byte[] state) {
        with(ChipLayout.PIT_BYTES, structure -> {
            structure.copyFrom(MemorySegment.ofArray(state));
            return call(KvmCalls.KVM_SET_PIT2, structure);
        });
    }

    /// Drives a global system interrupt.
    public void line(int gsi, boolean level) {
        with(8, structure -> {
            structure.set(INT, 0, gsi);
            structure.set(INT, 4, level ? 1 : 0);
            return call(KvmCalls.KVM_IRQ_LINE, structure);
        });
    }

    /// Has an eventfd raise an interrupt, or no longer.
    ///
    /// @param resample the eventfd that tells of its end, or -1 for an edge
    public void irqfd(int eventFd, int gsi, int resample, boolean assign) {
        with(32, structure -> {
            structure.set(INT, 0, eventFd);
            structure.set(INT, 4, gsi);
            structure.set(INT, 8, (assign ? 0 : IRQFD_DEASSIGN) | (resample < 0 ? 0 : IRQFD_RESAMPLE));
            structure.set(INT, 12, Math.max(0, resample));
            return call(KvmCalls.KVM_IRQFD, structure);
        });
    }

    /// Has writes signal an eventfd, or no longer.
    ///
    /// @param bytes how wide the write must be; 0 for any
    public void ioeventfd(boolean port, long address, int bytes, OptionalLong match, int eventFd, boolean assign) {
        with(64, event -> {
            event.set(LONG, 0, match.orElse(0));
            event.set(LONG, 8, address);
            event.set(INT, 16, bytes);
            event.set(INT, 20, eventFd);
            event.set(INT, 24, (match.isPresent() ? IOEVENTFD_DATAMATCH : 0) | (port ? IOEVENTFD_PIO : 0)
                    | (assign ? 0 : IOEVENTFD_DEASSIGN));
            return call(KvmCalls.KVM_IOEVENTFD, event);
        });
    }

    /// Has writes gathered in the ring that processors share, or no longer.
    public void coalesce(boolean port, long address, int bytes, boolean register) {
        with(16, zone -> {
            zone.set(LONG, 0, address);
            zone.set(INT, 8, bytes);
            zone.set(INT, 12, port ? 1 : 0);
            return call(register ? KvmCalls.KVM_REGISTER_COALESCED_MMIO : KvmCalls.KVM_UNREGISTER_COALESCED_MMIO, zone);
        });
    }

    /// Has KVM use the entries of dirty rings again that were taken.
    public void resetDirtyRings() {
        call(KvmCalls.KVM_RESET_DIRTY_RINGS, 0);
    }
}
