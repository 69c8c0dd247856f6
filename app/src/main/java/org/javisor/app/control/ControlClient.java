// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.javisor.app.control.RuntimeDirectory.Entry;
import org.javisor.memory.ConfigurationException;

/// Asks a machine in another process.
final class ControlClient implements AutoCloseable {
    private final Entry entry;
    private final SocketChannel channel;
    private final BufferedReader answers;

    private ControlClient(Entry entry, SocketChannel channel) {
        this.entry = entry;
        this.channel = channel;
        this.answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.US_ASCII));
    }

    /// Those of the directory's machines that run; forgets sockets of processes that were killed.
    static List<Entry> running(RuntimeDirectory directory) {
        List<Entry> running = new ArrayList<>();
        for (Entry entry : directory.entries()) {
            try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(entry.socket()))) {
                running.add(entry);
            } catch (IOException _) {
                forget(entry);
            }
        }
        return running;
    }

    private static void forget(Entry entry) {
        try {
            Files.deleteIfExists(entry.socket());
        } catch (IOException _) {
            // It stays, and is as dead.
        }
    }

    /// @throws ConfigurationException if it cannot be reached
    static ControlClient connect(Entry entry) {
        try {
            return new ControlClient(entry, SocketChannel.open(UnixDomainSocketAddress.of(entry.socket())));
        } catch (IOException e) {
            throw new ConfigurationException("the machine of process " + entry + " does not answer: " + e.getMessage(),
                    e);
        }
    }

    Entry entry() {
        return entry;
    }

    /// What the machine's counters are now; null when it has ended.
    ///
    /// @throws ConfigurationException if the answer is not understood
    MachineReading read() {
        List<String> lines = new ArrayList<>();
        try {
            channel.write(ByteBuffer.wrap((ControlServer.STATISTICS + "\n").getBytes(StandardCharsets.US_ASCII)));
            String line = answers.readLine();
            while (line != null && !line.isEmpty()) {
                lines.add(line);
                line = answers.readLine();
            }
            return line == null ? null : ReadingText.parse(lines);
        } catch (IOException _) {
            return null;
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("process " + entry + " is of another version of Javisor: "
                    + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException _) {
            // It was only asked.
        }
    }
}
