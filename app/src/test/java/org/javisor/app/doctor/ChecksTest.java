// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.javisor.app.control.RuntimeDirectory;
import org.javisor.app.doctor.Finding.Level;
import org.javisor.vmm.kvm.KvmProbe;
import org.javisor.vmm.kvm.KvmProbe.Verdict;
import org.javisor.vmm.kvm.KvmCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each check, on hosts that are directories.
class ChecksTest {
    @TempDir
    private Path root;

    private HostFiles host() {
        return new HostFiles(root);
    }

    private void file(String name, String content) throws IOException {
        Path file = host().path(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private static Finding only(List<Finding> findings, String what) {
        List<Finding> found = findings.stream().filter(f -> f.what().equals(what)).toList();
        assertEquals(1, found.size(), findings.toString());
        return found.getFirst();
    }

    // ---- memory ----

    private Finding memory() throws IOException {
        file("/proc/meminfo", "MemTotal:       8388608 kB\nMemAvailable:   4194304 kB\n");
        return only(new MemoryCheck(host()).look(), "memory");
    }

    @Test
    void memoryWithoutALimitIsWhatIsAvailable() throws IOException {
        file("/proc/self/cgroup", "4:memory:/a/b\n0::/\n");
        file("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");

        assertEquals(Finding.ok("memory", "4,096 MiB of 8,192 MiB available, no limit by a control group"), memory());
    }

    @Test
    void theNearestGroupThatLimitsCounts() throws IOException {
        file("/proc/self/cgroup", "0::/user/session\n");
        file("/sys/fs/cgroup/user/session/memory.max", "max\n");
        file("/sys/fs/cgroup/user/memory.max", "2147483648\n");
        file("/sys/fs/cgroup/user/memory.current", "1073741824\n");

        assertEquals(Finding.ok("memory", "1,024 MiB available: of a control group's limit of 2,048 MiB 1,024 MiB are"
                + " in use"), memory());
    }

    @Test
    void aContainerSeesItsGroupAsTheRoot() throws IOException {
        file("/proc/self/cgroup", "5:cpu:/x\n4:blkio,memory:/docker/1234\n");
        file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
        file("/sys/fs/cgroup/memory/memory.usage_in_bytes", "104857600\n");

        Finding finding = memory();

        assertEquals(Level.NOTE, finding.level());
        assertTrue(finding.text().startsWith("412 MiB available"), finding.text());
        assertTrue(finding.advice().contains("--memory"), finding.advice());
    }

    @Test
    void limitsAndPagesAreTold() throws IOException {
        file("/proc/self/limits", "Limit   Soft Limit   Hard Limit   Units\n"
                + "Max address space         1073741824           unlimited            bytes\n");
        file("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
        file("/proc/self/cgroup", "0::/\n");
        file("/proc/meminfo", "");

        List<Finding> findings = new MemoryCheck(host()).look();

        assertTrue(only(findings, "address space").text().contains("1,024 MiB"));
        assertEquals(Level.NOTE, only(findings, "huge pages").level());
    }

    // ---- processor ----

    @Test
    void whatAProcessorLacksIsNamed() throws IOException {
        file("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Old One\nflags\t\t: fpu sse2 ssse3 sse4_1 sse4_2 popcnt"
                + " aes pclmulqdq movbe abm avx hypervisor\n");
        file("/sys/class/dmi/id/sys_vendor", "QEMU\n");

        List<Finding> findings = new ProcessorCheck(host(), "amd64", 4).look();

        assertEquals("Old One, 4 for this process", only(findings, "processor").text());
        assertTrue(only(findings, "instructions").text().startsWith("lacking avx2 bmi1 bmi2 fma f16c:"));
        assertEquals("is a virtual machine itself, of QEMU", only(findings, "host").text());
    }

    @Test
    void otherProcessorsInterpret() {
        Finding finding = only(new ProcessorCheck(host(), "aarch64", 8).look(), "processor");

        assertEquals(Level.NOTE, finding.level());
        assertTrue(finding.text().contains("interpreted"), finding.text());
    }

    // ---- KVM ----

    @Test
    void aHostWithoutKvmIsToldHowToHaveIt() throws IOException {
        file("/proc/cpuinfo", "flags : fpu svm\n");
        assertTrue(only(new KvmCheck(host()).look(), "KVM").advice().contains("modprobe kvm_amd"));
        file("/proc/cpuinfo", "flags : fpu hypervisor\n");
        assertTrue(only(new KvmCheck(host()).look(), "KVM").advice().contains("nested"));
        file("/proc/cpuinfo", "flags : fpu\n");
        assertTrue(only(new KvmCheck(host()).look(), "KVM").advice().contains("firmware"));
    }

    @Test
    void aDeviceWithNothingBehindItIsDead() throws IOException {
        Files.createDirectories(host().path("/dev/kvm"));

        assertTrue(only(new KvmCheck(host()).look(), "KVM").text().contains("no KVM behind it"));
    }

    @Test
    void eachVerdictIsHanded() {
        for (Verdict verdict : Verdict.values()) {
            KvmProbe probe = new KvmProbe(verdict, "because", 12, Map.of(), 1, 1);

            Finding finding = only(KvmCheck.ofProbe(probe), "KVM");

            assertEquals(verdict == Verdict.FAST ? Level.OK : Level.NOTE, finding.level());
            assertTrue(finding.text().contains("because"));
        }
    }

    @Test
    void missingCapabilitiesAreNamed() {
        KvmProbe probe = new KvmProbe(Verdict.FAST, "because", 12,
                Map.of(KvmCapability.IRQCHIP, 1, KvmCapability.X86_SMM, 0), 1, 1);

        assertEquals("API version 12, 1 of the 2 capabilities that Javisor looks at; not KVM_CAP_X86_SMM",
                KvmCheck.ofProbe(probe).getLast().text());
    }

    // ---- the rest ----

    @Test
    void cachesAreFoundOrNot() throws IOException {
        Path hotCode = root.resolve("cache/hot-code");
        List<Finding> before = new CacheCheck(hotCode, List.of("-cp", "x")).look();
        file("/cache/hot-code", "x".repeat(5000));
        Files.createDirectories(host().path("/cache/seabios"));
        file("/java.aot", "x".repeat(2048));

        List<Finding> after = new CacheCheck(hotCode, List.of("-XX:AOTCache=" + root.resolve("java.aot"))).look();

        assertTrue(only(before, "downloads").text().startsWith("none in"));
        assertEquals(Level.NOTE, only(before, "start cache").level());
        assertTrue(only(after, "downloads").text().endsWith(": seabios"));
        assertTrue(only(after, "hot code").text().startsWith("4 KiB in"));
        assertTrue(only(after, "start cache").text().startsWith("2 KiB in"));
    }

    @Test
    void missingToolsAreNamedWithTheirPackage() throws IOException {
        for (String name : List.of("apt-get", "apt-cache", "dpkg-deb", "mvn", "objdump")) {
            file("/bin/" + name, "");
            assertTrue(host().path("/bin/" + name).toFile().setExecutable(true));
        }

        List<Finding> findings = new ToolsCheck(List.of(root.resolve("none"), root.resolve("bin"))).look();

        assertEquals("apt-get, apt-cache, dpkg-deb, mvn", findings.getFirst().text());
        assertTrue(findings.stream().anyMatch(f -> f.text().startsWith("no as:") && f.advice().contains("binutils")));
    }

    @Test
    void networkAndSocketsNeedNothing() {
        List<Finding> findings = new ConnectionsCheck(host(), new RuntimeDirectory(root.resolve("javisor"))).look();

        assertEquals(Level.OK, only(findings, "network").level());
        assertTrue(only(findings, "TUN/TAP").text().contains("there is no /dev/net/tun"));
        assertEquals(Level.OK, only(findings, "kvm-stat").level());
    }

    @Test
    void javaIsRecentEnough() {
        assertEquals(Level.OK, only(new JavaCheck().look(), "Java").level());
    }
}
