// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.function.LongConsumer;
import org.javisor.cpu.Cpu;
import org.javisor.cpu.CpuRegisters;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.Registers;
import org.javisor.vmm.engine.RegisterNumbers;

/// The registers of a software processor.
final class SoftwareRegisters implements Registers {
    private static final int CR0_PE = 1;
    private static final int TIME_STAMP_COUNTER = 0x10;

    private final CpuRegisters cpu;
    private final Runnable check;
    private final LongConsumer counter;

    /// @param check   throws if the processor is gone
    /// @param counter writes the time stamp counter
    SoftwareRegisters(Cpu cpu, Runnable check, LongConsumer counter) {
        this.cpu = new CpuRegisters(cpu);
        this.check = check;
        this.counter = counter;
    }

    private CpuRegisters cpu() {
        check.run();
        return cpu;
    }

    @Override
    public long general(int number) {
        return cpu().general(RegisterNumbers.general(number));
    }

    @Override
    public void general(int number, long value) {
        cpu().general(RegisterNumbers.general(number), value);
    }

    @Override
    public long rip() {
        return cpu().rip();
    }

    @Override
    public void rip(long rip) {
        cpu().rip(rip);
    }

    @Override
    public long rflags() {
        return cpu().rflags();
    }

    @Override
    public void rflags(long rflags) {
        cpu().rflags(RegisterNumbers.rflags(rflags));
    }

    @Override
    public Segment segment(int number) {
        RegisterNumbers.segment(number);
        return new Segment(cpu().segmentSelector(number), cpu().segmentBase(number), cpu().segmentLimit(number),
                cpu().segmentAttributes(number));
    }

    @Override
    public void segment(int number, Segment segment) {
        RegisterNumbers.segment(number);
        cpu().segment(number, segment.selector(), segment.base(), segment.limit(), segment.attributes());
        if (number == CS) {
            cpu().cpl((cpu().cr0() & CR0_PE) != 0 ? segment.selector() & 3 : 0);
        }
    }

    @Override
    public long msr(int index) {
        if (!cpu().hasMsr(index)) {
            throw new InvalidRegisterException("MSR 0x" + Integer.toHexString(index), "it does not exist");
        }
        return cpu().msr(index);
    }

    @Override
    public void msr(int index, long value) {
        if (index == TIME_STAMP_COUNTER && cpu().hasMsr(index)) {
            counter.accept(value);
        } else if (!cpu().msr(index, value)) {
            throw new InvalidRegisterException("MSR 0x" + Integer.toHexString(index),
                    String.format("it does not exist, or refuses 0x%x", value));
        }
    }

    @Override
    public int[] msrIndices() {
        return cpu().msrIndices();
    }

    @Override
    public void gdt(long base, int limit) {
        cpu().gdt(base, RegisterNumbers.limit("gdt", limit));
    }

    @Override
    public Table gdt() {
        return new Table(cpu().gdtBase(), cpu().gdtLimit());
    }

    @Override
    public void idt(long base, int limit) {
        cpu().idt(base, RegisterNumbers.limit("idt", limit));
    }

    @Override
    public Table idt() {
        return new Table(cpu().idtBase(), cpu().idtLimit());
    }

    @Override
    public long debug(int number) {
        return cpu().debug(RegisterNumbers.debug(number));
    }

    @Override
    public void debug(int number, long value) {
        RegisterNumbers.debug(number);
        if (number >= 6 && value >>> 32 != 0) {
            throw new InvalidRegisterException("dr" + number, String.format("0x%x has bits above 31", value));
        }
        cpu().debug(number, value);
    }

    @Override
    public CpuidAnswer cpuid(int leaf, int subleaf) {
        int[] answer = cpu().cpuid(leaf, subleaf);
        return new CpuidAnswer(answer[0], answer[1], answer[2], answer[3]);
    }

    @Override
    public Paging paging() {
        return new Paging(cpu().cr0(), cpu().cr3(), cpu().cr4(), cpu().efer());
    }

    @Override
    public void paging(Paging paging) {
        String conflict = cpu().pagingConflict(paging.cr0(), paging.cr3(), paging.cr4(), paging.efer());
        if (conflict != null) {
            throw new InvalidRegisterException("control registers", conflict);
        }
        cpu().paging(paging.cr0(), paging.cr3(), paging.cr4(), paging.efer());
    }

    @Override
    public long ssp() {
        return cpu().ssp();
    }

    @Override
    public void ssp(long pointer) {
        if ((pointer & 3) != 0) {
            throw new InvalidRegisterException("ssp", String.format("0x%x is no multiple of 4", pointer));
        }
        cpu().ssp(pointer);
    }

    @Override
    public long cr2() {
        return cpu().cr2();
    }

    @Override
    public void cr2(long gva) {
        cpu().cr2(gva);
    }

    @Override
    public void cr8(int priority) {
        if ((priority & ~0xf) != 0) {
            throw new InvalidRegisterException("cr8", priority + " is no task priority");
        }
        cpu().cr8(priority);
    }

    @Override
    public long xcr0() {
        return cpu().xcr0();
    }

    @Override
    public void xcr0(long components) {
        if (!cpu().xcr0(components)) {
            throw new InvalidRegisterException("xcr0", String.format("0x%x cannot be enabled", components));
        }
    }

    @Override
    public byte[] xsave() {
        return cpu().xsave();
    }

    @Override
    public void xsave(byte[] area) {
        String why = cpu().xsave(area);
        if (why != null) {
            throw new InvalidRegisterException("xsave area", why);
        }
    }

    @Override
    public int cr8() {
        return (int) cpu().cr8();
    }

    @Override
    public int cpl() {
        return cpu().cpl();
    }

    @Override
    public long vector(int number, int word) {
        return cpu().vector(RegisterNumbers.vector(number, word), word);
    }

    @Override
    public void vector(int number, int word, long value) {
        cpu().vector(RegisterNumbers.vector(number, word), word, value);
    }

    @Override
    public int mxcsr() {
        return cpu().mxcsr();
    }

    @Override
    public void mxcsr(int value) {
        if ((value & ~0xffff) != 0) {
            throw new InvalidRegisterException("mxcsr", String.format("there are no bits 0x%x", value & ~0xffff));
        }
        cpu().mxcsr(value);
    }

    @Override
    public X87Control x87() {
        return new X87Control(cpu().x87Word(0), cpu().x87Word(1), cpu().x87Word(2), cpu().x87Word(3),
                cpu().x87Pointer(0), cpu().x87Pointer(1));
    }

    @Override
    public void x87(X87Control control) {
        cpu().x87Word(0, control.control());
        cpu().x87Word(1, control.status());
        cpu().x87Word(2, control.tags());
        cpu().x87Word(3, control.opcode());
        cpu().x87Pointer(0, control.instruction());
        cpu().x87Pointer(1, control.data());
    }

    @Override
    public Float80 x87Register(int number) {
        RegisterNumbers.x87(number);
        return new Float80(cpu().significand(number), cpu().exponent(number));
    }

    @Override
    public void x87Register(int number, Float80 value) {
        RegisterNumbers.x87(number);
        cpu().x87(number, value.significand(), value.signAndExponent());
    }

    long translate(long gva) {
        return cpu().translate(gva);
    }
}
