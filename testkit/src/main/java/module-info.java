// SPDX-License-Identifier: Apache-2.0

/// What tests share: manual clock, probe wires, the contract of devices, the host's processor as oracle.
module org.javisor.testkit {
    requires transitive org.javisor.host;
    requires transitive org.javisor.memory;
    requires transitive org.javisor.isa;
    requires transitive org.junit.jupiter.api;
    exports org.javisor.testkit;
}
