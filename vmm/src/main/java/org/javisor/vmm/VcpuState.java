// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.javisor.vmm.Registers.Paging;
import org.javisor.vmm.Registers.Segment;
import org.javisor.vmm.Registers.Table;
import org.javisor.vmm.irq.LapicState;

/// Everything that a vCPU holds, for another one like it to go on with. Taken from and given to vCPUs of machines that
/// are paused, or do not run.
///
/// @param general  as [Registers#general] numbers them
/// @param segments as [Registers#segment] numbers them
/// @param debug    DR0 to DR3, DR6 and DR7
/// @param msrs     the model-specific registers that have no other place here
/// @param tsc      the time stamp counter
/// @param smi      where the engine has system management mode
/// @param lapic    where the machine has local APICs
public record VcpuState(List<Long> general, long rip, long rflags, List<Segment> segments, Table gdt, Table idt,
        List<Long> debug, Paging paging, long ssp, long cr2, long xcr0, byte[] xsave,
        SortedMap<Integer, Long> msrs, int tscKhz, long tscOffset, long tsc, VcpuEvents events, MpState mpState,
        Optional<SmiState> smi, Optional<LapicState> lapic) {
    private static final int GENERAL = 16, SEGMENTS = Registers.TR + 1;
    private static final int[] DEBUG = {0, 1, 2, 3, 6, 7};
    private static final int TSC = 0x10, APIC_BASE = 0x1b, SMI_COUNT = 0x34, TSC_DEADLINE = 0x6e0, EFER = 0xc000_0080;
    private static final int FIRST_X2APIC = 0x800, LAST_X2APIC = 0x8ff;

    public VcpuState {
        if (general.size() != GENERAL || segments.size() != SEGMENTS || debug.size() != DEBUG.length) {
            throw new IllegalArgumentException("a vCPU has " + GENERAL + " general, " + SEGMENTS + " segment and "
                    + DEBUG.length + " debug registers");
        }
        general = List.copyOf(general);
        segments = List.copyOf(segments);
        debug = List.copyOf(debug);
        xsave = xsave.clone();
        msrs = new TreeMap<>(msrs);
    }

    /// What `vcpu` holds now.
    ///
    /// @param managed   whether it has system management mode
    /// @param chips     whether it has a local APIC
    /// @param elsewhere model-specific registers that somebody else keeps
    static VcpuState of(Vcpu vcpu, boolean managed, boolean chips, IntPredicate elsewhere) {
        MpState mpState = vcpu.mpState();
        Registers registers = vcpu.registers();
        SortedMap<Integer, Long> msrs = new TreeMap<>();
        for (int index : registers.msrIndices()) {
            if (!hasAnotherPlace(index) && !elsewhere.test(index)) {
                msrs.put(index, registers.msr(index));
            }
        }
        return new VcpuState(each(GENERAL, registers::general), registers.rip(), registers.rflags(),
                each(SEGMENTS, registers::segment), registers.gdt(), registers.idt(),
                each(DEBUG.length, n -> registers.debug(DEBUG[n])), registers.paging(), registers.ssp(),
                registers.cr2(), registers.xcr0(), registers.xsave(), msrs, vcpu.tscKhz(), vcpu.tscOffset(),
                registers.msr(TSC), vcpu.events(), mpState,
                managed ? Optional.of(vcpu.smi()) : Optional.empty(),
                chips ? Optional.of(vcpu.lapic()) : Optional.empty());
    }

    private static <T> List<T> each(int count, IntFunction<T> read) {
        return IntStream.range(0, count).mapToObj(read).toList();
    }

    private static boolean hasAnotherPlace(int msr) {
        return msr == TSC || msr == EFER || msr == SMI_COUNT || msr >= FIRST_X2APIC && msr <= LAST_X2APIC;
    }

    /// Has `vcpu`, which is as it was made, hold this, but for the time stamp counter and what [#arm] takes.
    ///
    /// @throws InvalidRegisterException  if it cannot have one of the registers; it is of no use then
    /// @throws IllegalArgumentException if its local APIC cannot hold what is given
    void applyTo(Vcpu vcpu) {
        Registers registers = vcpu.registers();
        smi.ifPresent(vcpu::smi);
        applyTo(registers);
        if (vcpu.tscKhz() != tscKhz) {
            vcpu.tscKhz(tscKhz);
        }
        // The mode of the local APIC decides what its page is.
        put(registers, APIC_BASE);
        lapic.ifPresent(vcpu::lapic);
        msrs.keySet().stream().filter(index -> index != TSC_DEADLINE).forEach(index -> put(registers, index));
    }

    /// As [#applyTo], what depends on the time stamp counter, and then what waits.
    void arm(Vcpu vcpu) {
        put(vcpu.registers(), TSC_DEADLINE);
        vcpu.mpState(mpState);
        vcpu.events(events);
    }

    private void applyTo(Registers registers) {
        for (int number = 0; number < SEGMENTS; number++) {
            registers.segment(number, segments.get(number));
        }
        registers.paging(paging);
        // Once more: what CS says of the privilege level depends on the mode.
        registers.segment(Registers.CS, segments.get(Registers.CS));
        registers.gdt(gdt.base(), gdt.limit());
        registers.idt(idt.base(), idt.limit());
        for (int number = 0; number < GENERAL; number++) {
            registers.general(number, general.get(number));
        }
        registers.rip(rip);
        registers.rflags(rflags);
        for (int n = 0; n < DEBUG.length; n++) {
            registers.debug(DEBUG[n], debug.get(n));
        }
        registers.ssp(ssp);
        registers.cr2(cr2);
        registers.xcr0(xcr0);
        registers.xsave(xsave);
    }

    /// What a register holds already is not written: it may be one that cannot be, or that does something then.
    private void put(Registers registers, int index) {
        Long value = msrs.get(index);
        if (value != null && registers.msr(index) != value) {
            registers.msr(index, value);
        }
    }

    @Override
    public byte[] xsave() {
        return xsave.clone();
    }
}
