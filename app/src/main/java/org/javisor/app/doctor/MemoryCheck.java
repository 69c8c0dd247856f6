// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// How much memory guests can have, and in what pages.
final class MemoryCheck implements Check {
    private static final String MEMORY = "memory", PAGES = "huge pages", MEMINFO = "/proc/meminfo";
    private static final long MIB = 1 << 20, KIB = 1 << 10;
    /// The default guest, and what Java has beside it.
    private static final long WANTED = 512 * MIB + 300 * MIB;
    /// Under this a control group limits; above is how the first version says that it does not.
    private static final long UNLIMITED = 1L << 60;

    private final HostFiles host;

    MemoryCheck(HostFiles host) {
        this.host = host;
    }

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        long available = kibibytes("MemAvailable"), total = kibibytes("MemTotal");
        Group group = group();
        long free = group == null ? available : Math.min(available, group.limit - group.used);
        String text = group == null ? String.format("%s of %s available, no limit by a control group",
                mebibytes(available), mebibytes(total)) : String.format("%s available: of a control group's limit of %s"
                + " %s are in use", mebibytes(free), mebibytes(group.limit), mebibytes(group.used));
        findings.add(free >= WANTED ? Finding.ok(MEMORY, text)
                : Finding.note(MEMORY, text, "give guests less than the 512 MiB they have by default: --memory"));
        addressSpace(findings);
        hugePages(findings);
        return findings;
    }

    private long kibibytes(String name) {
        String value = host.value(MEMINFO, name);
        return value == null ? 0 : Long.parseLong(value.replaceAll("[^0-9]", "")) * KIB;
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", bytes / MIB);
    }

    /// A control group that limits memory.
    private record Group(long limit, long used) { }

    /// The nearest one above this process that limits it, in either version of control groups; null if none does.
    private Group group() {
        for (String line : host.lines("/proc/self/cgroup")) {
            String[] parts = line.split(":", 3);
            boolean second = parts.length == 3 && parts[1].isEmpty();
            if (second || parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                Group found = second ? nearest("/sys/fs/cgroup", parts[2], "/memory.max", "/memory.current")
                        : nearest("/sys/fs/cgroup/memory", parts[2], "/memory.limit_in_bytes",
                                "/memory.usage_in_bytes");
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private Group nearest(String base, String group, String limitFile, String usedFile) {
        String at = group.equals("/") ? "" : group;
        while (true) {
            long limit = number(base + at + limitFile);
            if (limit >= 0 && limit < UNLIMITED) {
                return new Group(limit, Math.max(0, number(base + at + usedFile)));
            }
            if (at.isEmpty()) {
                return null;
            }
            at = at.substring(0, Math.max(0, at.lastIndexOf('/')));
        }
    }

    private long number(String file) {
        String value = host.line(file);
        return value != null && value.matches("\\d{1,18}") ? Long.parseLong(value) : -1;
    }

    private void addressSpace(List<Finding> findings) {
        for (String line : host.lines("/proc/self/limits")) {
            String[] words = line.split(" {2,}");
            if (words[0].equals("Max address space") && words.length > 1 && !words[1].equals("unlimited")) {
                findings.add(Finding.note("address space", "limited to " + mebibytes(Long.parseLong(words[1])),
                        "guest memory is reserved there in full: ulimit -v unlimited"));
            }
        }
    }

    private void hugePages(List<Finding> findings) {
        String modes = host.line("/sys/kernel/mm/transparent_hugepage/enabled");
        if (modes == null) {
            findings.add(Finding.note(PAGES, "this kernel makes none by itself", null));
        } else if (modes.contains("[never]")) {
            findings.add(Finding.note(PAGES, "switched off: guests with much memory are slower",
                    "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, as root"));
        } else {
            findings.add(Finding.ok(PAGES, "transparent: " + modes));
        }
    }
}
