// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.javisor.machine.Machine;
import org.javisor.memory.ConfigurationException;

/// Waits for VNC clients; several may watch and type at once.
public final class VncServer implements AutoCloseable {
    private static final int MAX_CLIENTS = 16;
    private static final int WATCH_MILLIS = 1000;

    private final Machine machine;
    private final ServerSocket listening;
    private final VncSecurity security;
    private final FrameSource frames;
    private final Consumer<String> reports;
    private final Set<VncClient> clients = ConcurrentHashMap.newKeySet();

    private VncServer(Machine machine, ServerSocket listening, VncSecurity security, Consumer<String> reports) {
        this.machine = machine;
        this.frames = new FrameSource(machine.screen());
        this.listening = listening;
        this.security = security;
        this.reports = reports;
    }

    /// Starts to listen.
    ///
    /// @param where    PORT or DISPLAY (below 100) on the loopback interface, or HOST:PORT; port 0 takes a free one
    ///     with HOST
    /// @param security without a password for the loopback interface alone
    /// @throws ConfigurationException if that is impossible
    public static VncServer listen(Machine machine, String where, VncSecurity security, Consumer<String> reports) {
        try {
            InetSocketAddress address = VncAddress.toListen(where);
            if (security.password() == null && !address.getAddress().isLoopbackAddress()) {
                throw new ConfigurationException("--vnc " + where + ": without a password, only the loopback interface"
                        + " is possible; give one with --vnc-password-file");
            }
            ServerSocket socket = new ServerSocket();
            socket.bind(address);
            VncServer server = new VncServer(machine, socket, security, reports);
            Thread.ofPlatform().name("javisor-vnc").daemon().start(server::serve);
            Thread.ofVirtual().name("javisor-vnc-clock").start(server::watchTime);
            return server;
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigurationException("--vnc " + where + ": " + e.getMessage()
                    + " (DISPLAY, PORT or HOST:PORT is meant)", e);
        }
    }

    /// Where it listens, as HOST:PORT.
    public String address() {
        return listening.getInetAddress().getHostAddress() + ":" + listening.getLocalPort();
    }

    private void serve() {
        while (!listening.isClosed()) {
            try {
                accept(listening.accept());
            } catch (IOException e) {
                if (!listening.isClosed()) {
                    reports.accept("vnc: " + e.getMessage());
                }
            }
        }
    }

    private void watchTime() {
        try {
            while (!listening.isClosed()) {
                Thread.sleep(WATCH_MILLIS);
                checkTime(System.nanoTime());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Closes clients that have been waited for long enough.
    void checkTime(long now) {
        clients.forEach(client -> client.checkTime(now));
    }

    int clients() {
        return clients.size();
    }

    private void accept(Socket socket) throws IOException {
        if (clients.size() >= MAX_CLIENTS) {
            socket.close();
            return;
        }
        VncClient client = new VncClient(machine, frames, socket, security);
        clients.add(client);
        Thread.ofVirtual().name("javisor-vnc-client").start(() -> serve(client));
    }

    private void serve(VncClient client) {
        try {
            client.run();
        } catch (EOFException | SocketException _) {
            // It has left.
            return;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException e) {
            reports.accept("vnc: a client was disconnected: " + e.getMessage());
        } finally {
            client.close();
            clients.remove(client);
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            reports.accept("vnc: " + e.getMessage());
        }
        clients.forEach(VncClient::close);
    }
}
