// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.javisor.devices.net.NetworkOrder.get16;
import static org.javisor.devices.net.NetworkOrder.get32;
import static org.javisor.devices.net.NetworkOrder.put16;
import static org.javisor.devices.net.NetworkOrder.put32;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.net.InternetChecksum;
import org.javisor.devices.net.MacAddress;
import org.javisor.devices.net.NetworkBackend;
import org.javisor.memory.ConfigurationException;

/// The network: 10.0.2.0/24, the guest being 10.0.2.15, the router 10.0.2.2, which is also the host, and 10.0.2.3 its
/// name server. What goes elsewhere is carried by the host's sockets.
///
/// Not carried: IPv6, fragments, and ICMP to others than the router.
public final class UserNetwork implements NetworkBackend {
    /// A port of the host's loopback interface that leads to one of the guest's.
    public record Forward(int hostPort, int guestPort) {
        public Forward {
            if (hostPort < 0 || hostPort > 0xffff || guestPort < 1 || guestPort > 0xffff) {
                throw new ConfigurationException("forwarding of port " + hostPort + " to " + guestPort
                        + ": numbers up to 65535 are meant");
            }
        }
    }

    /// @param files      the directory that TFTP gives out; null for none
    /// @param bootFile   the name in it that DHCP tells; empty for none
    /// @param nameServer the host's; null if it has none
    public record Settings(List<Forward> forwards, Path files, String bootFile, InetSocketAddress nameServer) {
        public Settings {
            forwards = List.copyOf(forwards);
        }
    }

    private static final int ARP = 0x806, IPV4 = 0x800, ARP_BYTES = 28;
    private static final int ECHO = 8;
    private static final int FRAGMENT = 0x3fff;
    /// Frames from the guest that wait for the thread; what comes then is dropped.
    private static final int MOST_FRAMES = 1024;
    private static final int NAME_SERVICE = 53;

    private final Selector selector;
    private final GuestLink guest = new GuestLink();
    private final Dhcp dhcp;
    private final Tftp tftp;
    private final UdpFlows udp;
    private final TcpFlows tcp;
    private final Queue<byte[]> frames = new ArrayDeque<>();
    private final Thread thread = Thread.ofPlatform().name("javisor-network").daemon().unstarted(this::run);
    private volatile boolean closing;

    /// @throws ConfigurationException if a port of the host's is taken
    public UserNetwork(Settings settings) {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new ConfigurationException("a network: " + e.getMessage(), e);
        }
        dhcp = new Dhcp(settings.bootFile);
        tftp = new Tftp(settings.files);
        udp = new UdpFlows(selector, guest, settings.nameServer);
        tcp = new TcpFlows(selector, guest);
        for (Forward forward : settings.forwards) {
            try {
                tcp.forward(forward.hostPort, forward.guestPort);
            } catch (IOException e) {
                end();
                throw new ConfigurationException("port " + forward.hostPort + " of this host, to be forwarded to the"
                        + " guest's " + forward.guestPort + ": " + e.getMessage(), e);
            }
        }
    }

    // ---- the card's side ----

    @Override
    public void connect(Receiver receiver) {
        guest.connect(receiver);
        thread.start();
    }

    @Override
    public void send(byte[] frame, int length) {
        synchronized (frames) {
            if (frames.size() == MOST_FRAMES) {
                return;
            }
            frames.add(Arrays.copyOf(frame, length));
        }
        selector.wakeup();
    }

    @Override
    public void resume() {
        selector.wakeup();
    }

    @Override
    public void close() {
        closing = true;
        selector.wakeup();
        if (thread.getState() == Thread.State.NEW) {
            end();
            return;
        }
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- the thread ----

    private void run() {
        try {
            while (!closing) {
                selector.select(key -> ((Runnable) key.attachment()).run(), untilDeadline());
                boolean waited = !guest.free();
                guest.flush();
                takeFrames();
                tcp.late(System.nanoTime());
                if (waited && guest.free()) {
                    tcp.pump();
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("the guest's network has failed", e);
        } finally {
            end();
        }
    }

    /// In milliseconds; 0 for ever.
    private long untilDeadline() {
        long deadline = tcp.deadline();
        if (deadline == Long.MAX_VALUE) {
            return 0;
        }
        return Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
    }

    private void takeFrames() throws IOException {
        while (true) {
            byte[] frame;
            synchronized (frames) {
                frame = frames.poll();
            }
            if (frame == null) {
                return;
            }
            take(frame);
        }
    }

    private void end() {
        try {
            tcp.close();
            udp.close();
            tftp.close();
            selector.close();
        } catch (IOException _) {
            // Nothing can be done about what cannot be closed.
        }
    }

    // ---- frames of the guest's ----

    private void take(byte[] frame) throws IOException {
        int type = get16(frame, 12);
        int at = GuestLink.ETHERNET;
        if (type == ARP && frame.length >= at + ARP_BYTES) {
            arp(frame, at);
        } else if (type == IPV4 && frame.length >= at + GuestLink.IP) {
            guest.learn(MacAddress.of(frame, MacAddress.BYTES));
            ipv4(frame, at);
        }
    }

    /// Answers who asks for an address of the router's.
    private void arp(byte[] frame, int at) {
        int asked = get32(frame, at + 24);
        if (get16(frame, at + 6) != 1 || asked != Ipv4.GATEWAY && asked != Ipv4.NAME_SERVER) {
            return;
        }
        byte[] answer = Arrays.copyOfRange(frame, at, at + ARP_BYTES);
        guest.learn(MacAddress.of(frame, at + 8));
        put16(answer, 6, 2);
        System.arraycopy(frame, at + 8, answer, 18, 10);
        System.arraycopy(GuestLink.ROUTER.toBytes(), 0, answer, 8, MacAddress.BYTES);
        put32(answer, 14, asked);
        guest.ethernet(ARP, answer, ARP_BYTES);
    }

    private void ipv4(byte[] frame, int at) throws IOException {
        int header = (frame[at] & 0xf) * 4;
        int total = get16(frame, at + 2);
        if (frame[at] >>> 4 != 4 || header < GuestLink.IP || total < header || at + total > frame.length
                || InternetChecksum.sum(frame, at, header, 0) != 0xffff || (get16(frame, at + 6) & FRAGMENT) != 0) {
            return;
        }
        int to = get32(frame, at + 16);
        int payload = at + header;
        int bytes = total - header;
        switch (frame[at + 9]) {
            case Ipv4.ICMP -> icmp(frame, payload, bytes, to);
            case Ipv4.UDP -> udp(frame, payload, bytes, to);
            case Ipv4.TCP -> {
                if (!broadcast(to)) {
                    tcp.segment(frame, payload, bytes, to);
                }
            }
            default -> { }
        }
    }

    private void icmp(byte[] frame, int at, int bytes, int to) {
        if (bytes < 8 || frame[at] != ECHO || to != Ipv4.GATEWAY && to != Ipv4.NAME_SERVER) {
            return;
        }
        byte[] answer = Arrays.copyOfRange(frame, at, at + bytes);
        answer[0] = 0;
        put16(answer, 2, 0);
        put16(answer, 2, ~InternetChecksum.sum(answer, 0, bytes, 0));
        guest.icmp(to, answer, bytes);
    }

    private void udp(byte[] frame, int at, int bytes, int to) throws IOException {
        if (bytes < GuestLink.UDP_HEADER) {
            return;
        }
        int from = get16(frame, at);
        int port = get16(frame, at + 2);
        int payload = at + GuestLink.UDP_HEADER;
        int length = Math.min(bytes, get16(frame, at + 4)) - GuestLink.UDP_HEADER;
        if (length < 0) {
            return;
        }
        boolean router = to == Ipv4.GATEWAY || broadcast(to);
        if (router && port == Dhcp.SERVER_PORT) {
            dhcp.receive(frame, payload, length, guest);
        } else if (router && port == Tftp.PORT) {
            tftp.receive(frame, payload, length, from, guest);
        } else if (!broadcast(to) && (to != Ipv4.NAME_SERVER || port == NAME_SERVICE)) {
            udp.send(from, to, port, frame, payload, length);
        }
    }

    private static boolean broadcast(int address) {
        return address == Ipv4.EVERYBODY || address == Ipv4.BROADCAST || address >>> 28 == 0xe;
    }
}
