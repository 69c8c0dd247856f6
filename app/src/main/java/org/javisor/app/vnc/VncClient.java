// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.javisor.app.input.KeyboardInput;
import org.javisor.devices.vga.Screen;
import org.javisor.machine.Machine;

/// One client: a thread that reads what it says, and one that sends it pictures.
///
/// What it can make us remember is bounded: one picture, one encoded rectangle, a buffer each way. Whoever neither
/// reads nor leaves is closed by [#checkTime].
final class VncClient {
    private static final long GREETING_SECONDS = 120, WRITE_SECONDS = 60;
    private static final int CHUNK = 1 << 16;

    private final Machine machine;
    private final FrameSource frames;
    private final Socket socket;
    private final VncSecurity security;
    private final Wishes wishes = new Wishes();
    /// When this must have got further, by the clock of [System#nanoTime]; 0 for no hurry.
    private volatile long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(GREETING_SECONDS) | 1;
    private volatile String ended;

    VncClient(Machine machine, FrameSource frames, Socket socket, VncSecurity security) throws IOException {
        this.machine = machine;
        this.frames = frames;
        this.socket = socket;
        this.security = security;
        socket.setTcpNoDelay(true);
    }

    /// Serves the client until it leaves, or is thrown out.
    void run() throws IOException, InterruptedException {
        KeyboardInput keyboard = new KeyboardInput(machine);
        try {
            Handshake handshake = new Handshake(socket, security);
            if (!handshake.admit()) {
                return;
            }
            DataInputStream in = new DataInputStream(new BufferedInputStream(handshake.in()));
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(handshake.out(), CHUNK));
            Screen.Frame first = introduce(in, out);
            deadline = 0;
            PointerInput pointer = new PointerInput(machine);
            PictureSender sender = new PictureSender(frames, machine::keyboardLeds,
                    Screen.Frame.black(first.width(), first.height()), wishes, pointer,
                    new DataOutputStream(new TimedOutput(out)));
            Thread.ofVirtual().name("javisor-vnc-sender").start(() -> send(sender));
            ClientMessages messages = new ClientMessages(in, wishes, keyboard, pointer);
            while (true) {
                messages.next();
            }
        } catch (IOException e) {
            throw ended == null ? e : new IOException(ended, e);
        } finally {
            keyboard.close();
            close();
        }
    }

    /// @rfc RFC 6143 §7.3 "Initialization Messages"
    private Screen.Frame introduce(DataInputStream in, DataOutputStream out) throws IOException {
        // Whether it would rather be alone: it need not be.
        in.readUnsignedByte();
        Screen.Frame first = frames.get();
        out.writeShort(first.width());
        out.writeShort(first.height());
        out.write(PixelFormat.NATIVE.toBytes());
        byte[] name = "Javisor".getBytes(StandardCharsets.US_ASCII);
        out.writeInt(name.length);
        out.write(name);
        out.flush();
        return first;
    }

    private void send(PictureSender sender) {
        try (sender) {
            sender.run();
        } catch (IOException _) {
            // The client has gone; who reads from it notices too.
            close();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Lets each write take its time, but not for ever.
    private final class TimedOutput extends FilterOutputStream {
        TimedOutput(DataOutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            for (int done = 0; done < count; done += CHUNK) {
                begin();
                out.write(bytes, from + done, Math.min(CHUNK, count - done));
                deadline = 0;
            }
        }

        @Override
        public void write(int b) throws IOException {
            begin();
            out.write(b);
            deadline = 0;
        }

        @Override
        public void flush() throws IOException {
            begin();
            out.flush();
            deadline = 0;
        }

        private void begin() {
            deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WRITE_SECONDS) | 1;
        }
    }

    /// Closes the connection if it is waiting for the client since too long.
    void checkTime(long now) {
        long until = deadline;
        if (until != 0 && now - until > 0) {
            ended = "it does not read, or does not say who it is";
            close();
        }
    }

    void close() {
        wishes.close();
        try {
            // Not TLS's: that would wait for what is being written.
            socket.close();
        } catch (IOException _) {
            // It is gone, which was the purpose.
            return;
        }
    }
}
