// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuidModel;
import org.javisor.vmm.pv.KvmLeaves;

/// What a processor of KVM's answers to CPUID: the features that the machine's configuration offers and the host can
/// do. What they are called, and how they behave in ways that no feature bit tells, is the host's: its vendor and
/// model, caches, the layout of XSAVE's area, how long addresses are. Which of several processors this one is, is ours.
final class KvmCpuid {
    private static final int FIRST_HYPERVISOR_LEAF = 0x4000_0000, LAST_HYPERVISOR_LEAF = 0x4000_ffff;
    /// How much later KVM's leaves begin.
    private static final int BEHIND = 0x100;
    private static final int APIC_ID_SHIFT = 24, LOGICAL_PROCESSORS_SHIFT = 16, HTT = 1 << 28;
    private static final int CORES_SHIFT = 26, CORES = 0x3f << CORES_SHIFT, SHARING_SHIFT = 14,
            SHARING = 0xfff << SHARING_SHIFT;
    private static final int LAST_PRIVATE_CACHE_LEVEL = 2;

    private final CpuidTable supported;
    private final CpuidModel wanted;
    private final boolean chips;
    private final boolean kvmInterface;
    private final boolean hypercallExits;

    /// @param chips        whether processors have local APICs
    /// @param kvmInterface whether guests are told of KVM's
    /// @param hypercallExits whether of calls for ranges of pages too, which the machine's owner answers
    KvmCpuid(CpuidTable supported, CpuidModel wanted, boolean chips, boolean kvmInterface, boolean hypercallExits) {
        this.supported = supported;
        this.wanted = wanted;
        this.chips = chips;
        this.kvmInterface = kvmInterface;
        this.hypercallExits = hypercallExits;
    }

    /// What processor `id` answers.
    CpuidTable of(int id) {
        return of(id, List.of());
    }

    /// As [#of(int)], of a machine whose guest is offered another hypervisor's interface: that comes first.
    CpuidTable of(int id, List<CpuidTable.Entry> another) {
        List<CpuidTable.Entry> entries = new ArrayList<>(another);
        for (CpuidTable.Entry entry : supported.entries()) {
            CpuidTable.Entry answer = answer(entry, id);
            if (answer != null) {
                entries.add(another.isEmpty() ? answer : behind(answer));
            }
        }
        return new CpuidTable(entries);
    }

    /// KVM's leaves where guests look for them behind another's.
    private static CpuidTable.Entry behind(CpuidTable.Entry entry) {
        int leaf = entry.function();
        if (leaf < FIRST_HYPERVISOR_LEAF || leaf > LAST_HYPERVISOR_LEAF) {
            return entry;
        }
        // Older kernels do not say which leaf is the last.
        boolean first = leaf == FIRST_HYPERVISOR_LEAF && entry.eax() != 0;
        return new CpuidTable.Entry(leaf + BEHIND, entry.index(), entry.flags(),
                first ? entry.eax() + BEHIND : entry.eax(), entry.ebx(), entry.ecx(), entry.edx());
    }

    private CpuidTable.Entry answer(CpuidTable.Entry host, int id) {
        int leaf = host.function();
        if (leaf >= FIRST_HYPERVISOR_LEAF && leaf <= LAST_HYPERVISOR_LEAF) {
            return kvmInterface ? hypervisor(host) : null;
        }
        return switch (leaf) {
            case 1 -> processor(masked(host), id);
            case 4 -> cache(host);
            // Performance counters are not offered.
            case 0xa -> host.with(0, 0, 0, 0);
            case 0xb, 0x1f -> topology(host, id);
            case 0xd -> extendedState(host);
            // The extended APIC id of AMD's processors, with a topology that is not ours.
            case 0x8000_001e -> null;
            default -> masked(host);
        };
    }

    private CpuidTable.Entry hypervisor(CpuidTable.Entry host) {
        return host.function() == FIRST_HYPERVISOR_LEAF + 1 && hypercallExits
                ? host.with(host.eax() | KvmLeaves.MAP_GPA_RANGE, host.ebx(), host.ecx(), host.edx()) : host;
    }

    /// Leaves out the features that are not offered, in leaves that tell of features.
    private CpuidTable.Entry masked(CpuidTable.Entry host) {
        int leaf = host.function();
        int subleaf = (host.flags() & CpuidTable.SIGNIFICANT_INDEX) != 0 ? host.index() : 0;
        if (!CpuidModel.tellsOfFeatures(leaf, subleaf)) {
            return host;
        }
        // EAX of leaf 7 tells how many there are, that of leaf 1 the model; EBX of leaf 1 the processor.
        boolean eaxTells = leaf == 7 && subleaf == 0 || leaf == 1 || leaf == 0x8000_0001;
        return host.with(eaxTells ? host.eax() : host.eax() & wanted.featureBits(leaf, subleaf, 0),
                leaf == 1 ? host.ebx() : host.ebx() & wanted.featureBits(leaf, subleaf, 1),
                host.ecx() & wanted.featureBits(leaf, subleaf, 2), host.edx() & wanted.featureBits(leaf, subleaf, 3));
    }

    private CpuidTable.Entry processor(CpuidTable.Entry host, int id) {
        int ecx = host.ecx();
        if (wanted.has(CpuFeature.HYPERVISOR)) {
            ecx |= wanted.featureBits(1, 0, 2) & bit(CpuFeature.HYPERVISOR);
        }
        // KVM has this with its own APIC only, and says so by a capability.
        if (chips && wanted.has(CpuFeature.TSC_DEADLINE)) {
            ecx |= bit(CpuFeature.TSC_DEADLINE);
        }
        int ebx = host.ebx() & 0xffff | id << APIC_ID_SHIFT | 1 << coreIdBits() << LOGICAL_PROCESSORS_SHIFT;
        return host.with(host.eax(), ebx, ecx, wanted.cpus() > 1 ? host.edx() | HTT : host.edx() & ~HTT);
    }

    private static int bit(CpuFeature feature) {
        return feature == CpuFeature.HYPERVISOR ? 1 << 31 : 1 << 24;
    }

    /// Leaf 4: the levels that the host's cores have for themselves a guest's have too.
    private CpuidTable.Entry cache(CpuidTable.Entry host) {
        if ((host.eax() & 0x1f) == 0) {
            return host;
        }
        int level = host.eax() >> 5 & 7;
        int sharing = level <= LAST_PRIVATE_CACHE_LEVEL ? 0 : (1 << coreIdBits()) - 1;
        int eax = host.eax() & ~(CORES | SHARING) | sharing << SHARING_SHIFT
                | (1 << Math.min(coreIdBits(), 6)) - 1 << CORES_SHIFT;
        return host.with(eax, host.ebx(), host.ecx(), host.edx());
    }

    /// Leaves 0xB and 0x1F: one thread a core, all cores in one package.
    private CpuidTable.Entry topology(CpuidTable.Entry host, int id) {
        return switch (host.index()) {
            case 0 -> host.with(0, 1, 1 << 8, id);
            case 1 -> host.with(coreIdBits(), wanted.cpus(), 2 << 8 | 1, id);
            default -> host.with(0, 0, host.index() & 0xff, id);
        };
    }

    private CpuidTable.Entry extendedState(CpuidTable.Entry host) {
        long offered = wanted.has(CpuFeature.XSAVE) ? wanted.xcr0Supported() : 0;
        return switch (host.index()) {
            case 0 -> host.with(host.eax() & (int) offered, host.ebx(), host.ecx(),
                    host.edx() & (int) (offered >>> 32));
            // No state of supervisors is offered.
            case 1 -> host.with(host.eax() & wanted.featureBits(0xd, 1, 0), host.ebx(), 0, 0);
            default -> (offered & 1L << host.index()) != 0 ? host : null;
        };
    }

    /// How many low bits of an APIC id name the core in its package.
    private int coreIdBits() {
        return Integer.SIZE - Integer.numberOfLeadingZeros(wanted.cpus() - 1);
    }
}
