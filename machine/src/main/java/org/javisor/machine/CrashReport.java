// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.vmm.Registers;
import org.javisor.vmm.Registers.Paging;
import org.javisor.vmm.Registers.Segment;
import org.javisor.vmm.Vcpu;

/// A processor's registers as text, for a guest that came to grief.
final class CrashReport {
    private static final String[] NAMES = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10",
        "R11", "R12", "R13", "R14", "R15"};
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};

    private CrashReport() { }

    static String of(Vcpu vcpu) {
        Registers registers = vcpu.registers();
        StringBuilder text = new StringBuilder();
        text.append(String.format("  vCPU %d  CPL %d%n", vcpu.id(), registers.cpl()));
        text.append(String.format("  RIP %016x  RFLAGS %08x  CR2 %016x%n", registers.rip(), registers.rflags(),
                registers.cr2()));
        for (int n = 0; n < NAMES.length; n++) {
            text.append(String.format("  %-3s %016x%s", NAMES[n], registers.general(n), n % 4 == 3 ? "\n" : ""));
        }
        for (int n = 0; n < SEGMENTS.length; n++) {
            Segment s = registers.segment(n);
            text.append(String.format("  %-4s %04x base %016x limit %08x attributes %05x%s", SEGMENTS[n], s.selector(),
                    s.base(), s.limit(), s.attributes(), n % 2 == 1 ? "\n" : ""));
        }
        Paging paging = registers.paging();
        text.append(String.format("  CR0 %08x  CR3 %016x  CR4 %08x  EFER %04x%n", paging.cr0(), paging.cr3(),
                paging.cr4(), paging.efer()));
        return text.toString();
    }
}
