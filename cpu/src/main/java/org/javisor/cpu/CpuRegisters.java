// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.lang.foreign.MemorySegment;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;

/// The registers of a [Cpu] that is not running, for who owns it. Unchecked: values go where the processor has them.
public final class CpuRegisters {
    private final Cpu cpu;

    public CpuRegisters(Cpu cpu) {
        this.cpu = cpu;
    }

    /// @param number 0 to 15, as instructions encode it
    public long general(int number) {
        return cpu.reg64(number);
    }

    public void general(int number, long value) {
        cpu.reg64(number, value);
    }

    /// @param number  0 to 15
    /// @param quarter 0 to 3: which 8 bytes of the YMM register; 0 and 1 are the XMM register
    public long vector(int number, int quarter) {
        return HostMemory.loadLong(vectorAt(number, quarter));
    }

    public void vector(int number, int quarter, long value) {
        HostMemory.storeLong(vectorAt(number, quarter), value);
    }

    private long vectorAt(int number, int quarter) {
        return cpu.state + CpuLayout.XMM + (long) CpuLayout.XMM_STRIDE * number + 8L * quarter;
    }

    public int mxcsr() {
        return Mxcsr.get(cpu);
    }

    public void mxcsr(int mxcsr) {
        Mxcsr.set(cpu, mxcsr);
    }

    public long rip() {
        return cpu.rip();
    }

    public void rip(long rip) {
        cpu.rip(rip);
    }

    public long rflags() {
        return cpu.rflags();
    }

    public void rflags(long rflags) {
        cpu.rflags(rflags);
    }

    /// @param number 0 to 5 as instructions encode it, 6 LDTR, 7 TR
    public int segmentSelector(int number) {
        return cpu.segments.selector[number];
    }

    public long segmentBase(int number) {
        return cpu.segments.base[number];
    }

    /// In bytes, unsigned.
    public int segmentLimit(int number) {
        return cpu.segments.limit[number];
    }

    /// Bits 23 to 8 of the descriptor's upper half, moved down; bit 16 marks a null selector.
    public int segmentAttributes(int number) {
        return cpu.segments.attributes[number];
    }

    /// Sets a segment register with its hidden part.
    public void segment(int number, int selector, long base, int limit, int attributes) {
        cpu.segments.selector[number] = selector & 0xffff;
        cpu.segments.base[number] = base;
        cpu.segments.limit[number] = limit;
        cpu.segments.attributes[number] = attributes;
        cpu.modeChanged();
    }

    /// 0 to 3; the privilege level that code executes at.
    public int cpl() {
        return cpu.cpl;
    }

    public void cpl(int cpl) {
        cpu.cpl = cpl;
        cpu.modeChanged();
    }

    public long cr0() {
        return cpu.cr0;
    }

    public long cr2() {
        return cpu.cr2();
    }

    public long cr3() {
        return cpu.cr3;
    }

    public long cr4() {
        return cpu.cr4;
    }

    public long efer() {
        return cpu.efer;
    }

    /// Why these do not make a state that the processor can have; null if they do.
    public String pagingConflict(long cr0, long cr3, long cr4, long efer) {
        return cpu.control.conflict(cr0, cr3, cr4, efer);
    }

    /// Sets the registers that make up the paging mode together, and forgets every translation.
    public void paging(long cr0, long cr3, long cr4, long efer) {
        cpu.cr0 = cr0;
        cpu.cr3 = cr3;
        cpu.cr4 = cr4;
        cpu.efer = efer;
        cpu.modeChanged();
        cpu.request(Requests.FLUSH_TLB);
    }

    /// Whether there is a model-specific register `index` that can be read.
    public boolean hasMsr(int index) {
        return cpu.msrs().exists(index);
    }

    /// The model-specific register `index`; 0 if there is none.
    public long msr(int index) {
        return cpu.msrs().peek(index);
    }

    /// As WRMSR, but status that the guest can only clear may be put back.
    ///
    /// @return whether the register exists and takes the value
    public boolean msr(int index, long value) {
        return cpu.msrs().restore(index, value);
    }

    /// @param limit the last byte, 0 to 0xffff
    public void gdt(long base, int limit) {
        cpu.tables.gdtBase = base;
        cpu.tables.gdtLimit = limit;
    }

    public long gdtBase() {
        return cpu.tables.gdtBase;
    }

    public int gdtLimit() {
        return cpu.tables.gdtLimit;
    }

    /// @param limit the last byte, 0 to 0xffff
    public void idt(long base, int limit) {
        cpu.tables.idtBase = base;
        cpu.tables.idtLimit = limit;
    }

    public long idtBase() {
        return cpu.tables.idtBase;
    }

    public int idtLimit() {
        return cpu.tables.idtLimit;
    }

    /// @param number 0 to 3, 6 or 7
    public long debug(int number) {
        return cpu.debug.read(number);
    }

    public void debug(int number, long value) {
        cpu.debug.write(number, value);
    }

    /// What CPUID answers now: EAX, EBX, ECX, EDX.
    public int[] cpuid(int leaf, int subleaf) {
        int[] answer = new int[4];
        cpu.cpuid.query(leaf, subleaf, cpu.system, answer);
        return answer;
    }

    /// SSP; 0 without shadow stacks.
    public long ssp() {
        return cpu.shadowStack.pointer();
    }

    public void ssp(long pointer) {
        cpu.shadowStack.pointer(pointer);
    }

    public void cr2(long value) {
        cpu.cr2(value);
    }

    public long cr8() {
        return cpu.environment.interruptController().taskPriority();
    }

    // ---- x87 ----

    /// FCW, FSW, the full tag word and the opcode register: 0 to 3.
    public int x87Word(int which) {
        return HostMemory.loadShort(cpu.state + CpuLayout.FCW + 2L * which) & 0xffff;
    }

    public void x87Word(int which, int value) {
        HostMemory.storeShort(cpu.state + CpuLayout.FCW + 2L * which, (short) value);
    }

    /// The instruction pointer (0) and data pointer (1) of the x87 unit.
    public long x87Pointer(int which) {
        return HostMemory.loadLong(cpu.state + CpuLayout.FIP + 8L * which);
    }

    public void x87Pointer(int which, long value) {
        HostMemory.storeLong(cpu.state + CpuLayout.FIP + 8L * which, value);
    }

    /// Significand of ST(`number`).
    public long significand(int number) {
        return HostMemory.loadLong(x87Register(number));
    }

    /// Sign and exponent of ST(`number`): 16 bits.
    public int exponent(int number) {
        return HostMemory.loadShort(x87Register(number) + 8) & 0xffff;
    }

    public void x87(int number, long significand, int signAndExponent) {
        HostMemory.storeLong(x87Register(number), significand);
        HostMemory.storeShort(x87Register(number) + 8, (short) signAndExponent);
    }

    private long x87Register(int number) {
        int top = x87Word(1) >> 11 & 7;
        return cpu.state + CpuLayout.FPR + (long) CpuLayout.FPR_STRIDE * (top + number & 7);
    }

    // ---- extended state ----

    public long xcr0() {
        return cpu.system.xcr0;
    }

    /// @return whether XCR0 takes the value
    public boolean xcr0(long value) {
        if (!ExtendedState.mayEnable(cpu, value)) {
            return false;
        }
        cpu.system.xcr0 = value;
        cpu.modeChanged();
        return true;
    }

    /// Everything that XCR0 may enable, as an XSAVE area in the standard form.
    public byte[] xsave() {
        byte[] image = new byte[ExtendedState.imageBytes(cpu)];
        try (Mapping area = Mapping.anonymous(Mapping.PAGE_BYTES)) {
            ExtendedState.saveImage(cpu, area.hva());
            MemorySegment.copy(HostMemory.segment(area.hva(), image.length), 0, MemorySegment.ofArray(image), 0,
                    image.length);
        }
        return image;
    }

    /// Takes over an XSAVE area in the standard form.
    ///
    /// @return null, or what is wrong with it; nothing has changed then
    public String xsave(byte[] image) {
        if (image.length < ExtendedState.imageBytes(cpu) || image.length > Mapping.PAGE_BYTES) {
            return "the area has " + image.length + " bytes, not " + ExtendedState.imageBytes(cpu);
        }
        try (Mapping area = Mapping.anonymous(Mapping.PAGE_BYTES)) {
            MemorySegment.copy(MemorySegment.ofArray(image), 0, HostMemory.segment(area.hva(), image.length), 0,
                    image.length);
            return ExtendedState.restoreImage(cpu, area.hva());
        }
    }

    /// The model-specific registers that exist now and can be read, in ascending order.
    public int[] msrIndices() {
        return cpu.msrs().indices();
    }

    public void cr8(int value) {
        cpu.environment.interruptController().taskPriority(value);
    }

    // ---- memory ----

    /// Where the linear address is in guest-physical memory with the present page tables, whatever the rights; -1 if
    /// nothing is mapped there. Leaves no trace.
    public long translate(long gva) {
        return new Inspection(cpu).gpa(gva);
    }
}
