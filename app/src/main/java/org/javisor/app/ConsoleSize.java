// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.javisor.machine.MachineConfig.SerialOutput;

/// Tells the guest's agent how large the person's terminal is: when the agent says that it listens, and at every change
/// from then on. What is sent before a guest opens its serial port is lost.
final class ConsoleSize implements SerialOutput {
    private static final String READY = "ready\n";

    private final StringBuilder heard = new StringBuilder();
    private Consumer<byte[]> toGuest = _ -> { };
    private boolean ready;
    private String size;

    /// @param sender sends bytes to the agent's port
    synchronized void connect(Consumer<byte[]> sender) {
        toGuest = sender;
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        synchronized (this) {
            heard.append(new String(bytes, from, count, StandardCharsets.US_ASCII));
            if (heard.indexOf(READY) >= 0) {
                ready = true;
            }
            if (heard.length() > READY.length()) {
                heard.delete(0, heard.length() - READY.length());
            }
        }
        send();
    }

    void resized(int rows, int columns) {
        synchronized (this) {
            size = "size " + rows + " " + columns + "\n";
        }
        send();
    }

    private void send() {
        byte[] message;
        Consumer<byte[]> sender;
        synchronized (this) {
            if (!ready || size == null) {
                return;
            }
            message = size.getBytes(StandardCharsets.US_ASCII);
            size = null;
            sender = toGuest;
        }
        sender.accept(message);
    }
}
