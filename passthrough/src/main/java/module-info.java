// SPDX-License-Identifier: Apache-2.0

/// IOMMUs, and PCI functions that are assigned to guests.
module org.javisor.passthrough {
    requires transitive org.javisor.vmm;
    requires transitive org.javisor.devices;
    exports org.javisor.passthrough.paging;
    exports org.javisor.passthrough.vtd;
}
