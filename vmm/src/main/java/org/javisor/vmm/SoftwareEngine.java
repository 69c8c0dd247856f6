// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.Objects;
import java.util.ServiceLoader;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CpuGroup;
import org.javisor.cpu.TranslationStats;
import org.javisor.cpu.TranslatorConfig;

/// Processors in software, on any host.
final class SoftwareEngine implements Engine {
    @Override
    public String name() {
        return "software";
    }

    @Override
    public Processors open(Vm vm) {
        CpuGroup group = new CpuGroup(vm.memory());
        BlockTranslator translator = null;
        Execution execution = vm.config().execution();
        if (execution != Execution.INTERPRETER) {
            translator = translator(vm.config().translator());
            if (translator == null) {
                vm.config().reports().accept("this host cannot run translated code: all code is interpreted");
            } else {
                group.translator(translator, execution == Execution.CHECK);
                group.translateAt(vm.config().translator().translateAt());
            }
        }
        return new SoftwareProcessors(vm, group, translator);
    }

    private static BlockTranslator translator(TranslatorConfig config) {
        return ServiceLoader.load(BlockTranslator.Provider.class, SoftwareEngine.class.getClassLoader()).stream()
                .map(provider -> provider.get().create(config)).filter(Objects::nonNull).findFirst()
                .orElse(null);
    }

    /// @param translator null if there is none
    private record SoftwareProcessors(Vm vm, CpuGroup group, BlockTranslator translator) implements Processors {
        @Override
        public Vcpu create(int id) {
            return new SoftwareVcpu(vm, id, group);
        }

        @Override
        public void hurry(Vcpu vcpu) {
            ((SoftwareVcpu) vcpu).hurry();
        }

        @Override
        public void maskA20(Vcpu vcpu, boolean masked) {
            ((SoftwareVcpu) vcpu).maskA20(masked);
        }

        @Override
        public void reset(Vcpu vcpu) {
            ((SoftwareVcpu) vcpu).reset();
        }

        @Override
        public void countInstructions() {
            group.countInstructions();
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
            if (translator != null) {
                translator.close();
            }
        }
    }
}
