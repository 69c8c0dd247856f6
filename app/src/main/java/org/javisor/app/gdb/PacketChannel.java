// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardSocketOptions;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/// Packets of gdb's protocol over a connection: `$` data `#` checksum, acknowledged by `+` until the client says that
/// it needs none. One thread receives, one sends.
///
/// @gdb manual, appendix E.1 "Overview"
final class PacketChannel implements Closeable {
    /// The longest packet that is taken, as the client is told.
    static final int MAX_PACKET = 0x4000;
    private static final int INTERRUPT = 3;
    private static final int ESCAPE = 0x7d, ESCAPED = 0x20;

    /// What arrives.
    sealed interface Arrival {
        record Packet(byte[] data) implements Arrival { }

        /// The client wants the guest stopped.
        enum Break implements Arrival { INSTANCE }
    }

    private final SocketChannel socket;
    private final InputStream in;
    private final OutputStream out;
    private volatile boolean acknowledges = true;

    PacketChannel(SocketChannel socket) throws IOException {
        this.socket = socket;
        if (socket.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            // Each packet waits for the answer to the one before it.
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        this.in = new BufferedInputStream(Channels.newInputStream(socket));
        this.out = Channels.newOutputStream(socket);
    }

    /// From the next packet on nothing is acknowledged.
    void acknowledgeNoMore() {
        acknowledges = false;
    }

    /// Waits for the next packet with a right checksum, or a break.
    ///
    /// @throws IOException if the connection ends, or what comes is no packet
    Arrival receive() throws IOException {
        while (true) {
            int first = next();
            switch (first) {
                case INTERRUPT -> {
                    return Arrival.Break.INSTANCE;
                }
                case '$' -> {
                    byte[] data = packet();
                    if (data != null) {
                        return new Arrival.Packet(data);
                    }
                }
                case '+', '-' -> { }
                default -> throw new IOException(String.format("0x%02x where a packet should begin", first));
            }
        }
    }

    private int next() throws IOException {
        int value = in.read();
        if (value < 0) {
            throw new EOFException("the client has gone");
        }
        return value;
    }

    /// The data behind `$`, or null if the checksum is wrong: the client sends it again.
    private byte[] packet() throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int sum = 0;
        for (int value = next(); value != '#'; value = next()) {
            sum += value;
            if (value == ESCAPE) {
                int escaped = next();
                sum += escaped;
                value = escaped ^ ESCAPED;
            }
            data.write(value);
            if (data.size() > MAX_PACKET) {
                throw new IOException("a packet of more than " + MAX_PACKET + " bytes");
            }
        }
        boolean right = (Hex.digit(next()) << 4 | Hex.digit(next())) == (sum & 0xff);
        if (acknowledges) {
            out.write(right ? '+' : '-');
            out.flush();
        }
        return right || !acknowledges ? data.toByteArray() : null;
    }

    /// Sends a packet; `$`, `#`, `*` and `}` in it are escaped.
    void send(byte[] data) throws IOException {
        ByteArrayOutputStream packet = new ByteArrayOutputStream(data.length + 4);
        packet.write('$');
        int sum = 0;
        for (byte value : data) {
            boolean special = value == '$' || value == '#' || value == '*' || value == ESCAPE;
            if (special) {
                packet.write(ESCAPE);
                sum += ESCAPE;
            }
            int sent = special ? value ^ ESCAPED : value;
            packet.write(sent);
            sum += sent;
        }
        packet.write('#');
        packet.writeBytes(String.format("%02x", sum & 0xff).getBytes(StandardCharsets.US_ASCII));
        out.write(packet.toByteArray());
        out.flush();
    }

    /// Says that nothing more will come; what the client still sends can be received.
    void finish() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
