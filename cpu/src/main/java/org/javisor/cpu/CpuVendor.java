// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Whose processor CPUID says this is. The instructions are the same but for SYSCALL and SYSRET, which AMD's
/// processors define outside 64-bit mode too.
public enum CpuVendor {
    /// Family 6, a server model for which operating systems expect no model-specific registers beyond those
    /// that CPUID announces.
    INTEL("GenuineIntel", 6, 0x8f, 8),
    /// Family 15, the first with 64-bit mode: for programs that are made for AMD's processors.
    AMD("AuthenticAMD", 0xf, 0x05, 8);

    final String name;
    /// EAX of leaf 1, which EDX holds after RESET.
    final int signature;

    CpuVendor(String name, int family, int model, int stepping) {
        this.name = name;
        this.signature = (model >> 4) << 16 | family << 8 | (model & 0xf) << 4 | stepping;
    }

    /// Whether SYSCALL and SYSRET are defined in protected and compatibility mode.
    boolean syscallOutside64BitMode() {
        return this == AMD;
    }
}
