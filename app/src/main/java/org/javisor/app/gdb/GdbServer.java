// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.javisor.machine.Machine;
import org.javisor.memory.ConfigurationException;

/// Waits for gdb, serves one client after the other.
///
/// A client can do with the guest, and through its devices with the host, what Javisor can: the server listens on the
/// loopback interface, unless told another, or on a socket in the file system, with its permissions.
public final class GdbServer implements AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1";
    /// How long a client may take to hear that it is over.
    private static final int PATIENCE_MILLIS = 1_000;

    private final Machine machine;
    private final ServerSocketChannel listening;
    private final Path socketFile;
    private final Consumer<String> reports;
    private final Thread thread;
    /// The machine is paused until a client has it run.
    private boolean waits;
    private volatile GdbSession session;
    private volatile boolean closed;

    private GdbServer(Machine machine, ServerSocketChannel listening, Path socketFile, boolean waits,
            Consumer<String> reports) {
        this.waits = waits;
        this.machine = machine;
        this.listening = listening;
        this.socketFile = socketFile;
        this.reports = reports;
        this.thread = Thread.ofPlatform().name("javisor-gdb").daemon().unstarted(this::serve);
    }

    /// Starts to listen.
    ///
    /// @param where PORT, HOST:PORT, or the path of a socket; port 0 takes a free one
    /// @param waits pauses the machine, which does not run yet, until a client has it run
    /// @throws ConfigurationException if that is impossible
    public static GdbServer listen(Machine machine, String where, boolean waits, Consumer<String> reports) {
        boolean path = where.contains("/");
        try {
            ServerSocketChannel channel = path ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                    : ServerSocketChannel.open();
            channel.bind(path ? UnixDomainSocketAddress.of(where) : address(where), 1);
            GdbServer server = new GdbServer(machine, channel, path ? Path.of(where) : null, waits, reports);
            if (waits) {
                machine.vm().pause();
            }
            server.thread.start();
            return server;
        } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
            throw new ConfigurationException("--gdb " + where + ": " + e.getMessage()
                    + " (PORT, HOST:PORT or a path with a / is meant)", e);
        }
    }

    private static SocketAddress address(String where) {
        int colon = where.lastIndexOf(':');
        String host = colon < 0 ? LOOPBACK : where.substring(0, colon);
        try {
            return new InetSocketAddress(host, Integer.parseInt(where.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a port: " + where.substring(colon + 1), e);
        }
    }

    /// Where it listens, as gdb's `target remote` takes it.
    public String address() {
        try {
            return listening.getLocalAddress() instanceof InetSocketAddress inet
                    ? inet.getHostString() + ":" + inet.getPort() : String.valueOf(socketFile);
        } catch (IOException e) {
            throw new IllegalStateException("the server is closed", e);
        }
    }

    private void serve() {
        while (!closed) {
            try (SocketChannel client = listening.accept(); PacketChannel channel = new PacketChannel(client)) {
                GdbSession begun = begin(channel);
                if (begun != null) {
                    begun.run();
                }
            } catch (IOException | RuntimeException e) {
                // One client's misfortune is not the next one's.
                if (!closed) {
                    reports.accept("gdb: " + e);
                }
            } catch (InterruptedException e) {
                return;
            } finally {
                session = null;
            }
        }
    }

    /// @return null if the server is closed
    private synchronized GdbSession begin(PacketChannel channel) {
        session = closed ? null : new GdbSession(machine, channel, waits);
        waits = false;
        return session;
    }

    private synchronized GdbSession end() {
        closed = true;
        return session;
    }

    /// Tells the client that the machine has ended, and stops to listen.
    @Override
    public void close() {
        GdbSession serving = end();
        try {
            listening.close();
            if (serving != null) {
                serving.machineEnded();
            }
            thread.join(PATIENCE_MILLIS);
            if (socketFile != null) {
                Files.deleteIfExists(socketFile);
            }
        } catch (IOException e) {
            reports.accept("gdb: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
