// SPDX-License-Identifier: Apache-2.0

/// A PC put together.
module org.javisor.machine {
    requires transitive org.javisor.vmm;
    requires transitive org.javisor.devices;
    requires transitive org.javisor.passthrough;
    exports org.javisor.machine;
    exports org.javisor.machine.layout;
}
