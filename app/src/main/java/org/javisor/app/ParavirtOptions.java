// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.pv.GuestInterface;
import picocli.CommandLine.Option;

/// The option of `javisor run` that says as which hypervisor Javisor shows itself to guests.
final class ParavirtOptions {
    private static final String NONE = "none";

    @Option(names = "--paravirt", paramLabel = "INTERFACE", split = ",", description = "What guests are offered that"
            + " know of hypervisors: kvm (the default), hyperv, vmware (its backdoor), several of them"
            + " (hyperv,kvm), or none.")
    private List<String> names = List.of("kvm");

    Set<GuestInterface> interfaces() {
        Set<GuestInterface> interfaces = EnumSet.noneOf(GuestInterface.class);
        for (String name : names) {
            if (name.equals(NONE) && names.size() == 1) {
                return interfaces;
            }
            try {
                interfaces.add(GuestInterface.valueOf(name.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw new ConfigurationException("--paravirt " + name + ": kvm, hyperv, vmware or none is meant", e);
            }
        }
        return interfaces;
    }
}
