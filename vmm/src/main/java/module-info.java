// SPDX-License-Identifier: Apache-2.0

/// The hypervisor proper.
module org.javisor.vmm {
    requires transitive org.javisor.cpu;
    uses org.javisor.cpu.BlockTranslator.Provider;
    uses org.javisor.vmm.Hypervisor.Provider;
    provides org.javisor.vmm.Hypervisor.Provider
            with org.javisor.vmm.kvm.KvmProvider, org.javisor.vmm.software.SoftwareProvider;
    exports org.javisor.vmm;
    exports org.javisor.vmm.events;
    exports org.javisor.vmm.irq;
    exports org.javisor.vmm.kvm;
    exports org.javisor.vmm.pv;
    exports org.javisor.vmm.software;
    exports org.javisor.vmm.stats;
}
