// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The host's processor, and what it lacks that guests are promised: such instructions are interpreted.
final class ProcessorCheck implements Check {
    private static final String PROCESSOR = "processor", CPUINFO = "/proc/cpuinfo";
    /// By Linux's names: what host code is made of where the host has it.
    private static final List<String> USED = List.of("avx", "avx2", "bmi1", "bmi2", "fma", "f16c", "abm", "movbe",
            "popcnt", "aes", "pclmulqdq", "sse4_1", "sse4_2", "ssse3");
    private static final List<String> HELPFUL = List.of("erms", "fsrm", "sha_ni", "constant_tsc", "nonstop_tsc");

    private final HostFiles host;
    private final String architecture;
    private final int processors;

    ProcessorCheck(HostFiles host, String architecture, int processors) {
        this.host = host;
        this.architecture = architecture;
        this.processors = processors;
    }

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        String model = host.value(CPUINFO, "model name");
        String name = (model == null ? architecture : model) + ", " + processors + " for this process";
        if (!architecture.equals("amd64")) {
            return List.of(Finding.note(PROCESSOR, name + ": guest code will be interpreted",
                    "the translator makes code for x86-64 hosts only"));
        }
        findings.add(processors > 1 ? Finding.ok(PROCESSOR, name) : Finding.note(PROCESSOR, name,
                "the translator and Java's compilers work beside the guest: two or more are better"));
        features(findings);
        return findings;
    }

    private void features(List<Finding> findings) {
        String flags = host.value(CPUINFO, "flags");
        Set<String> there = Set.of(flags == null ? new String[0] : flags.split(" +"));
        List<String> missing = USED.stream().filter(feature -> !there.contains(feature)).toList();
        if (flags == null) {
            findings.add(Finding.note("instructions", CPUINFO + " does not tell what the processor can execute",
                    "Javisor takes the least that an x86-64 processor has"));
        } else if (missing.isEmpty()) {
            List<String> helpful = HELPFUL.stream().filter(there::contains).toList();
            findings.add(Finding.ok("instructions", "all that host code is made of; and " + String.join(" ", helpful)));
        } else {
            findings.add(Finding.note("instructions", "lacking " + String.join(" ", missing)
                    + ": guests have them all the same, interpreted", null));
        }
        if (there.contains("hypervisor")) {
            findings.add(Finding.ok("host", "is a virtual machine itself" + virtualizer()));
        }
    }

    private String virtualizer() {
        String vendor = host.line("/sys/class/dmi/id/sys_vendor");
        return vendor == null || vendor.isBlank() ? "" : ", of " + vendor;
    }
}
