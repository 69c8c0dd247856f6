// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javisor.machine.MachineConfig.SerialOutput;

/// Reads what the guest's agent reports: one line, `exit STATUS`.
final class CommandResult implements SerialOutput {
    private static final Pattern REPORT = Pattern.compile("(?m)^exit (\\d{1,3})\\r?$");
    /// More than this without a report is not the agent talking.
    private static final int MOST_BYTES = 256;

    private final StringBuilder received = new StringBuilder();
    private Runnable then = () -> { };
    private int status = -1;

    @Override
    public void write(byte[] bytes, int from, int count) {
        Runnable tell = null;
        synchronized (this) {
            received.append(new String(bytes, from, count, StandardCharsets.US_ASCII));
            Matcher report = REPORT.matcher(received);
            if (status < 0 && received.indexOf("\n") >= 0 && report.find()) {
                status = Integer.parseInt(report.group(1)) & 0xff;
                tell = then;
            } else if (received.length() > MOST_BYTES) {
                received.setLength(0);
            }
        }
        if (tell != null) {
            tell.run();
        }
    }

    /// @param action run once, when the status arrives
    synchronized void whenKnown(Runnable action) {
        then = action;
    }

    synchronized boolean known() {
        return status >= 0;
    }

    /// 0 to 255.
    synchronized int status() {
        return status;
    }
}
