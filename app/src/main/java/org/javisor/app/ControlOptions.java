// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.function.Consumer;
import org.javisor.app.control.ControlServer;
import org.javisor.app.control.RuntimeDirectory;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.Vm;
import picocli.CommandLine.Option;

/// The options of `javisor run` about other processes that ask what the machine does.
final class ControlOptions {
    /// A process id is a name already.
    private static final String NAME = "[A-Za-z0-9._-]{0,31}[A-Za-z._-][A-Za-z0-9._-]{0,31}";

    @Option(names = "--name", paramLabel = "NAME", description = "What javisor kvm-stat is to call this machine.")
    private String name;

    @Option(names = "--no-control", description = "Make no socket by which javisor kvm-stat finds this machine.")
    private boolean none;

    /// @return null if that is not wanted
    ControlServer listen(Vm vm, Consumer<String> reports) {
        if (name != null && !name.matches(NAME)) {
            throw new ConfigurationException("--name " + name
                    + ": letters, digits and ._- are meant, 63 at most, and not digits alone");
        }
        return none ? null : ControlServer.listen(vm, RuntimeDirectory.of(System.getenv()), name, reports);
    }
}
