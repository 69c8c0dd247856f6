// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.PrintWriter;
import java.util.function.Consumer;

/// Says on standard error what is being waited for.
record Progress(PrintWriter err) implements Consumer<String> {
    @Override
    public void accept(String what) {
        err.println("javisor: " + what + "...");
        err.flush();
    }
}
