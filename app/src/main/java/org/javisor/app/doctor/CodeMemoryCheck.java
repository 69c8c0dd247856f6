// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.util.List;
import org.javisor.host.CodeMapping;
import org.javisor.host.HostCode;
import org.javisor.host.HostException;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;

/// Whether the host lets this process execute code that it makes.
final class CodeMemoryCheck implements Check {
    private static final String WHAT = "code memory";
    /// lea rax, [rdi+rsi]; ret
    private static final long SUM = 0xc3_3704_8d48L;

    @Override
    public List<Finding> look() {
        if (!System.getProperty("os.arch").equals("amd64")) {
            return List.of();
        }
        try (CodeMapping mapping = CodeMapping.open(Mapping.PAGE_BYTES)) {
            HostMemory.storeLong(mapping.hva() + mapping.toWritable(), SUM);
            long sum = HostCode.function(mapping.hva()).call(40, 2);
            if (sum != 42) {
                return List.of(Finding.bad(WHAT, "40 + 2 = " + sum + " in host code", null));
            }
            boolean one = mapping.kind() == CodeMapping.Kind.ONE;
            return List.of(Finding.ok(WHAT, one ? "written and executed in one mapping"
                    : "the host lets no memory be both writable and executable: two mappings of the same"));
        } catch (HostException e) {
            return List.of(Finding.note(WHAT, "the host lets no memory be executed: guests are interpreted, ten times"
                    + " slower (" + e.getMessage() + ")",
                    "allow it: SELinux's execmem, or a memfd that may be executed (sysctl vm.memfd_noexec)"));
        }
    }
}
