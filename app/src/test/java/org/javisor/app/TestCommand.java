// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import picocli.CommandLine;

/// The whole command, for tests in other packages.
public final class TestCommand {
    private TestCommand() { }

    public static CommandLine commandLine() {
        return Main.commandLine();
    }
}
