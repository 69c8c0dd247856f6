// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.Set;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuGroup;
import org.javisor.cpu.TranslationStats;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Capability;
import org.javisor.vmm.Execution;
import org.javisor.vmm.MsrFilter;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.engine.Engine;
import org.javisor.vmm.engine.EngineVm;
import org.javisor.vmm.engine.PolledEventWiring;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.stats.Statistic;
import org.javisor.vmm.stats.Statistics;

/// Processors in software, on any host.
final class SoftwareEngine implements Engine {
    @Override
    public String name() {
        return "software";
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.complementOf(EnumSet.of(Capability.NESTED_STATE, Capability.KERNEL_IRQCHIP));
    }

    @Override
    public Processors open(EngineVm vm) {
        CpuGroup group = new CpuGroup(vm.memory());
        BlockTranslator translator = null;
        if (vm.config().caps().busLockExits()) {
            group.busLocksLeave();
        }
        Execution execution = vm.config().execution();
        if (execution == Execution.KVM) {
            throw new ConfigurationException("engine software does not execute guest code by KVM: open engine kvm");
        }
        if (execution != Execution.INTERPRETER) {
            translator = translator(vm.config());
        }
        if (translator != null) {
            group.translator(translator, execution == Execution.CHECK);
            group.translateAt(vm.config().translator().translateAt());
            group.hotCode(vm.config().translator().hotCode());
            group.keptCode(vm.config().translator().keptCode());
            if (vm.config().translator().counted()) {
                group.countInstructions();
            }
        }
        Paravirt paravirt = vm.config().chips() ? new Paravirt(vm, group) : null;
        PollRoom room = new PollRoom(Runtime.getRuntime().availableProcessors());
        return new SoftwareProcessors(vm, group, translator, paravirt, room, new PolledEventWiring(vm),
                new CounterWrites());
    }

    static BlockTranslator translator(VmConfig config) {
        List<String> reasons = new ArrayList<>();
        BlockTranslator translator = ServiceLoader
                .load(BlockTranslator.Provider.class, SoftwareEngine.class.getClassLoader()).stream()
                .map(provider -> provider.get().create(config.translator(), reasons::add)).filter(Objects::nonNull)
                .findFirst().orElse(null);
        if (translator == null) {
            String why = reasons.isEmpty() ? "there is no translator" : String.join("; ", reasons);
            if (config.execution() != Execution.AUTO) {
                throw new ConfigurationException("guest code cannot be translated: " + why);
            }
            config.reports().accept("guest code is interpreted, which is slower: " + why);
        }
        return translator;
    }

    /// @param translator null if there is none
    /// @param paravirt   null in a bare machine
    private record SoftwareProcessors(EngineVm vm, CpuGroup group, BlockTranslator translator, Paravirt paravirt,
            PollRoom room, PolledEventWiring eventWiring, CounterWrites written) implements Processors {
        @Override
        public Vcpu create(int id) {
            return new SoftwareVcpu(vm, id, group, paravirt, room, written);
        }

        @Override
        public void hurry(Vcpu vcpu) {
            ((SoftwareVcpu) vcpu).hurry();
        }

        @Override
        public long clock(long nanos) {
            return paravirt == null ? nanos : paravirt.guestNanos(nanos);
        }

        @Override
        public void setClock(long nanos) {
            if (paravirt != null) {
                paravirt.setGuestNanos(nanos);
                vm.vcpus().forEach(vcpu -> ((SoftwareVcpu) vcpu).clockChanged());
            }
        }

        @Override
        public HvPartition hyperv() {
            return paravirt == null ? null : paravirt.hyperv();
        }

        @Override
        public void reset() {
            written.reset();
            if (paravirt != null) {
                paravirt.reset();
            }
        }

        @Override
        public void maskA20(Vcpu vcpu, boolean masked) {
            ((SoftwareVcpu) vcpu).maskA20(masked);
        }

        /// Processors ask the machine.
        @Override
        public void msrFilter(MsrFilter filter) { }

        @Override
        public void reset(Vcpu vcpu) {
            ((SoftwareVcpu) vcpu).reset();
        }

        @Override
        public void countInstructions() {
            group.countInstructions();
        }

        @Override
        public String listing(long from, long to) {
            return group.listing(from, to);
        }

        @Override
        public void describe(Statistics.Builder statistics) {
            TranslationStats translated = group.translationStats();
            if (translated != null) {
                statistics.counter("translations", translated.translations())
                        .nanoseconds("translation_ns", translated.nanos())
                        .counter("translations_dropped", translated.dropped() + translated.evicted())
                        .add(Statistic.instant("code_cache_bytes", Statistic.Unit.BYTES), translated.cacheBytes());
            }
        }

        @Override
        public TranslationStats translationStats() {
            return group.translationStats();
        }

        @Override
        public void close(Vcpu vcpu) {
            ((SoftwareVcpu) vcpu).close();
        }

        @Override
        public void close() {
            eventWiring.close();
            if (translator != null) {
                group.endTranslating();
                translator.close();
            }
        }
    }
}
