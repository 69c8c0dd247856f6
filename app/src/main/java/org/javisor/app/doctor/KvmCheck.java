// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.javisor.vmm.kvm.KvmProbe;
import org.javisor.vmm.kvm.KvmCapability;

/// Whether the host has a KVM that is worth using: a guest is run on it.
final class KvmCheck implements Check {
    private static final String KVM = "KVM";

    private final HostFiles host;

    KvmCheck(HostFiles host) {
        this.host = host;
    }

    @Override
    public List<Finding> look() {
        return switch (DeviceFile.look(host.path("/dev/kvm"))) {
            case MISSING -> List.of(Finding.note(KVM, "there is no /dev/kvm: guests run on the software engine",
                    missing()));
            case FORBIDDEN -> List.of(Finding.note(KVM, "/dev/kvm is not this user's to open: guests run on the"
                    + " software engine", permission(host.path("/dev/kvm"))));
            case DEAD -> List.of(Finding.note(KVM, "/dev/kvm is there, but the kernel has no KVM behind it: guests run"
                    + " on the software engine", missing()));
            case OPENS -> ofProbe(KvmProbe.probe());
        };
    }

    private static String permission(Path device) {
        try {
            PosixFileAttributes is = Files.readAttributes(device, PosixFileAttributes.class);
            if (is.permissions().contains(PosixFilePermission.GROUP_WRITE)) {
                return "become a member of its group: usermod -aG " + is.group().getName() + " "
                        + System.getProperty("user.name") + ", as root";
            }
        } catch (IOException _) {
            // Then the other advice.
        }
        return "setfacl -m u:" + System.getProperty("user.name") + ":rw " + device + ", as root";
    }

    private String missing() {
        String flags = host.value("/proc/cpuinfo", "flags");
        List<String> there = flags == null ? List.of() : List.of(flags.split(" +"));
        if (there.contains("vmx") || there.contains("svm")) {
            return "the processor could: modprobe " + (there.contains("vmx") ? "kvm_intel" : "kvm_amd")
                    + ", as root, and in a container hand /dev/kvm in";
        }
        return there.contains("hypervisor") ? "this virtual machine has no nested virtualization: ask its host for it"
                : "switch on virtualization (VT-x, AMD-V) in the firmware's setup";
    }

    static List<Finding> ofProbe(KvmProbe probe) {
        List<Finding> findings = new ArrayList<>();
        findings.add(switch (probe.verdict()) {
            case FAST -> Finding.ok(KVM, probe.reason() + "; --engine kvm uses it, and auto does");
            case SLOW -> Finding.note(KVM, probe.reason(), "--engine auto uses the software engine here");
            case WRONG, INCAPABLE, UNAVAILABLE -> Finding.note(KVM, probe.reason() + ": guests run on the software"
                    + " engine", null);
        });
        if (!probe.capabilities().isEmpty()) {
            findings.add(capabilities(probe));
        }
        return findings;
    }

    private static Finding capabilities(KvmProbe probe) {
        List<KvmCapability> missing = probe.capabilities().entrySet().stream().filter(e -> e.getValue() == 0)
                .map(Map.Entry::getKey).sorted().toList();
        int all = probe.capabilities().size();
        String text = "API version " + probe.apiVersion() + ", " + (all - missing.size()) + " of the " + all
                + " capabilities that Javisor looks at";
        return Finding.ok(KVM, missing.isEmpty() ? text
                : text + "; not " + missing.stream().map(KvmCapability::constant).collect(Collectors.joining(", ")));
    }
}
