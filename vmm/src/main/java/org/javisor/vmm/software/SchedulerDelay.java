// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// How long a thread has executed, and how long the host let it wait for a processor, as Linux tells in
/// `/proc/thread-self/schedstat`.
final class SchedulerDelay implements AutoCloseable {
    private static final Path FILE = Path.of("/proc/thread-self/schedstat");

    private final ByteBuffer text = ByteBuffer.allocate(64);
    private Thread owner;
    private FileChannel file;

    /// How long it waited, in nanoseconds, of the thread that asks; 0 where the host does not tell.
    long nanos() {
        return word(1);
    }

    /// As [#nanos], how long it has executed.
    long executedNanos() {
        return word(0);
    }

    private long word(int n) {
        try {
            if (owner != Thread.currentThread()) {
                close();
                file = FileChannel.open(FILE);
                owner = Thread.currentThread();
            }
            text.clear();
            int bytes = file == null ? 0 : file.read(text, 0);
            String[] words = new String(text.array(), 0, Math.max(bytes, 0), StandardCharsets.US_ASCII).split(" ");
            return words.length > 1 ? Long.parseLong(words[n]) : 0;
        } catch (IOException _) {
            return 0;
        }
    }

    @Override
    public void close() {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException _) {
            // It was only read.
        }
        file = null;
        owner = null;
    }
}
