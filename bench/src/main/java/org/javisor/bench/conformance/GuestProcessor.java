// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuVendor;
import org.javisor.vmm.pv.GuestInterface;

/// What `-cpu` asks for: a model that QEMU has, features to add and to take away, a maker, a width of addresses.
/// `max`, `host` and nothing at all mean everything that our processor has.
///
/// @param features     those the guest sees
/// @param physicalBits MAXPHYADDR; 0 for ours
/// @param hyperv       whether there is Hyper-V's interface, beside KVM's
record GuestProcessor(Set<CpuFeature> features, CpuVendor vendor, int physicalBits, boolean hyperv) {
    private static final EnumSet<CpuFeature> OLDEST = EnumSet.of(CpuFeature.FPU, CpuFeature.VME, CpuFeature.DE,
            CpuFeature.PSE, CpuFeature.TSC, CpuFeature.MSR, CpuFeature.PAE, CpuFeature.MCE, CpuFeature.CX8,
            CpuFeature.APIC, CpuFeature.SEP, CpuFeature.MTRR, CpuFeature.PGE, CpuFeature.MCA, CpuFeature.CMOV,
            CpuFeature.PAT, CpuFeature.PSE36, CpuFeature.CLFLUSH, CpuFeature.MMX, CpuFeature.FXSR, CpuFeature.SSE,
            CpuFeature.SSE2, CpuFeature.SSE3, CpuFeature.SYSCALL, CpuFeature.NX, CpuFeature.LONG_MODE,
            CpuFeature.HYPERVISOR);

    /// What QEMU's models have of what ours has.
    private static final Map<String, EnumSet<CpuFeature>> MODELS = Map.of(
            "Opteron_G1", OLDEST,
            "qemu64", with(OLDEST, CpuFeature.CX16, CpuFeature.LAHF64),
            "IvyBridge", with(OLDEST, CpuFeature.CX16, CpuFeature.LAHF64, CpuFeature.SSSE3, CpuFeature.SSE4_1,
                    CpuFeature.SSE4_2, CpuFeature.POPCNT, CpuFeature.PCLMULQDQ, CpuFeature.AES, CpuFeature.XSAVE,
                    CpuFeature.XSAVEOPT, CpuFeature.AVX, CpuFeature.F16C, CpuFeature.RDRAND, CpuFeature.FSGSBASE,
                    CpuFeature.SMEP, CpuFeature.ERMS, CpuFeature.X2APIC, CpuFeature.TSC_DEADLINE,
                    CpuFeature.RDTSCP));

    private static EnumSet<CpuFeature> with(EnumSet<CpuFeature> model, CpuFeature... more) {
        EnumSet<CpuFeature> features = EnumSet.copyOf(model);
        features.addAll(Set.of(more));
        return features;
    }

    static GuestProcessor parse(String text) {
        String[] words = text.split(",");
        Set<CpuFeature> features = EnumSet.copyOf(
                MODELS.getOrDefault(words[0], EnumSet.allOf(CpuFeature.class)));
        CpuVendor vendor = CpuVendor.INTEL;
        int physicalBits = 0;
        boolean hyperv = false;
        for (String word : words) {
            if (word.startsWith("+")) {
                named(word.substring(1)).ifPresent(features::add);
            } else if (word.startsWith("-")) {
                named(word.substring(1)).ifPresent(features::remove);
            } else if (word.equals("vendor=AuthenticAMD")) {
                vendor = CpuVendor.AMD;
            } else if (word.equals("hv_passthrough")) {
                hyperv = true;
            } else if (word.startsWith("phys-bits=")) {
                physicalBits = Integer.parseInt(word.substring("phys-bits=".length()));
            }
        }
        return new GuestProcessor(features, vendor, physicalBits, hyperv);
    }

    Set<GuestInterface> interfaces() {
        return hyperv ? EnumSet.of(GuestInterface.HYPERV, GuestInterface.KVM) : EnumSet.of(GuestInterface.KVM);
    }

    /// QEMU names more features than we have.
    private static Optional<CpuFeature> named(String name) {
        try {
            return Optional.of(CpuFeature.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_')));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /// What is to be hidden from the guest.
    Set<CpuFeature> withheld() {
        return EnumSet.complementOf(EnumSet.copyOf(features));
    }
}
