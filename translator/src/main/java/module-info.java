// SPDX-License-Identifier: Apache-2.0

/// Guest code to host code, on x86-64 hosts.
module org.javisor.translator {
    requires org.javisor.cpu;
    provides org.javisor.cpu.BlockTranslator.Provider with org.javisor.translator.HostTranslatorProvider;
}
