// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.StateLayout.ABRIDGED_FTW;
import static org.javisor.vmm.kvm.StateLayout.CR0;
import static org.javisor.vmm.kvm.StateLayout.CR2;
import static org.javisor.vmm.kvm.StateLayout.CR3;
import static org.javisor.vmm.kvm.StateLayout.CR4;
import static org.javisor.vmm.kvm.StateLayout.CR8;
import static org.javisor.vmm.kvm.StateLayout.DR6;
import static org.javisor.vmm.kvm.StateLayout.DR7;
import static org.javisor.vmm.kvm.StateLayout.EFER;
import static org.javisor.vmm.kvm.StateLayout.FCW;
import static org.javisor.vmm.kvm.StateLayout.FDP;
import static org.javisor.vmm.kvm.StateLayout.FIP;
import static org.javisor.vmm.kvm.StateLayout.FOP;
import static org.javisor.vmm.kvm.StateLayout.FSW;
import static org.javisor.vmm.kvm.StateLayout.GDT;
import static org.javisor.vmm.kvm.StateLayout.IDT;
import static org.javisor.vmm.kvm.StateLayout.MXCSR;
import static org.javisor.vmm.kvm.StateLayout.RFLAGS;
import static org.javisor.vmm.kvm.StateLayout.RIP;
import static org.javisor.vmm.kvm.StateLayout.SLOT_BYTES;
import static org.javisor.vmm.kvm.StateLayout.ST;
import static org.javisor.vmm.kvm.StateLayout.TABLE_BASE;
import static org.javisor.vmm.kvm.StateLayout.TABLE_LIMIT;
import static org.javisor.vmm.kvm.StateLayout.XCRS_FIRST_VALUE;
import static org.javisor.vmm.kvm.StateLayout.XMM;
import static org.javisor.vmm.kvm.StateLayout.XSTATE_BV;
import static org.javisor.vmm.kvm.StateLayout.YMM_HIGH;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.javisor.vmm.InvalidRegisterException;
import org.javisor.vmm.Registers;
import org.javisor.vmm.engine.RegisterNumbers;

/// The registers of a processor of KVM's: structures that are fetched when somebody asks, and given back before it runs
/// on.
final class KvmRegisters implements Registers {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final int CR0_PE = 1;
    // SCE, LME, LMA, NXE; SVME, LMSLE, FFXSR, TCE, MCOMMIT and AUTOIBRS of AMD's
    private static final long EFER_LMA = 1 << 10, EFER_BITS = 0x0022_fd01;
    private static final int MSR_EFER = 0xc000_0080;
    private static final int MXCSR_BITS = 0xffff;
    // Components of XSTATE_BV
    private static final long X87 = 1, SSE = 2, AVX = 4;

    private final VcpuFd vcpu;
    private final Runnable settle;
    private final int[] msrs;
    private final KvmStatePart general;
    /// What segments and system registers are in; with [#pointers], in the form that has PDPTEs too.
    private final KvmStatePart special;
    private final boolean pointers;
    private final KvmStatePart extended;
    private final KvmStatePart debug;
    private final KvmStatePart enabled;

    /// @param settle brings the processor to where its state says all: called before it is looked at
    /// @param msrs those that make up the state
    KvmRegisters(VcpuFd vcpu, Arena arena, Runnable settle, int[] msrs) {
        this.vcpu = vcpu;
        // EFER, which KVM does not list, is with the special registers too.
        this.msrs = IntStream.concat(Arrays.stream(msrs), IntStream.of(MSR_EFER)).distinct()
                .filter(index -> vcpu.msrs(index).length == 1).boxed().sorted(Integer::compareUnsigned)
                .mapToInt(Integer::intValue).toArray();
        this.settle = settle;
        this.general = new KvmStatePart(vcpu, KvmCalls.KVM_GET_REGS, KvmCalls.KVM_SET_REGS, arena,
                StateLayout.REGS_BYTES);
        this.pointers = vcpu.has(KvmCapability.SREGS2);
        this.special = pointers ? new KvmStatePart(vcpu, KvmCalls.KVM_GET_SREGS2, KvmCalls.KVM_SET_SREGS2, arena,
                StateLayout.SREGS2_BYTES) : new KvmStatePart(vcpu, KvmCalls.KVM_GET_SREGS, KvmCalls.KVM_SET_SREGS,
                arena, StateLayout.SREGS_BYTES);
        this.extended = new KvmStatePart(vcpu, KvmCalls.KVM_GET_XSAVE, KvmCalls.KVM_SET_XSAVE, arena,
                StateLayout.XSAVE_BYTES);
        this.debug = new KvmStatePart(vcpu, KvmCalls.KVM_GET_DEBUGREGS, KvmCalls.KVM_SET_DEBUGREGS, arena,
                StateLayout.DEBUGREGS_BYTES);
        this.enabled = new KvmStatePart(vcpu, KvmCalls.KVM_GET_XCRS, KvmCalls.KVM_SET_XCRS, arena,
                StateLayout.XCRS_BYTES);
    }

    /// Gives KVM what was changed.
    ///
    /// @throws org.javisor.vmm.kvm.KvmException if the registers do not fit together
    void flush() {
        special.flush();
        general.flush();
        enabled.flush();
        extended.flush();
        debug.flush();
    }

    /// The processor is about to run: what is here will no longer be true.
    void leave() {
        general.leave();
        special.leave();
        extended.leave();
        debug.leave();
        enabled.leave();
    }

    /// What was changed shall not be.
    void forget() {
        general.forget();
        special.forget();
        extended.forget();
        debug.forget();
        enabled.forget();
    }

    private MemorySegment read(KvmStatePart part) {
        settle.run();
        return part.read();
    }

    private MemorySegment write(KvmStatePart part) {
        settle.run();
        return part.write();
    }

    // ---- general registers ----

    @Override
    public long general(int number) {
        return read(general).get(LONG, StateLayout.general(RegisterNumbers.general(number)));
    }

    @Override
    public void general(int number, long value) {
        write(general).set(LONG, StateLayout.general(RegisterNumbers.general(number)), value);
    }

    @Override
    public long rip() {
        return read(general).get(LONG, RIP);
    }

    @Override
    public void rip(long rip) {
        write(general).set(LONG, RIP, rip);
    }

    @Override
    public long rflags() {
        return read(general).get(LONG, RFLAGS);
    }

    @Override
    public void rflags(long rflags) {
        write(general).set(LONG, RFLAGS, RegisterNumbers.rflags(rflags));
    }

    // ---- segments and system registers ----

    @Override
    public Segment segment(int number) {
        RegisterNumbers.segment(number);
        return KvmSegments.read(read(special), StateLayout.segment(number));
    }

    @Override
    public void segment(int number, Segment segment) {
        RegisterNumbers.segment(number);
        MemorySegment sregs = write(special);
        KvmSegments.write(sregs, StateLayout.segment(number), segment);
        if (number == CS) {
            boolean real = (sregs.get(LONG, CR0) & CR0_PE) == 0;
            KvmSegments.privilege(sregs, StateLayout.segment(SS), real ? 0 : segment.selector() & 3);
        }
    }

    @Override
    public void gdt(long base, int limit) {
        table(GDT, base, RegisterNumbers.limit("gdt", limit));
    }

    @Override
    public Table gdt() {
        return table(GDT);
    }

    @Override
    public void idt(long base, int limit) {
        table(IDT, base, RegisterNumbers.limit("idt", limit));
    }

    @Override
    public Table idt() {
        return table(IDT);
    }

    private void table(int at, long base, int limit) {
        MemorySegment sregs = write(special);
        sregs.set(LONG, at + TABLE_BASE, base);
        sregs.set(SHORT, at + TABLE_LIMIT, (short) limit);
    }

    private Table table(int at) {
        MemorySegment sregs = read(special);
        return new Table(sregs.get(LONG, at + TABLE_BASE), sregs.get(SHORT, at + TABLE_LIMIT) & 0xffff);
    }

    @Override
    public Paging paging() {
        MemorySegment sregs = read(special);
        return new Paging(sregs.get(LONG, CR0), sregs.get(LONG, CR3), sregs.get(LONG, CR4), sregs.get(LONG, EFER));
    }

    @Override
    public void paging(Paging paging) {
        if ((paging.efer() & ~EFER_BITS) != 0 || !accepted(paging)) {
            throw new InvalidRegisterException("control registers", String.format(
                    "CR0 0x%x, CR3 0x%x, CR4 0x%x and EFER 0x%x are not a state that this processor can be in",
                    paging.cr0(), paging.cr3(), paging.cr4(), paging.efer()));
        }
        put(paging, write(special));
    }

    /// With other tables the PDPTEs that the processor has are not theirs: it is to load them, as for MOV to CR3.
    private void put(Paging paging, MemorySegment sregs) {
        if (pointers) {
            sregs.set(LONG, StateLayout.SREGS2_FLAGS, 0);
        }
        sregs.set(LONG, CR0, paging.cr0());
        sregs.set(LONG, CR3, paging.cr3());
        sregs.set(LONG, CR4, paging.cr4());
        sregs.set(LONG, EFER, paging.efer());
    }

    /// Asks KVM whether it takes them, and has it take back that it does. CS, which may be set later, cannot be one for
    /// 64-bit mode outside of long mode.
    private boolean accepted(Paging paging) {
        read(special);
        return special.accepts(sregs -> {
            put(paging, sregs);
            if ((paging.efer() & EFER_LMA) == 0) {
                sregs.set(BYTE, StateLayout.segment(CS) + StateLayout.SEGMENT_L, (byte) 0);
            }
        });
    }

    @Override
    public long cr2() {
        return read(special).get(LONG, CR2);
    }

    @Override
    public int cr8() {
        return (int) read(special).get(LONG, CR8);
    }

    @Override
    public void cr2(long gva) {
        write(special).set(LONG, CR2, gva);
    }

    @Override
    public void cr8(int priority) {
        if (priority < 0 || priority > 15) {
            throw new InvalidRegisterException("cr8", priority + " is not a priority from 0 to 15");
        }
        write(special).set(LONG, CR8, priority);
    }

    @Override
    public long xcr0() {
        return read(enabled).get(LONG, XCRS_FIRST_VALUE);
    }

    @Override
    public void xcr0(long components) {
        read(enabled);
        if (!enabled.accepts(xcrs -> xcrs.set(LONG, XCRS_FIRST_VALUE, components))) {
            throw new InvalidRegisterException("xcr0", String.format("0x%x cannot be enabled", components));
        }
        write(enabled).set(LONG, XCRS_FIRST_VALUE, components);
    }

    @Override
    public byte[] xsave() {
        return read(extended).asSlice(0, XsaveArea.of(vcpu.cpuid()).bytes()).toArray(BYTE);
    }

    @Override
    public void xsave(byte[] area) {
        read(extended);
        XsaveArea form = XsaveArea.of(vcpu.cpuid());
        form.check(area);
        if (!extended.accepts(xsave -> put(area, xsave))) {
            throw new InvalidRegisterException("xsave area", "the host's processor cannot hold it");
        }
        put(area, write(extended));
    }

    private static void put(byte[] area, MemorySegment xsave) {
        xsave.fill((byte) 0);
        MemorySegment.copy(area, 0, xsave, BYTE, 0, area.length);
    }

    @Override
    public int cpl() {
        return KvmSegments.privilege(read(special), StateLayout.segment(SS));
    }

    @Override
    public long msr(int index) {
        settle.run();
        flush();
        long[] values = vcpu.msrs(index);
        if (values.length == 0) {
            throw new InvalidRegisterException(nameOf(index), "it does not exist");
        }
        return values[0];
    }

    @Override
    public void msr(int index, long value) {
        settle.run();
        flush();
        leave();
        if (!vcpu.msr(index, value)) {
            throw new InvalidRegisterException(nameOf(index),
                    String.format("0x%x is refused, or it does not exist", value));
        }
    }

    private static String nameOf(int msr) {
        return String.format("MSR 0x%x", msr);
    }

    @Override
    public int[] msrIndices() {
        return msrs.clone();
    }

    @Override
    public long debug(int number) {
        return read(debug).get(LONG, debugOffset(number));
    }

    @Override
    public void debug(int number, long value) {
        int offset = debugOffset(number);
        if (number >= 6 && value >>> 32 != 0) {
            throw new InvalidRegisterException("dr" + number, String.format("0x%x has bits above 31", value));
        }
        write(debug).set(LONG, offset, value);
    }

    private static int debugOffset(int number) {
        return switch (number) {
            case 0, 1, 2, 3 -> number * Long.BYTES;
            case 6 -> DR6;
            case 7 -> DR7;
            default -> throw new InvalidRegisterException("dr" + number, "it does not exist");
        };
    }

    @Override
    public CpuidAnswer cpuid(int leaf, int subleaf) {
        settle.run();
        flush();
        CpuidTable.Entry entry = vcpu.cpuid().find(leaf, subleaf);
        return entry == null ? new CpuidAnswer(0, 0, 0, 0)
                : new CpuidAnswer(entry.eax(), entry.ebx(), entry.ecx(), entry.edx());
    }

    // ---- vector registers and the x87 unit ----

    private MemorySegment writeExtended(long component) {
        MemorySegment area = write(extended);
        area.set(LONG, XSTATE_BV, area.get(LONG, XSTATE_BV) | component);
        return area;
    }

    private static long vectorOffset(int number, int word) {
        RegisterNumbers.vector(number, word);
        return (word < 2 ? XMM : YMM_HIGH) + (long) number * SLOT_BYTES + (word & 1) * (long) Long.BYTES;
    }

    @Override
    public long vector(int number, int word) {
        return read(extended).get(LONG, vectorOffset(number, word));
    }

    @Override
    public void vector(int number, int word, long value) {
        writeExtended(word < 2 ? SSE : AVX).set(LONG, vectorOffset(number, word), value);
    }

    @Override
    public int mxcsr() {
        return read(extended).get(INT, MXCSR);
    }

    @Override
    public void mxcsr(int value) {
        if ((value & ~MXCSR_BITS) != 0) {
            throw new InvalidRegisterException("mxcsr", String.format("it has no bits 0x%x", value & ~MXCSR_BITS));
        }
        writeExtended(SSE).set(INT, MXCSR, value);
    }

    @Override
    public X87Control x87() {
        MemorySegment area = read(extended);
        int status = area.get(SHORT, FSW) & 0xffff;
        return new X87Control(area.get(SHORT, FCW) & 0xffff, status, X87Tags.full(area, status),
                area.get(SHORT, FOP) & 0xffff, area.get(LONG, FIP), area.get(LONG, FDP));
    }

    @Override
    public void x87(X87Control control) {
        MemorySegment area = writeExtended(X87);
        area.set(SHORT, FCW, (short) control.control());
        area.set(SHORT, FSW, (short) control.status());
        area.set(BYTE, ABRIDGED_FTW, X87Tags.abridged(control.tags()));
        area.set(SHORT, FOP, (short) control.opcode());
        area.set(LONG, FIP, control.instruction());
        area.set(LONG, FDP, control.data());
    }

    @Override
    public Float80 x87Register(int number) {
        RegisterNumbers.x87(number);
        MemorySegment area = read(extended);
        long at = ST + (long) number * SLOT_BYTES;
        return new Float80(area.get(LONG, at), area.get(SHORT, at + Long.BYTES) & 0xffff);
    }

    @Override
    public void x87Register(int number, Float80 value) {
        RegisterNumbers.x87(number);
        MemorySegment area = writeExtended(X87);
        long at = ST + (long) number * SLOT_BYTES;
        area.set(LONG, at, value.significand());
        area.set(SHORT, at + Long.BYTES, (short) value.signAndExponent());
    }
}
