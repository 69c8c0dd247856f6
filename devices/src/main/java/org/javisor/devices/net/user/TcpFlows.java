// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.javisor.devices.net.NetworkOrder.get16;
import static org.javisor.devices.net.NetworkOrder.get32;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.javisor.devices.net.user.TcpConnection.Ends;

/// The guest's TCP connections, and the host's ports that lead to the guest's.
///
/// Used by the network's thread alone.
final class TcpFlows implements AutoCloseable {
    private static final int MOST = 512;
    private static final int FIRST_EPHEMERAL = 49_152, EPHEMERAL = 16_384;

    private final Selector selector;
    private final GuestLink guest;
    private final SecureRandom random = new SecureRandom();
    private final Map<Ends, TcpConnection> connections = new LinkedHashMap<>();
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private int nextPort;

    TcpFlows(Selector selector, GuestLink guest) {
        this.selector = selector;
        this.guest = guest;
    }

    /// Takes a segment of the guest's for `host`.
    void segment(byte[] packet, int at, int bytes, int host) {
        int header = bytes < GuestLink.TCP_HEADER ? 0 : (packet[at + 12] >>> 4 & 15) * 4;
        if (header < GuestLink.TCP_HEADER || header > bytes) {
            return;
        }
        Ends ends = new Ends(get16(packet, at), host, get16(packet, at + 2));
        TcpConnection connection = connections.get(ends);
        int flags = packet[at + 13];
        if (connection != null) {
            try {
                connection.segment(packet, at, bytes);
            } catch (IOException _) {
                connection.reset();
            }
            forgetIfClosed(ends, connection);
        } else if ((flags & (TcpConnection.SYN | TcpConnection.ACK)) == TcpConnection.SYN) {
            connect(ends, packet, at);
        } else if ((flags & TcpConnection.RST) == 0) {
            refuse(ends, packet, at);
        }
    }

    private void connect(Ends ends, byte[] packet, int at) {
        if (connections.size() >= MOST || ends.hostPort() == 0) {
            refuse(ends, packet, at);
            return;
        }
        try {
            SocketChannel channel = SocketChannel.open();
            channel.configureBlocking(false);
            TcpConnection connection =
                    TcpConnection.fromGuest(ends, channel, guest, random.nextInt(), packet, at);
            add(ends, connection, channel, SelectionKey.OP_CONNECT);
            // A refusal that is known at once is told as one that comes later.
            channel.connect(new InetSocketAddress(Ipv4.host(ends.host()), ends.hostPort()));
        } catch (IOException | RuntimeException _) {
            TcpConnection connection = connections.remove(ends);
            if (connection != null) {
                connection.close();
            }
            refuse(ends, packet, at);
        }
    }

    private void add(Ends ends, TcpConnection connection, SocketChannel channel, int interest) throws IOException {
        connections.put(ends, connection);
        connection.key(channel.register(selector, interest, (Runnable) () -> {
            connection.ready();
            forgetIfClosed(ends, connection);
        }));
    }

    private void refuse(Ends ends, byte[] packet, int at) {
        int flags = packet[at + 13];
        boolean acknowledges = (flags & TcpConnection.ACK) != 0;
        int next = get32(packet, at + 4) + ((flags & TcpConnection.SYN) != 0 ? 1 : 0);
        guest.tcp(ends.host(), ends.hostPort(), ends.guestPort(), acknowledges ? get32(packet, at + 8) : 0, next,
                TcpConnection.RST | (acknowledges ? 0 : TcpConnection.ACK), 0, 0, packet, 0, 0);
    }

    private void forgetIfClosed(Ends ends, TcpConnection connection) {
        if (connection.closed()) {
            connections.remove(ends);
        }
    }

    // ---- ports of the host's ----

    /// Has `hostPort` of the loopback interface lead to the guest's `guestPort`.
    void forward(int hostPort, int guestPort) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open();
        listeners.add(listener);
        listener.bind(new InetSocketAddress(Ipv4.host(Ipv4.GATEWAY), hostPort));
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT, (Runnable) () -> accept(listener, guestPort));
    }

    private void accept(ServerSocketChannel listener, int guestPort) {
        try {
            SocketChannel channel = listener.accept();
            if (channel == null) {
                return;
            }
            Ends ends = freeEnds(guestPort);
            if (ends == null) {
                channel.close();
                return;
            }
            channel.configureBlocking(false);
            add(ends, TcpConnection.toGuest(ends, channel, guest, random.nextInt()), channel, 0);
        } catch (IOException _) {
            // Who wanted to connect is gone.
        }
    }

    private Ends freeEnds(int guestPort) {
        for (int n = 0; n < EPHEMERAL && connections.size() < MOST; n++) {
            Ends ends = new Ends(guestPort, Ipv4.GATEWAY, FIRST_EPHEMERAL + nextPort++ % EPHEMERAL);
            if (!connections.containsKey(ends)) {
                return ends;
            }
        }
        return null;
    }

    // ---- time ----

    /// When something is to be sent again, by [System#nanoTime]; Long.MAX_VALUE for never.
    long deadline() {
        long first = Long.MAX_VALUE;
        for (TcpConnection connection : connections.values()) {
            first = Math.min(first, connection.deadline());
        }
        return first;
    }

    /// Sends again what is late.
    void late(long now) {
        connections.entrySet().removeIf(entry -> {
            TcpConnection connection = entry.getValue();
            if (connection.deadline() <= now) {
                try {
                    connection.late();
                } catch (IOException _) {
                    connection.reset();
                }
            }
            return connection.closed();
        });
    }

    /// The guest has buffers again.
    void pump() {
        connections.entrySet().removeIf(entry -> {
            TcpConnection connection = entry.getValue();
            try {
                connection.pump();
            } catch (IOException _) {
                connection.reset();
            }
            return connection.closed();
        });
    }

    @Override
    public void close() throws IOException {
        connections.values().forEach(TcpConnection::close);
        connections.clear();
        for (ServerSocketChannel listener : listeners) {
            listener.close();
        }
    }
}
