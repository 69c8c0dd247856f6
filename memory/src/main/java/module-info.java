// SPDX-License-Identifier: Apache-2.0

/// Guest-physical memory, the I/O bus, and the few interfaces that processors and devices share.
module org.javisor.memory {
    requires transitive org.javisor.host;
    exports org.javisor.memory;
}
