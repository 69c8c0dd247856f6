// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.javisor.devices.net.NetworkOrder;

/// Carries the guest's UDP: each of its ports is a socket of the host's, and answers to that go back to the port.
///
/// Used by the network's thread alone.
final class UdpFlows implements AutoCloseable {
    /// The oldest makes room for one more: UDP never says that it is done.
    private static final int MOST = 256;
    private static final int LARGEST = GuestLink.MTU - GuestLink.IP - GuestLink.UDP_HEADER;
    /// Datagrams of one socket before others get their turn.
    private static final int TURN = 64;

    private record Flow(int port, DatagramChannel channel) { }

    private final Selector selector;
    private final GuestLink guest;
    private final InetSocketAddress nameServer;
    private final Map<Integer, Flow> flows = new LinkedHashMap<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);

    /// @param nameServer where questions for [Ipv4#NAME_SERVER] go; null for nowhere
    UdpFlows(Selector selector, GuestLink guest, InetSocketAddress nameServer) {
        this.selector = selector;
        this.guest = guest;
        this.nameServer = nameServer;
    }

    /// Sends a datagram of the guest's on.
    void send(int fromPort, int to, int toPort, byte[] packet, int at, int bytes) {
        InetSocketAddress target = to == Ipv4.NAME_SERVER ? nameServer : new InetSocketAddress(Ipv4.host(to), toPort);
        if (target == null || toPort == 0) {
            return;
        }
        try {
            flow(fromPort).channel.send(ByteBuffer.wrap(packet, at, bytes), target);
        } catch (IOException _) {
            // As lost as on any network: no route, or nobody there.
        }
    }

    private Flow flow(int port) throws IOException {
        Flow flow = flows.get(port);
        if (flow != null) {
            return flow;
        }
        if (flows.size() == MOST) {
            flows.remove(flows.keySet().iterator().next()).channel.close();
        }
        DatagramChannel channel = DatagramChannel.open();
        channel.configureBlocking(false);
        Flow made = new Flow(port, channel);
        channel.register(selector, SelectionKey.OP_READ, (Runnable) () -> receive(made));
        flows.put(port, made);
        return made;
    }

    private void receive(Flow flow) {
        try {
            for (int n = 0; n < TURN; n++) {
                buffer.clear();
                SocketAddress from = flow.channel.receive(buffer);
                if (from == null) {
                    return;
                }
                answer(flow, (InetSocketAddress) from);
            }
        } catch (IOException _) {
            // An earlier datagram found nobody: the socket says so once.
        }
    }

    private void answer(Flow flow, InetSocketAddress from) {
        if (buffer.position() > LARGEST) {
            return;
        }
        int address = from.equals(nameServer) ? Ipv4.NAME_SERVER : number(from);
        guest.udp(address, from.equals(nameServer) ? 53 : from.getPort(), Ipv4.GUEST, flow.port, buffer.array(),
                buffer.position());
    }

    /// How the guest knows a host.
    static int number(InetSocketAddress host) {
        byte[] octets = host.getAddress().getAddress();
        return host.getAddress().isLoopbackAddress() || octets.length != 4 ? Ipv4.GATEWAY
                : NetworkOrder.get32(octets, 0);
    }

    @Override
    public void close() throws IOException {
        for (Flow flow : List.copyOf(flows.values())) {
            flow.channel.close();
        }
        flows.clear();
    }
}
