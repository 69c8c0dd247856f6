// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.nio.charset.StandardCharsets;
import org.javisor.machine.Machine;

/// A conversation over a guest's first serial port: waits for what it says, and types.
final class SerialTalk {
    private final StringBuilder said = new StringBuilder();
    private int heard;

    /// What the machine's builder gets for the port.
    synchronized void write(byte[] bytes, int from, int count) {
        said.append(new String(bytes, from, count, StandardCharsets.ISO_8859_1));
        notifyAll();
    }

    /// Waits until the guest has said this, after what was waited for before.
    ///
    /// @return everything up to there
    synchronized String expect(String text, int seconds) throws InterruptedException {
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        while (said.indexOf(text, heard) < 0) {
            long left = (until - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("not said within " + seconds + " s: " + text + "\n"
                        + said.substring(Math.max(heard, said.length() - 4000)));
            }
            wait(left);
        }
        int from = heard;
        heard = said.indexOf(text, heard) + text.length();
        return said.substring(from, heard);
    }

    /// Does not wait for what has been said so far.
    synchronized void forget() {
        heard = said.length();
    }

    static void type(Machine machine, String text) throws InterruptedException {
        machine.send(0, text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
