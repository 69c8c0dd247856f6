// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import org.javisor.cpu.CpuGroup;

/// Processors in software, on any host.
final class SoftwareEngine implements Engine {
    @Override
    public String name() {
        return "software";
    }

    @Override
    public Processors open(Vm vm) {
        return new SoftwareProcessors(vm, new CpuGroup(vm.memory()));
    }

    private record SoftwareProcessors(Vm vm, CpuGroup group) implements Processors {
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
        public void close(Vcpu vcpu) {
            ((SoftwareVcpu) vcpu).close();
        }
    }
}
