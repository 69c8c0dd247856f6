// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

/// What CPUID announces an instruction by. An instruction whose feature the processor does not announce is
/// undefined, or what [OpcodeMaps#withoutFeature] says.
public enum Feature {
    /// Part of every x86-64 processor.
    BASE,
    FPU, CMOV, CX8, CX16, MMX, SSE, SSE2, SSE3, SSSE3, SSE4_1, SSE4_2, AES, PCLMULQDQ, SHA, FXSR, XSAVE,
    XSAVEOPT, XSAVEC, XSAVES, SYSCALL, SYSENTER, LAHF64, MSR, TSC, RDTSCP, RDPID, MOVBE, POPCNT, LZCNT, BMI1,
    BMI2, ADX, CLFLUSH, CLFLUSHOPT, CLWB, RDRAND, RDSEED, FSGSBASE, INVPCID, SMAP, MONITOR, PREFETCHW,
    LONG_MODE, AVX, AVX2, FMA, F16C, VMX, SVM, PKU, CET_SS, WBNOINVD, SERIALIZE, CLDEMOTE, MOVDIRI, MOVDIR64B
}
