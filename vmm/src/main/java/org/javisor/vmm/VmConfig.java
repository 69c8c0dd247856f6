// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuidModel;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.memory.Clock;
import org.javisor.vmm.pv.GuestInterface;

/// How a [Vm] is built. Immutable: each `with` method gives another.
///
/// @param cpuid            what the processors are and how many there can be
/// @param irqchip          which interrupt chips the machine has
/// @param exitsOnUnclaimed whether accesses that nothing claims leave [Vcpu#run]; if not, they read as all-ones
/// @param clock            the machine's time, or null for the host's, starting at zero
/// @param reports          told in a line, once for each, of things a guest did that the hypervisor cannot do; on the
///     vCPU's thread
/// @param execution        how guest code is executed
/// @param translator       how the translator is to work, where there is one
/// @param interfaces       what the guest is offered to make its life with a hypervisor easier
/// @param caps             what is switched on that is off otherwise
/// @param pit              whether a PIT, with port 0x61, is among the chips of [Irqchip#FULL] and [Irqchip#KERNEL]
public record VmConfig(CpuidModel cpuid, Irqchip irqchip, boolean exitsOnUnclaimed, Clock clock,
        Consumer<String> reports, Execution execution, TranslatorConfig translator,
        Set<GuestInterface> interfaces, EnabledCaps caps, boolean pit) {
    /// One bare processor: no chips, and everything it does to its surroundings is an exit.
    public static final VmConfig BARE =
            new VmConfig(CpuidModel.builder().without(CpuFeature.APIC).build(), Irqchip.NONE, true, null, _ -> { },
                    Execution.AUTO, TranslatorConfig.DEFAULT, Set.of(), EnabledCaps.NONE, true);

    public VmConfig {
        Objects.requireNonNull(cpuid, "cpuid");
        interfaces = Set.copyOf(interfaces);
    }

    /// Whether there are local APICs.
    public boolean chips() {
        return irqchip != Irqchip.NONE;
    }

    /// A PC of `cpus` processors with interrupt chips, where accesses that nothing claims do not exit.
    public static VmConfig pc(int cpus) {
        return new VmConfig(CpuidModel.builder().cpus(cpus).build(), Irqchip.FULL, false, null, _ -> { },
                Execution.AUTO, TranslatorConfig.DEFAULT, Set.of(), EnabledCaps.NONE, true);
    }

    public VmConfig withCpuid(CpuidModel other) {
        return new VmConfig(other, irqchip, exitsOnUnclaimed, clock, reports, execution, translator, interfaces, caps,
                pit);
    }

    public VmConfig withIrqchip(Irqchip other) {
        return new VmConfig(cpuid, other, exitsOnUnclaimed, clock, reports, execution, translator, interfaces, caps,
                pit);
    }

    public VmConfig withExitsOnUnclaimed(boolean other) {
        return new VmConfig(cpuid, irqchip, other, clock, reports, execution, translator, interfaces, caps, pit);
    }

    public VmConfig withReports(Consumer<String> other) {
        return new VmConfig(cpuid, irqchip, exitsOnUnclaimed, clock, other, execution, translator, interfaces, caps,
                pit);
    }

    public VmConfig withClock(Clock other) {
        return new VmConfig(cpuid, irqchip, exitsOnUnclaimed, other, reports, execution, translator, interfaces, caps,
                pit);
    }

    public VmConfig withExecution(Execution other) {
        return new VmConfig(cpuid, irqchip, exitsOnUnclaimed, clock, reports, other, translator, interfaces, caps, pit);
    }

    public VmConfig withTranslator(TranslatorConfig other) {
        return new VmConfig(cpuid, irqchip, exitsOnUnclaimed, clock, reports, execution, other, interfaces, caps, pit);
    }

    public VmConfig withInterfaces(Set<GuestInterface> other) {
        return new VmConfig(cpuid, irqchip, exitsOnUnclaimed, clock, reports, execution, translator, other, caps, pit);
    }

    public VmConfig withCaps(EnabledCaps other) {
        return new VmConfig(cpuid, irqchip, exitsOnUnclaimed, clock, reports, execution, translator, interfaces, other,
                pit);
    }

    /// Leaves out the PIT, which guests that know of better timers do without: as a machine of KVM's for which
    /// `KVM_CREATE_PIT2` is not called.
    public VmConfig withoutPit() {
        return new VmConfig(cpuid, irqchip, exitsOnUnclaimed, clock, reports, execution, translator, interfaces, caps,
                false);
    }
}
