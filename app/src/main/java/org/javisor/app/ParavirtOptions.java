// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.javisor.machine.ProcessorOptions;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.pv.GuestInterface;
import picocli.CommandLine.Option;

/// The options of `javisor run` that say as which hypervisor Javisor shows itself to guests, and how it waits for them.
final class ParavirtOptions {
    private static final String NONE = "none";

    @Option(names = "--paravirt", paramLabel = "INTERFACE", split = ",", description = "What guests are offered that"
            + " know of hypervisors: kvm (the default), hyperv, vmware (its backdoor), several of them"
            + " (hyperv,kvm), or none.")
    private List<String> names = List.of("kvm");

    @Option(names = "--halt-poll", paramLabel = "MICROSECONDS", description = "How long at most the thread of a halted"
            + " processor looks for work before it sleeps (0: not at all, the default). Wakes processors sooner where"
            + " the host has some to spare; a guest may forbid it.")
    private int haltPoll;

    ProcessorOptions processor() {
        return ProcessorOptions.DEFAULT.withHaltPoll(1_000L * haltPoll);
    }

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
