// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.cpu.fp.FloatContext;
import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// The control and status register of SSE floating point.
///
/// @sdm vol. 1 §10.2.3 "MXCSR Control and Status Register"
final class Mxcsr {
    /// After reset: all exceptions masked.
    static final int INITIAL = 0x1f80;
    /// The bits that may be set: MXCSR_MASK in the FXSAVE image.
    static final int WRITABLE = 0xffff;
    /// Found before an operation computes anything.
    private static final int BEFORE_COMPUTATION = FloatContext.IE | FloatContext.DE | FloatContext.ZE;

    private Mxcsr() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.LDMXCSR, Mxcsr::ldmxcsr).bind(Mnemonic.STMXCSR, Mxcsr::stmxcsr);
    }

    static int get(Cpu cpu) {
        return HostMemory.loadInt(cpu.state + CpuLayout.MXCSR);
    }

    /// Takes bits that the caller has checked against [#WRITABLE].
    static void set(Cpu cpu, int mxcsr) {
        HostMemory.storeInt(cpu.state + CpuLayout.MXCSR, mxcsr);
    }

    /// Checks that the instruction may execute, and starts one that computes.
    static FloatContext begin(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        FloatContext context = cpu.floats;
        context.begin(get(cpu));
        return context;
    }

    /// To be called when all lanes are computed, before a result is written: makes the flags raised sticky,
    /// and faults if one of them is unmasked. Unmasked exceptions found before the computation keep those
    /// after it from happening.
    ///
    /// @throws GuestFault #XM, or #UD without CR4.OSXMMEXCPT
    /// @sdm vol. 1 §11.5.3 "Interaction of SIMD and x87 FPU Floating-Point Exceptions", appendix E.4.3
    static void commit(Cpu cpu, FloatContext context) {
        if (context.flags() != 0) {
            report(cpu, context.flags());
        }
    }

    private static void report(Cpu cpu, int raised) {
        int mxcsr = get(cpu);
        int unmasked = raised & ~(mxcsr >> FloatContext.MASK_SHIFT);
        boolean before = (unmasked & BEFORE_COMPUTATION) != 0;
        set(cpu, mxcsr | (before ? raised & BEFORE_COMPUTATION : raised));
        if (unmasked != 0) {
            throw cpu.fault(Availability.simdExceptionsEnabled(cpu) ? GuestFault.XM : GuestFault.UD);
        }
    }

    private static void ldmxcsr(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        int value = (int) cpu.load(insn.segment, cpu.effectiveAddress(insn), 4);
        if ((value & ~WRITABLE) != 0) {
            throw cpu.gp(0);
        }
        set(cpu, value);
    }

    private static void stmxcsr(Cpu cpu, Insn insn) {
        Availability.checkVector(cpu, insn);
        cpu.store(insn.segment, cpu.effectiveAddress(insn), 4, get(cpu) & 0xffff_ffffL);
    }
}
