// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RDX;

import org.javisor.isa.Mnemonic;

/// FXSAVE and the XSAVE family, XGETBV and XSETBV.
///
/// The components that the processor has beyond SSE are rows of [XsaveLayout].
///
/// @sdm vol. 1 §13 "Managing State Using the XSAVE Feature Set"
final class ExtendedState {
    /// XCOMP_BV bits that the compacted form may have.
    private static final long COMPONENTS = XsaveLayout.XCR0_SUPPORTED | XsaveLayout.XSS_SUPPORTED;
    private static final int X87 = XsaveLayout.X87, SSE = XsaveLayout.SSE, AVX = XsaveLayout.AVX,
            PKRU = XsaveLayout.PKRU;

    private ExtendedState() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.FXSAVE, ExtendedState::saveLegacy)
                .bind(Mnemonic.FXRSTOR, ExtendedState::restoreLegacy)
                .bind(Mnemonic.XSAVE, (cpu, insn) -> save(cpu, insn, cpu.system.xcr0, false))
                .bind(Mnemonic.XSAVEOPT, (cpu, insn) -> save(cpu, insn, cpu.system.xcr0, true))
                .bind(Mnemonic.XSAVEC, (cpu, insn) -> saveCompacted(cpu, insn, cpu.system.xcr0))
                .bind(Mnemonic.XSAVES, (cpu, insn) -> {
                    Privilege.require(cpu);
                    saveCompacted(cpu, insn, cpu.system.xcr0 | cpu.system.xss);
                })
                .bind(Mnemonic.XRSTOR, ExtendedState::restore)
                .bind(Mnemonic.XRSTORS, ExtendedState::restoreSupervisor)
                .bind(Mnemonic.XGETBV, ExtendedState::getRegister)
                .bind(Mnemonic.XSETBV, ExtendedState::setRegister);
    }

    // ---- FXSAVE and FXRSTOR ----

    private static void requireX87(Cpu cpu) {
        if ((cpu.cr0 & (ControlBits.CR0_EM | ControlBits.CR0_TS)) != 0) {
            throw cpu.fault(GuestFault.NM);
        }
    }

    /// 0 for alignment of 16 or 64 violated, which is #GP(0) even where #AC is possible.
    private static long area(Cpu cpu, Insn insn, int alignment) {
        long at = cpu.effectiveAddress(insn);
        long gva = cpu.segments.linear(insn.segment, at, 1, false);
        if ((gva & alignment - 1) != 0) {
            throw cpu.gp(0);
        }
        return at;
    }

    private static void saveLegacy(Cpu cpu, Insn insn) {
        requireX87(cpu);
        long at = area(cpu, insn, 16);
        LegacyRegion region = new LegacyRegion(cpu, insn, at);
        region.probe(LegacyRegion.BYTES, true);
        region.saveX87();
        region.saveMxcsr();
        // Whether the XMM registers are saved without CR4.OSFXSR is up to the processor: these do.
        region.saveXmm();
    }

    private static void restoreLegacy(Cpu cpu, Insn insn) {
        requireX87(cpu);
        long at = area(cpu, insn, 16);
        LegacyRegion region = new LegacyRegion(cpu, insn, at);
        region.probe(LegacyRegion.BYTES, false);
        region.checkMxcsr();
        region.restoreX87();
        region.restoreMxcsr();
        region.restoreXmm();
    }

    // ---- XSAVE ----

    private static void requireXsave(Cpu cpu) {
        if ((cpu.cr4 & ControlBits.CR4_OSXSAVE) == 0) {
            throw cpu.ud();
        }
        if ((cpu.cr0 & ControlBits.CR0_TS) != 0) {
            throw cpu.fault(GuestFault.NM);
        }
    }

    /// The components that EDX:EAX asks for and `enabled` allows.
    private static long requested(Cpu cpu, long enabled) {
        return ((long) cpu.reg32(RDX) << 32 | cpu.reg32(RAX) & 0xffff_ffffL) & enabled;
    }

    /// XINUSE: the components that are not in their initial configuration.
    private static long inUse(Cpu cpu) {
        return (LegacyRegion.x87InUse(cpu) ? X87 : 0) | (LegacyRegion.xmmInUse(cpu) ? SSE : 0)
                | (LegacyRegion.ymmInUse(cpu) ? AVX : 0) | (cpu.keys.user() != 0 ? PKRU : 0) | ShadowState.inUse(cpu);
    }

    /// XSAVE and XSAVEOPT.
    ///
    /// @param optimized whether components in their initial configuration are not written
    private static void save(Cpu cpu, Insn insn, long enabled, boolean optimized) {
        requireXsave(cpu);
        LegacyRegion region = new LegacyRegion(cpu, insn, area(cpu, insn, 64));
        long requested = requested(cpu, enabled);
        region.probe(XsaveLayout.standardBytes(requested), true);
        long inUse = inUse(cpu);
        long written = optimized ? requested & inUse : requested;
        long header = region.load(XsaveLayout.XSTATE_BV, 8);
        saveComponents(cpu, region, written, (requested & XsaveLayout.VECTOR_STATE) != 0, 0);
        region.store(XsaveLayout.XSTATE_BV, 8, header & ~requested | requested & inUse);
    }

    /// XSAVEC and XSAVES.
    private static void saveCompacted(Cpu cpu, Insn insn, long enabled) {
        requireXsave(cpu);
        LegacyRegion region = new LegacyRegion(cpu, insn, area(cpu, insn, 64));
        long requested = requested(cpu, enabled);
        region.probe(XsaveLayout.compactedBytes(requested), true);
        long inUse = inUse(cpu);
        // MXCSR counts as SSE state here: what is not its initial value makes the component in use.
        if (region.mxcsr() != Mxcsr.INITIAL) {
            inUse |= SSE;
        }
        long written = requested & inUse;
        saveComponents(cpu, region, written, (written & SSE) != 0, requested | XsaveLayout.COMPACTED);
        region.store(XsaveLayout.XSTATE_BV, 8, written);
        region.store(XsaveLayout.XCOMP_BV, 8, requested | XsaveLayout.COMPACTED);
    }

    /// @param format XCOMP_BV, which says where components go
    private static void saveComponents(Cpu cpu, LegacyRegion region, long written, boolean mxcsr, long format) {
        if ((written & X87) != 0) {
            region.saveX87();
        }
        if (mxcsr) {
            region.saveMxcsr();
        }
        if ((written & SSE) != 0) {
            region.saveXmm();
        }
        if ((written & AVX) != 0) {
            region.saveYmm(XsaveLayout.offset(format, 2));
        }
        if ((written & PKRU) != 0) {
            region.store(XsaveLayout.offset(format, 9), 8, Integer.toUnsignedLong(cpu.keys.user()));
        }
        ShadowState.save(cpu, region, written, format);
    }

    // ---- XRSTOR ----

    private static void restore(Cpu cpu, Insn insn) {
        requireXsave(cpu);
        LegacyRegion region = new LegacyRegion(cpu, insn, area(cpu, insn, 64));
        region.probe(XsaveLayout.EXTENDED, false);
        long held = region.load(XsaveLayout.XSTATE_BV, 8);
        long compaction = region.load(XsaveLayout.XCOMP_BV, 8);
        if ((compaction & XsaveLayout.COMPACTED) == 0) {
            restoreStandard(cpu, region, held, compaction);
        } else if (cpu.cpuid.has(CpuFeature.XSAVEC)) {
            restoreCompacted(cpu, region, held, compaction, cpu.system.xcr0);
        } else {
            throw cpu.gp(0);
        }
    }

    private static void restoreSupervisor(Cpu cpu, Insn insn) {
        requireXsave(cpu);
        Privilege.require(cpu);
        LegacyRegion region = new LegacyRegion(cpu, insn, area(cpu, insn, 64));
        region.probe(XsaveLayout.EXTENDED, false);
        long held = region.load(XsaveLayout.XSTATE_BV, 8);
        long compaction = region.load(XsaveLayout.XCOMP_BV, 8);
        if ((compaction & XsaveLayout.COMPACTED) == 0) {
            throw cpu.gp(0);
        }
        restoreCompacted(cpu, region, held, compaction, cpu.system.xcr0 | cpu.system.xss);
    }

    private static void restoreStandard(Cpu cpu, LegacyRegion region, long held, long compaction) {
        boolean reserved = region.load(XsaveLayout.HEADER + 16, 8) != 0 || compaction != 0;
        if (reserved || (held & ~cpu.system.xcr0) != 0) {
            throw cpu.gp(0);
        }
        long requested = requested(cpu, cpu.system.xcr0);
        region.probe(XsaveLayout.standardBytes(requested), false);
        boolean mxcsr = (requested & XsaveLayout.VECTOR_STATE) != 0;
        if (mxcsr) {
            region.checkMxcsr();
        }
        restoreComponents(cpu, region, requested, held, compaction);
        if (mxcsr) {
            region.restoreMxcsr();
        }
    }

    private static void restoreCompacted(Cpu cpu, LegacyRegion region, long held, long compaction,
            long enabled) {
        long format = compaction & ~XsaveLayout.COMPACTED;
        boolean invalid = (format & ~enabled) != 0 || (format & ~COMPONENTS) != 0 || (held & ~format) != 0;
        for (int at = XsaveLayout.HEADER + 16; at < XsaveLayout.EXTENDED; at += 8) {
            invalid |= region.load(at, 8) != 0;
        }
        if (invalid) {
            throw cpu.gp(0);
        }
        long requested = requested(cpu, enabled);
        region.probe(XsaveLayout.compactedBytes(format), false);
        boolean loaded = (requested & held & SSE) != 0;
        if (loaded) {
            region.checkMxcsr();
        }
        restoreComponents(cpu, region, requested, held, compaction);
        if (loaded) {
            region.restoreMxcsr();
        } else if ((requested & SSE) != 0) {
            region.initializeMxcsr();
        }
    }

    /// Loads the requested components that the area holds, and initialises those that it does not.
    ///
    /// @param format XCOMP_BV, which says where components are
    private static void restoreComponents(Cpu cpu, LegacyRegion region, long requested, long held, long format) {
        if ((requested & X87) != 0) {
            if ((held & X87) != 0) {
                region.restoreX87();
            } else {
                region.initializeX87();
            }
        }
        if ((requested & SSE) != 0) {
            if ((held & SSE) != 0) {
                region.restoreXmm();
            } else {
                region.initializeXmm();
            }
        }
        if ((requested & AVX) != 0) {
            if ((held & AVX) != 0) {
                region.restoreYmm(XsaveLayout.offset(format, 2));
            } else {
                region.initializeYmm();
            }
        }
        ShadowState.restore(cpu, region, requested, held, format);
        if ((requested & PKRU) != 0) {
            cpu.keys.user((held & PKRU) != 0 ? (int) region.load(XsaveLayout.offset(format, 9), 4) : 0);
        }
    }

    // ---- for who owns the processor ----

    /// Bytes of an area in the standard form with everything that XCR0 may enable.
    static int imageBytes(Cpu cpu) {
        return XsaveLayout.standardBytes(cpu.cpuid.xcr0Supported());
    }

    /// Writes an area in the standard form to `hva`, whatever XCR0 enables now.
    static void saveImage(Cpu cpu, long hva) {
        LegacyRegion region = new LegacyRegion(cpu, hva);
        long all = cpu.cpuid.xcr0Supported();
        saveComponents(cpu, region, all, true, 0);
        region.store(XsaveLayout.XSTATE_BV, 8, all & inUse(cpu) | X87 | SSE);
    }

    /// Takes over what an area at `hva` holds.
    ///
    /// @return null, or what is wrong with it; nothing has changed then
    static String restoreImage(Cpu cpu, long hva) {
        LegacyRegion region = new LegacyRegion(cpu, hva);
        long all = cpu.cpuid.xcr0Supported();
        long held = region.load(XsaveLayout.XSTATE_BV, 8);
        if ((held & ~all) != 0) {
            return String.format("XSTATE_BV has components 0x%x that the processor lacks", held & ~all);
        }
        if (region.load(XsaveLayout.XCOMP_BV, 8) != 0) {
            return "XCOMP_BV is not zero: only the standard form is taken";
        }
        if (!region.hasValidMxcsr()) {
            return "MXCSR has reserved bits";
        }
        restoreComponents(cpu, region, all, held, 0);
        region.restoreMxcsr();
        return null;
    }

    // ---- XCR0 ----

    private static void getRegister(Cpu cpu, Insn insn) {
        requireOsXsave(cpu);
        int index = cpu.reg32(CpuLayout.RCX);
        if (index == 0) {
            SystemInstructions.pair(cpu, cpu.system.xcr0);
        } else if (index == 1 && cpu.cpuid.has(CpuFeature.XGETBV1)) {
            SystemInstructions.pair(cpu, cpu.system.xcr0 & inUse(cpu));
        } else {
            throw cpu.gp(0);
        }
    }

    private static void setRegister(Cpu cpu, Insn insn) {
        requireOsXsave(cpu);
        Privilege.require(cpu);
        long value = (long) cpu.reg32(RDX) << 32 | cpu.reg32(RAX) & 0xffff_ffffL;
        if (cpu.reg32(CpuLayout.RCX) != 0 || !mayEnable(cpu, value)) {
            throw cpu.gp(0);
        }
        cpu.system.xcr0 = value;
    }

    /// Whether XCR0 takes `value`.
    static boolean mayEnable(Cpu cpu, long value) {
        return (value & ~cpu.cpuid.xcr0Supported()) == 0 && (value & X87) != 0
                && ((value & AVX) == 0 || (value & SSE) != 0);
    }

    private static void requireOsXsave(Cpu cpu) {
        if ((cpu.cr4 & ControlBits.CR4_OSXSAVE) == 0) {
            throw cpu.ud();
        }
    }
}
