// SPDX-License-Identifier: Apache-2.0

/// The processor in software.
module org.javisor.cpu {
    requires transitive org.javisor.host;
    requires transitive org.javisor.memory;
    requires transitive org.javisor.isa;
    requires transitive jdk.jfr;
    exports org.javisor.cpu;
    exports org.javisor.cpu.events;
}
