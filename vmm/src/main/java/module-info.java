// SPDX-License-Identifier: Apache-2.0

/// The hypervisor proper.
module org.javisor.vmm {
    requires transitive org.javisor.cpu;
    exports org.javisor.vmm;
    exports org.javisor.vmm.irq;
}
