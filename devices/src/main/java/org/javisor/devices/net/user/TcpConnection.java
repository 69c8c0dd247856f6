// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.javisor.devices.net.NetworkOrder.get16;
import static org.javisor.devices.net.NetworkOrder.get32;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/// One TCP connection of the guest's, ended here, with a socket of the host's behind it.
///
/// What comes from the guest is acknowledged once the host has taken it, so nothing is ever lost between the two. What
/// comes from the host is kept until the guest acknowledges it, at most [#BUFFER] bytes; all of that is sent again
/// after a while of silence.
///
/// Used by the network's thread alone.
///
/// @rfc 9293 "Transmission Control Protocol (TCP)"
final class TcpConnection {
    static final int FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;
    static final int BUFFER = 1 << 16;
    private static final int MSS = GuestLink.MTU - GuestLink.IP - GuestLink.TCP_HEADER;
    private static final int DEFAULT_MSS = 536;
    private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(500);
    private static final int MOST_TRIES = 10;

    /// Where a connection is between its ends.
    ///
    /// @param host, hostPort as the guest knows them
    record Ends(int guestPort, int host, int hostPort) { }

    private enum Phase {
        /// The guest wants to reach the host, whose socket is connecting.
        CONNECTING,
        /// Our SYN is on its way to the guest.
        GREETING,
        OPEN,
        CLOSED
    }

    private final Ends ends;
    private final SocketChannel channel;
    private final GuestLink guest;
    private final boolean fromGuest;
    private SelectionKey key;
    private Phase phase;
    /// What of the guest's comes next.
    private int expected;
    /// Bytes from the host that the guest has not acknowledged, the first being number `unacknowledged`.
    private final ByteBuffer kept = ByteBuffer.allocate(BUFFER);
    private int unacknowledged;
    /// How many of the kept bytes have been sent.
    private int sent;
    private int guestWindow;
    private int guestMss = DEFAULT_MSS;
    private boolean hostEnded;
    private boolean endSent;
    /// The guest knows that nothing more comes.
    private boolean finished;
    private boolean guestEnded;
    /// What of the guest's the host's socket would not take.
    private final ByteBuffer untaken = ByteBuffer.allocate(BUFFER);
    private long deadline = Long.MAX_VALUE;
    private int tries;

    private TcpConnection(Ends ends, SocketChannel channel, GuestLink guest, int sequence, Phase phase) {
        this.ends = ends;
        this.channel = channel;
        this.guest = guest;
        this.unacknowledged = sequence;
        this.phase = phase;
        this.fromGuest = phase == Phase.CONNECTING;
    }

    /// The guest asked for a connection, with the segment at `at`; `channel` is on its way to whom it wants.
    static TcpConnection fromGuest(Ends ends, SocketChannel channel, GuestLink guest, int sequence, byte[] packet,
            int at) {
        TcpConnection connection = new TcpConnection(ends, channel, guest, sequence, Phase.CONNECTING);
        connection.greeted(packet, at);
        return connection;
    }

    /// Somebody on the host's side has connected, and wants the guest's port.
    static TcpConnection toGuest(Ends ends, SocketChannel channel, GuestLink guest, int sequence) {
        TcpConnection connection = new TcpConnection(ends, channel, guest, sequence, Phase.GREETING);
        connection.greet();
        return connection;
    }

    void key(SelectionKey registered) {
        key = registered;
        interests();
    }

    boolean closed() {
        return phase == Phase.CLOSED;
    }

    long deadline() {
        return deadline;
    }

    // ---- segments from the guest ----

    private void greeted(byte[] packet, int at) {
        expected = get32(packet, at + 4) + 1;
        guestWindow = get16(packet, at + 14);
        int header = (packet[at + 12] >>> 4 & 15) * 4;
        for (int option = at + GuestLink.TCP_HEADER; option + 4 <= at + header && packet[option] != 0; ) {
            if (packet[option] == 2) {
                guestMss = Math.max(64, get16(packet, option + 2));
            }
            option += packet[option] == 1 ? 1 : Math.max(2, packet[option + 1] & 0xff);
        }
        guestMss = Math.min(guestMss, MSS);
    }

    /// Takes a segment of `bytes` bytes with its header, which is whole.
    void segment(byte[] packet, int at, int bytes) throws IOException {
        int flags = packet[at + 13];
        if ((flags & RST) != 0) {
            close();
            return;
        }
        if ((flags & SYN) != 0) {
            greetedAgain(packet, at, flags);
            return;
        }
        if ((flags & ACK) == 0 || phase == Phase.CONNECTING) {
            return;
        }
        guestWindow = get16(packet, at + 14);
        acknowledged(get32(packet, at + 8));
        int header = (packet[at + 12] >>> 4 & 15) * 4;
        take(packet, at + header, bytes - header, get32(packet, at + 4), (flags & FIN) != 0);
        pump();
    }

    private void greetedAgain(byte[] packet, int at, int flags) {
        if (phase == Phase.GREETING && (flags & ACK) != 0 && get32(packet, at + 8) == unacknowledged + 1) {
            greeted(packet, at);
            phase = Phase.OPEN;
            unacknowledged++;
            quiet();
            acknowledge();
            interests();
        } else if (phase == Phase.OPEN) {
            acknowledge();
        }
    }

    private void acknowledged(int number) {
        int bytes = number - unacknowledged;
        if (phase == Phase.GREETING && fromGuest && bytes == 1) {
            phase = Phase.OPEN;
            unacknowledged++;
            bytes = 0;
            quiet();
        }
        int most = sent + (endSent ? 1 : 0);
        if (bytes <= 0 || bytes > most) {
            return;
        }
        boolean end = bytes > sent;
        int data = end ? bytes - 1 : bytes;
        kept.flip().position(data);
        kept.compact();
        sent -= data;
        unacknowledged += data;
        quiet();
        if (end) {
            // FIN has a number too.
            unacknowledged++;
            endSent = false;
            finished = true;
            closeIfDone();
        } else if (sent > 0 || endSent) {
            listenAgain();
        }
    }

    private void take(byte[] packet, int from, int bytes, int number, boolean end) throws IOException {
        int known = expected - number;
        if (bytes == 0 && !end) {
            if (known != 0) {
                // A probe for life.
                acknowledge();
            }
            return;
        }
        if (known < 0 || known > bytes || phase != Phase.OPEN) {
            acknowledge();
            return;
        }
        int fresh = Math.min(bytes - known, untaken.remaining());
        if (!guestEnded) {
            untaken.put(packet, from + known, fresh);
            expected += fresh;
            if (end && known + fresh == bytes) {
                guestEnded = true;
                expected++;
            }
            drain();
        }
        acknowledge();
    }

    /// Gives the host what it takes.
    private void drain() throws IOException {
        untaken.flip();
        try {
            channel.write(untaken);
        } finally {
            untaken.compact();
        }
        if (guestEnded && untaken.position() == 0) {
            channel.shutdownOutput();
            closeIfDone();
        }
    }

    private void closeIfDone() {
        if (finished && guestEnded && untaken.position() == 0) {
            close();
        }
    }

    // ---- the host's socket ----

    /// The socket can do something.
    void ready() {
        try {
            if (phase == Phase.CONNECTING && key.isConnectable()) {
                channel.finishConnect();
                phase = Phase.GREETING;
                greet();
            } else if (phase == Phase.OPEN) {
                if (key.isWritable()) {
                    boolean full = !untaken.hasRemaining();
                    drain();
                    if (full) {
                        acknowledge();
                    }
                }
                pump();
            }
        } catch (IOException _) {
            reset();
        }
        interests();
    }

    /// Takes from the host what the guest has room for, and sends it.
    void pump() throws IOException {
        if (phase != Phase.OPEN) {
            return;
        }
        if (!hostEnded && kept.hasRemaining() && guest.free()) {
            hostEnded = channel.read(kept) < 0;
        }
        sendKept();
        interests();
    }

    private void sendKept() {
        int room = Math.min(kept.position(), guestWindow);
        while (sent < room && guest.free()) {
            int bytes = Math.min(room - sent, guestMss);
            guest.tcp(ends.host, ends.hostPort, ends.guestPort, unacknowledged + sent, expected, ACK | PSH, window(), 0,
                    kept.array(), sent, bytes);
            sent += bytes;
            listenIfQuiet();
        }
        if (kept.position() > 0 && guestWindow == 0) {
            // Asks again for room: the answer might be lost.
            listenIfQuiet();
        }
        if (hostEnded && !endSent && !finished && sent == kept.position()) {
            endSent = true;
            say(FIN | ACK, unacknowledged + sent);
            listenIfQuiet();
        }
    }

    private void interests() {
        if (phase == Phase.CLOSED || key == null || !key.isValid()) {
            return;
        }
        int wanted = phase == Phase.CONNECTING ? SelectionKey.OP_CONNECT : 0;
        if (phase == Phase.OPEN) {
            wanted = (!hostEnded && kept.hasRemaining() && guest.free() ? SelectionKey.OP_READ : 0)
                    | (untaken.position() > 0 ? SelectionKey.OP_WRITE : 0);
        }
        key.interestOps(wanted);
    }

    // ---- time ----

    private void quiet() {
        deadline = Long.MAX_VALUE;
        tries = 0;
    }

    private void listenAgain() {
        deadline = System.nanoTime() + (PATIENCE << Math.min(tries, 6));
    }

    private void listenIfQuiet() {
        if (deadline == Long.MAX_VALUE) {
            listenAgain();
        }
    }

    /// The deadline has come: sends all of it again.
    void late() throws IOException {
        if (++tries > MOST_TRIES) {
            reset();
            return;
        }
        listenAgain();
        switch (phase) {
            case GREETING -> greet();
            case OPEN -> {
                sent = 0;
                endSent = false;
                if (guestWindow == 0 && kept.position() > 0) {
                    guestWindow = 1;
                }
                pump();
            }
            default -> quiet();
        }
    }

    // ---- segments to the guest ----

    private void greet() {
        guest.tcp(ends.host, ends.hostPort, ends.guestPort, unacknowledged, expected, fromGuest ? SYN | ACK : SYN,
                window(), MSS, kept.array(), 0, 0);
        listenIfQuiet();
    }

    private int window() {
        return Math.min(untaken.remaining(), 0xffff);
    }

    private void acknowledge() {
        say(ACK, unacknowledged + sent + (endSent ? 1 : 0));
    }

    private void say(int flags, int number) {
        guest.tcp(ends.host, ends.hostPort, ends.guestPort, number, expected, flags, window(), 0, kept.array(), 0, 0);
    }

    /// Ends the connection, and tells the guest that it is broken.
    void reset() {
        if (phase != Phase.CLOSED) {
            say(RST | ACK, unacknowledged + sent);
        }
        close();
    }

    void close() {
        phase = Phase.CLOSED;
        quiet();
        try {
            channel.close();
        } catch (IOException _) {
            // Closed all the same.
        }
    }
}
