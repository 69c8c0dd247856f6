// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.javisor.isa.Feature;

/// The feature bits of CPUID, one row each: where the bit is, the instructions it announces, and the features
/// without which it makes no sense. [CpuidModel] is built from these rows; a bit that has no row here reads
/// as zero.
///
/// Bits that follow the state of the processor (OSXSAVE, APIC, SYSCALL outside 64-bit mode) are marked so in
/// [CpuidModel]; here they say whether the feature is offered at all.
///
/// @sdm vol. 2A "CPUID—CPU Identification"
public enum CpuFeature {
    FPU(1, 0, Register.EDX, 0, isa(Feature.FPU)),
    VME(1, 0, Register.EDX, 1, isa()),
    DE(1, 0, Register.EDX, 2, isa()),
    PSE(1, 0, Register.EDX, 3, isa()),
    TSC(1, 0, Register.EDX, 4, isa(Feature.TSC)),
    MSR(1, 0, Register.EDX, 5, isa(Feature.MSR)),
    PAE(1, 0, Register.EDX, 6, isa()),
    MCE(1, 0, Register.EDX, 7, isa()),
    CX8(1, 0, Register.EDX, 8, isa(Feature.CX8)),
    APIC(1, 0, Register.EDX, 9, isa()),
    SEP(1, 0, Register.EDX, 11, isa(Feature.SYSENTER)),
    MTRR(1, 0, Register.EDX, 12, isa()),
    PGE(1, 0, Register.EDX, 13, isa()),
    MCA(1, 0, Register.EDX, 14, isa()),
    CMOV(1, 0, Register.EDX, 15, isa(Feature.CMOV)),
    PAT(1, 0, Register.EDX, 16, isa()),
    PSE36(1, 0, Register.EDX, 17, isa()),
    CLFLUSH(1, 0, Register.EDX, 19, isa(Feature.CLFLUSH)),
    MMX(1, 0, Register.EDX, 23, isa(Feature.MMX)),
    FXSR(1, 0, Register.EDX, 24, isa(Feature.FXSR)),
    SSE(1, 0, Register.EDX, 25, isa(Feature.SSE), FXSR),
    SSE2(1, 0, Register.EDX, 26, isa(Feature.SSE2), SSE),
    SELF_SNOOP(1, 0, Register.EDX, 27, isa()),

    SSE3(1, 0, Register.ECX, 0, isa(Feature.SSE3), SSE2),
    PCLMULQDQ(1, 0, Register.ECX, 1, isa(Feature.PCLMULQDQ), SSE2),
    SSSE3(1, 0, Register.ECX, 9, isa(Feature.SSSE3), SSE3),
    /// IA32_PERF_CAPABILITIES; here, performance monitoring altogether, which leaf 0xA tells of.
    PDCM(1, 0, Register.ECX, 15, isa()),
    CX16(1, 0, Register.ECX, 13, isa(Feature.CX16)),
    PCID(1, 0, Register.ECX, 17, isa()),
    SSE4_1(1, 0, Register.ECX, 19, isa(Feature.SSE4_1), SSSE3),
    SSE4_2(1, 0, Register.ECX, 20, isa(Feature.SSE4_2), SSE4_1),
    X2APIC(1, 0, Register.ECX, 21, isa(), APIC),
    MOVBE(1, 0, Register.ECX, 22, isa(Feature.MOVBE)),
    POPCNT(1, 0, Register.ECX, 23, isa(Feature.POPCNT)),
    TSC_DEADLINE(1, 0, Register.ECX, 24, isa(), APIC),
    AES(1, 0, Register.ECX, 25, isa(Feature.AES), SSE2),
    XSAVE(1, 0, Register.ECX, 26, isa(Feature.XSAVE), FXSR),
    AVX(1, 0, Register.ECX, 28, isa(Feature.AVX), XSAVE, SSE4_2),
    FMA(1, 0, Register.ECX, 12, isa(Feature.FMA), AVX),
    F16C(1, 0, Register.ECX, 29, isa(Feature.F16C), AVX),
    RDRAND(1, 0, Register.ECX, 30, isa(Feature.RDRAND)),
    HYPERVISOR(1, 0, Register.ECX, 31, isa()),

    ARAT(6, 0, Register.EAX, 2, isa()),

    FSGSBASE(7, 0, Register.EBX, 0, isa(Feature.FSGSBASE)),
    TSC_ADJUST(7, 0, Register.EBX, 1, isa()),
    BMI1(7, 0, Register.EBX, 3, isa(Feature.BMI1)),
    AVX2(7, 0, Register.EBX, 5, isa(Feature.AVX2), AVX),
    /// The x87 data pointer is that of the last instruction that met an unmasked exception.
    FDP_EXCPTN_ONLY(7, 0, Register.EBX, 6, isa()),
    SMEP(7, 0, Register.EBX, 7, isa()),
    BMI2(7, 0, Register.EBX, 8, isa(Feature.BMI2)),
    ERMS(7, 0, Register.EBX, 9, isa()),
    INVPCID(7, 0, Register.EBX, 10, isa(Feature.INVPCID)),
    /// FPU CS and DS are always saved as zero.
    FCS_FDS_DEPRECATED(7, 0, Register.EBX, 13, isa()),
    RDSEED(7, 0, Register.EBX, 18, isa(Feature.RDSEED)),
    ADX(7, 0, Register.EBX, 19, isa(Feature.ADX)),
    SMAP(7, 0, Register.EBX, 20, isa(Feature.SMAP)),
    CLFLUSHOPT(7, 0, Register.EBX, 23, isa(Feature.CLFLUSHOPT)),
    CLWB(7, 0, Register.EBX, 24, isa(Feature.CLWB)),
    SHA(7, 0, Register.EBX, 29, isa(Feature.SHA), SSE2),
    UMIP(7, 0, Register.ECX, 2, isa()),
    PKU(7, 0, Register.ECX, 3, isa(Feature.PKU), XSAVE),
    LA57(7, 0, Register.ECX, 16, isa()),
    RDPID(7, 0, Register.ECX, 22, isa(Feature.RDPID)),
    CET_SS(7, 0, Register.ECX, 7, isa(Feature.CET_SS)),
    PKS(7, 0, Register.ECX, 31, isa()),
    FSRM(7, 0, Register.EDX, 4, isa()),
    MD_CLEAR(7, 0, Register.EDX, 10, isa()),
    /// With it, a system that has changed its code needs no IRET to go on with what it wrote.
    SERIALIZE(7, 0, Register.EDX, 14, isa(Feature.SERIALIZE)),
    CET_IBT(7, 0, Register.EDX, 20, isa()),
    /// IBRS in IA32_SPEC_CTRL and IBPB in IA32_PRED_CMD.
    SPEC_CTRL(7, 0, Register.EDX, 26, isa()),
    STIBP(7, 0, Register.EDX, 27, isa(), SPEC_CTRL),
    FLUSH_L1D(7, 0, Register.EDX, 28, isa()),
    ARCH_CAPABILITIES(7, 0, Register.EDX, 29, isa()),
    SSBD(7, 0, Register.EDX, 31, isa(), SPEC_CTRL),

    /// Linear-address masking.
    LAM(7, 1, Register.EAX, 26, isa()),
    /// BHI_DIS_S in IA32_SPEC_CTRL: with it, systems need not clear the branch history at every entry.
    BHI_CTRL(7, 2, Register.EDX, 4, isa(), SPEC_CTRL),

    XSAVEOPT(0xd, 1, Register.EAX, 0, isa(Feature.XSAVEOPT), XSAVE),
    XSAVEC(0xd, 1, Register.EAX, 1, isa(Feature.XSAVEC), XSAVE),
    XGETBV1(0xd, 1, Register.EAX, 2, isa(), XSAVE),
    XSAVES(0xd, 1, Register.EAX, 3, isa(Feature.XSAVES), XSAVEC),

    LAHF64(0x8000_0001, 0, Register.ECX, 0, isa(Feature.LAHF64)),
    LZCNT(0x8000_0001, 0, Register.ECX, 5, isa(Feature.LZCNT)),
    PREFETCHW(0x8000_0001, 0, Register.ECX, 8, isa(Feature.PREFETCHW)),
    SYSCALL(0x8000_0001, 0, Register.EDX, 11, isa(Feature.SYSCALL)),
    NX(0x8000_0001, 0, Register.EDX, 20, isa()),
    PDPE1GB(0x8000_0001, 0, Register.EDX, 26, isa()),
    RDTSCP(0x8000_0001, 0, Register.EDX, 27, isa(Feature.RDTSCP)),
    LONG_MODE(0x8000_0001, 0, Register.EDX, 29, isa(Feature.LONG_MODE), PAE, NX, SYSCALL),
    INVARIANT_TSC(0x8000_0007, 0, Register.EDX, 8, isa());

    /// Registers in the order of [CpuidModel]'s answers.
    static final class Register {
        static final int EAX = 0, EBX = 1, ECX = 2, EDX = 3;

        private Register() { }
    }

    final int leaf;
    final int subleaf;
    final int register;
    final int bit;
    private final Set<Feature> instructions = EnumSet.noneOf(Feature.class);
    private final CpuFeature[] required;

    CpuFeature(int leaf, int subleaf, int register, int bit, Feature[] instructions, CpuFeature... required) {
        this.leaf = leaf;
        this.subleaf = subleaf;
        this.register = register;
        this.bit = bit;
        this.instructions.addAll(Set.of(instructions));
        this.required = required;
    }

    private static Feature[] isa(Feature... features) {
        return features;
    }

    /// The instruction set extensions that this bit announces.
    Set<Feature> instructions() {
        return instructions;
    }

    /// Whether all that this feature builds on is in `offered`.
    boolean supportedBy(Set<CpuFeature> offered) {
        for (CpuFeature needed : required) {
            if (!offered.contains(needed)) {
                return false;
            }
        }
        return true;
    }

    /// The feature called `name` in configurations: the constant's name, in any case.
    ///
    /// @throws IllegalArgumentException if there is none
    public static CpuFeature named(String name) {
        for (CpuFeature feature : values()) {
            if (feature.name().equals(name.toUpperCase(Locale.ROOT))) {
                return feature;
            }
        }
        throw new IllegalArgumentException("no processor feature is called '" + name + "'");
    }
}
