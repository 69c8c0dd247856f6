// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.Locale;
import java.util.Set;
import org.javisor.isa.Feature;
import org.javisor.isa.OpcodeRow;
import org.javisor.isa.OpcodeRow.Attribute;
import org.javisor.isa.OperandSpec;

/// Which rows the host's processor cannot be asked about from user mode, and why.
final class OracleExclusions {
    private static final Set<OperandSpec> LOADED = Set.of(OperandSpec.Sw, OperandSpec.ES, OperandSpec.SS,
            OperandSpec.DS, OperandSpec.FS, OperandSpec.GS);

    private final CpuidModel ours;
    private final Set<String> host;

    OracleExclusions(CpuidModel ours, Set<String> hostFeatures) {
        this.ours = ours;
        this.host = hostFeatures;
    }

    /// The reason, or null if the row can be compared.
    String reason(OpcodeRow row, int codeBits) {
        if (row.has(codeBits == 64 ? Attribute.NOT_64 : Attribute.ONLY_64)) {
            return "not in " + codeBits + "-bit code";
        }
        if (row.has(Attribute.PRIVILEGED)) {
            return "privileged";
        }
        if (!ours.has(row.feature())) {
            return "our processor does not announce " + row.feature();
        }
        if (!host.contains(linuxName(row.feature()))) {
            return "the host lacks " + row.feature();
        }
        return reasonOfMnemonic(row);
    }

    private static String reasonOfMnemonic(OpcodeRow row) {
        return switch (row.mnemonic()) {
            case CLI, STI, IN, OUT, INS, OUTS -> "needs I/O privilege";
            case RDTSC, RDTSCP, RDRAND, RDSEED, RDPMC -> "its result differs each time";
            case RDSSP, INCSSP, SAVEPREVSSP, RSTORSSP, WRSS, WRUSS, SETSSBSY, CLRSSBSY ->
                    "depends on the host's shadow stack";
            case RDPKRU, WRPKRU -> "need CR4.PKE, which the host's system decides about";
            case CPUID, RDPID, XGETBV -> "its result is the processor's own";
            case SGDT, SIDT, SLDT, STR, SMSW, LAR, LSL, VERR, VERW -> "shows the host's descriptors";
            case LES, LDS, LSS, LFS, LGS -> "loads a selector";
            case RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE -> "the bases are the host's thread's";
            case SYSCALL, SYSENTER, INT, INT1, INT3, IRET, CALL_FAR, JMP_FAR, RET_FAR, VMCALL, VMMCALL, RSM ->
                    "leaves for other code";
            case UD0, UD1, UD2 -> "always faults";
            case XSAVEOPT -> "leaves out what the host knows to be saved";
            case POP, MOV_SEG -> LOADED.contains(row.operands().getFirst()) ? "loads a selector" : null;
            case HINT_NOP -> row.opcode() == 0x0d ? "a hint on some processors, undefined on others" : null;
            default -> null;
        };
    }

    /// The feature's name in /proc/cpuinfo.
    private static String linuxName(Feature feature) {
        return switch (feature) {
            case BASE -> "lm";
            case SSE3 -> "pni";
            case LZCNT -> "abm";
            case SHA -> "sha_ni";
            case PREFETCHW -> "3dnowprefetch";
            case LAHF64 -> "lahf_lm";
            case FSGSBASE -> "fsgsbase";
            case SYSENTER -> "sep";
            case LONG_MODE -> "lm";
            default -> feature.name().toLowerCase(Locale.ROOT);
        };
    }
}
