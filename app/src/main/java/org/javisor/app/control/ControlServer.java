// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.javisor.vmm.Vm;

/// Answers other `javisor` processes about the machine that runs in this one.
///
/// A client sends a word in a line; the answer is lines, and an empty one. `statistics` is the only word. Nothing that
/// a client can ask changes the machine, and none waits for it.
public final class ControlServer implements AutoCloseable {
    static final String STATISTICS = "statistics";
    /// More than anybody who looks has; a client beyond them is turned away.
    private static final int MOST_CLIENTS = 16;
    private static final int LONGEST_REQUEST = 64;

    private final Vm vm;
    private final RuntimeDirectory directory;
    private final String name;
    private final Consumer<String> reports;
    private final long started = System.nanoTime();
    private final Set<SocketChannel> clients = ConcurrentHashMap.newKeySet();
    private ServerSocketChannel listening;
    private Path socket;
    private boolean closed;

    private ControlServer(Vm vm, RuntimeDirectory directory, String name, Consumer<String> reports) {
        this.vm = vm;
        this.directory = directory;
        this.name = name;
        this.reports = reports;
    }

    /// Starts to listen, soon: whoever starts a machine does not wait for it.
    ///
    /// @param name that the person gave the machine, or null
    public static ControlServer listen(Vm vm, RuntimeDirectory directory, String name, Consumer<String> reports) {
        ControlServer server = new ControlServer(vm, directory, name, reports);
        Thread.ofPlatform().name("javisor-control").daemon().start(server::serve);
        return server;
    }

    private void serve() {
        try (ServerSocketChannel channel = open()) {
            while (channel != null) {
                SocketChannel client = channel.accept();
                if (clients.size() >= MOST_CLIENTS) {
                    client.close();
                } else {
                    clients.add(client);
                    Thread.ofPlatform().name("javisor-control-client").daemon().start(() -> serve(client));
                }
            }
        } catch (IOException | RuntimeException e) {
            if (!isClosed()) {
                reports.accept("kvm-stat will not find this machine: " + e.getMessage());
            }
        }
    }

    /// @return null if the machine has ended already
    private synchronized ServerSocketChannel open() throws IOException {
        if (closed) {
            return null;
        }
        socket = directory.socket(name);
        // A client that finds a socket at which nobody listens yet would take it for that of a killed process.
        Path draft = socket.resolveSibling(ProcessHandle.current().pid() + ".draft");
        Files.deleteIfExists(draft);
        listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listening.bind(UnixDomainSocketAddress.of(draft));
        Files.move(draft, socket, StandardCopyOption.ATOMIC_MOVE);
        return listening;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private void serve(SocketChannel client) {
        try (client; BufferedReader requests = new BufferedReader(
                Channels.newReader(client, StandardCharsets.US_ASCII), LONGEST_REQUEST)) {
            String request = requests.readLine();
            while (request != null && request.length() <= LONGEST_REQUEST) {
                List<String> answer = request.equals(STATISTICS)
                        ? ReadingText.lines(MachineReading.of(vm, System.nanoTime() - started))
                        : List.of("error there is nothing called " + request);
                ByteBuffer bytes = StandardCharsets.US_ASCII.encode(String.join("\n", answer) + "\n\n");
                while (bytes.hasRemaining()) {
                    client.write(bytes);
                }
                request = requests.readLine();
            }
        } catch (IOException _) {
            // The client has gone, or we are closing.
        } finally {
            clients.remove(client);
        }
    }

    /// Lets go of all clients.
    @Override
    public synchronized void close() {
        closed = true;
        try {
            if (listening != null) {
                listening.close();
                Files.deleteIfExists(socket);
            }
            for (SocketChannel client : clients) {
                client.close();
            }
        } catch (IOException e) {
            reports.accept(socket + ": " + e.getMessage());
        }
    }
}
