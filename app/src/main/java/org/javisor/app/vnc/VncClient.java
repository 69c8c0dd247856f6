// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.javisor.devices.vga.Screen;
import org.javisor.machine.Machine;

/// One client: a thread that reads what it says, and one that sends it what has changed on the screen, when it asks.
///
/// A client that does not read stops its own pictures, nobody else's.
///
/// @rfc RFC 6143 §7 "Protocol Messages"
final class VncClient {
    // Messages from the client.
    private static final int SET_PIXEL_FORMAT = 0, SET_ENCODINGS = 2, UPDATE_REQUEST = 3, KEY = 4, POINTER = 5,
            CUT_TEXT = 6, QEMU = 255, QEMU_KEY = 0;
    private static final int RAW = 0, DESKTOP_SIZE = -223, QEMU_EXTENDED_KEY = -258;
    private static final int NO_SECURITY = 1, PASSWORD = 2;
    private static final int MAX_CUT_TEXT = 1 << 20, MAX_ENCODINGS = 1024;
    private static final int HANDSHAKE_MILLIS = 30_000;
    private static final int FRAME_MILLIS = 33;
    private static final int BUTTONS = 3, WHEEL_UP = 8, WHEEL_DOWN = 16;

    private final Machine machine;
    private final Socket socket;
    private final VncPassword password;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final ZrleEncoding zrle = new ZrleEncoding();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition asked = lock.newCondition();

    // Guarded by lock.
    private PixelFormat format = PixelFormat.NATIVE;
    private boolean usesZrle;
    private boolean resizes;
    private boolean wantsKeys;
    private boolean requested;
    private boolean wantsAll;
    private boolean closed;

    /// What the client has on its screen; the sending thread's.
    private Screen.Frame shown;
    private int pointerX;
    private int pointerY;

    /// @param password null if none is asked for
    VncClient(Machine machine, Socket socket, VncPassword password) throws IOException {
        this.machine = machine;
        this.socket = socket;
        this.password = password;
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(HANDSHAKE_MILLIS);
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        this.out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
    }

    /// Serves the client until it leaves, or is thrown out.
    void run() throws IOException {
        try {
            if (!greet()) {
                return;
            }
            socket.setSoTimeout(0);
            Thread.ofVirtual().name("javisor-vnc-sender").start(this::sendPictures);
            while (true) {
                message();
            }
        } finally {
            close();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            asked.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            socket.close();
        } catch (IOException _) {
            // It is gone, which was the purpose.
            return;
        }
    }

    // ---- the beginning ----

    /// @return whether the client may stay
    private boolean greet() throws IOException {
        out.write("RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
        byte[] version = in.readNBytes(12);
        String text = new String(version, StandardCharsets.US_ASCII);
        if (!text.matches("RFB 003\\.\\d{3}\n")) {
            throw new IOException("no VNC client");
        }
        int minor = Integer.parseInt(text.substring(8, 11));
        if (!authenticate(minor)) {
            return false;
        }
        in.readUnsignedByte();
        shown = machine.screen().frame(System.nanoTime());
        out.writeShort(shown.width());
        out.writeShort(shown.height());
        out.write(PixelFormat.NATIVE.toBytes());
        byte[] name = "Javisor".getBytes(StandardCharsets.US_ASCII);
        out.writeInt(name.length);
        out.write(name);
        out.flush();
        return true;
    }

    private boolean authenticate(int minor) throws IOException {
        int type = password == null ? NO_SECURITY : PASSWORD;
        if (minor < 7) {
            out.writeInt(type);
        } else {
            out.write(new byte[] {1, (byte) type});
            out.flush();
            if (in.readUnsignedByte() != type) {
                throw new IOException("a client that wants another security type");
            }
        }
        if (password == null) {
            if (minor >= 8) {
                out.writeInt(0);
            }
            out.flush();
            return true;
        }
        byte[] challenge = VncPassword.challenge();
        out.write(challenge);
        out.flush();
        boolean right = password.accepts(challenge, in.readNBytes(VncPassword.CHALLENGE_BYTES));
        out.writeInt(right ? 0 : 1);
        if (!right && minor >= 8) {
            byte[] reason = "wrong password".getBytes(StandardCharsets.US_ASCII);
            out.writeInt(reason.length);
            out.write(reason);
        }
        out.flush();
        return right;
    }

    // ---- what the client says ----

    private void message() throws IOException {
        int type = in.readUnsignedByte();
        switch (type) {
            case SET_PIXEL_FORMAT -> {
                in.skipNBytes(3);
                PixelFormat wanted = PixelFormat.read(in);
                locked(() -> format = wanted);
            }
            case SET_ENCODINGS -> encodings();
            case UPDATE_REQUEST -> request();
            case KEY -> {
                boolean down = in.readUnsignedByte() != 0;
                in.skipNBytes(2);
                key(Keysyms.code(in.readInt()), down);
            }
            case POINTER -> pointer();
            case CUT_TEXT -> {
                in.skipNBytes(3);
                long length = in.readInt() & 0xffff_ffffL;
                if (length > MAX_CUT_TEXT) {
                    throw new IOException("a clipboard of " + length + " bytes");
                }
                in.skipNBytes(length);
            }
            case QEMU -> qemu();
            default -> throw new IOException("message " + type + " is none");
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
            asked.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void encodings() throws IOException {
        in.skipNBytes(1);
        int count = in.readUnsignedShort();
        if (count > MAX_ENCODINGS) {
            throw new IOException(count + " encodings");
        }
        int[] offered = new int[count];
        for (int n = 0; n < count; n++) {
            offered[n] = in.readInt();
        }
        locked(() -> {
            usesZrle = Arrays.stream(offered).anyMatch(e -> e == ZrleEncoding.NUMBER);
            resizes = Arrays.stream(offered).anyMatch(e -> e == DESKTOP_SIZE);
            wantsKeys = Arrays.stream(offered).anyMatch(e -> e == QEMU_EXTENDED_KEY);
        });
    }

    private void request() throws IOException {
        boolean incremental = in.readUnsignedByte() != 0;
        in.skipNBytes(8);
        locked(() -> {
            requested = true;
            wantsAll |= !incremental;
        });
    }

    private void key(int code, boolean down) {
        if (code != 0) {
            machine.key(code & 0x7f, (code & Keysyms.EXTENDED) != 0, down);
        }
    }

    /// QEMU's key message has the scan code: it means the same key on every layout.
    private void qemu() throws IOException {
        int kind = in.readUnsignedByte();
        if (kind != QEMU_KEY) {
            throw new IOException("QEMU message " + kind + " is none that was offered");
        }
        boolean down = in.readUnsignedShort() != 0;
        in.readInt();
        key(in.readInt() & 0xff, down);
    }

    private void pointer() throws IOException {
        int mask = in.readUnsignedByte();
        int x = in.readUnsignedShort();
        int y = in.readUnsignedShort();
        int wheel = (mask & WHEEL_UP) != 0 ? -1 : (mask & WHEEL_DOWN) != 0 ? 1 : 0;
        // Left, middle, right there; left, right, middle here.
        int buttons = mask & 1 | (mask & 4) >> 1 | (mask & 2) << 1;
        machine.mouse(x - pointerX, pointerY - y, wheel, buttons & (1 << BUTTONS) - 1);
        pointerX = x;
        pointerY = y;
    }

    // ---- pictures ----

    private void sendPictures() {
        try {
            while (awaitRequest()) {
                sendChanges();
            }
        } catch (IOException _) {
            // The client has gone; who reads from it notices too.
            close();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            zrle.close();
        }
    }

    private boolean awaitRequest() throws InterruptedException {
        lock.lock();
        try {
            while (!requested && !closed) {
                asked.await();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /// Sends the rectangle around what has changed, as soon as something has.
    private void sendChanges() throws IOException, InterruptedException {
        Screen.Frame frame = machine.screen().frame(System.nanoTime());
        PixelFormat wanted;
        boolean all;
        boolean compressed;
        boolean mayResize;
        boolean tellKeys;
        lock.lock();
        try {
            wanted = format;
            all = wantsAll;
            compressed = usesZrle;
            mayResize = resizes;
            tellKeys = wantsKeys;
        } finally {
            lock.unlock();
        }
        boolean resized = frame.width() != shown.width() || frame.height() != shown.height();
        int[] changed = all || resized ? new int[] {0, 0, frame.width(), frame.height()} : changed(shown, frame);
        if (changed == null && !tellKeys) {
            Thread.sleep(FRAME_MILLIS);
            return;
        }
        locked(() -> {
            requested = false;
            wantsAll = false;
            wantsKeys = false;
        });
        boolean tellSize = resized && mayResize;
        int rectangles = (tellKeys ? 1 : 0) + (tellSize ? 1 : 0) + (changed == null ? 0 : 1);
        out.write(new byte[2]);
        out.writeShort(rectangles);
        if (tellKeys) {
            header(0, 0, 0, 0, QEMU_EXTENDED_KEY);
        }
        if (tellSize) {
            header(0, 0, frame.width(), frame.height(), DESKTOP_SIZE);
        }
        if (changed != null) {
            picture(frame, tellSize || !resized ? changed : clipped(changed), wanted, compressed);
        }
        out.flush();
        if (tellSize || !resized) {
            shown = frame;
        }
    }

    /// For a client that cannot follow a change of size.
    private int[] clipped(int[] area) {
        return new int[] {area[0], area[1], Math.min(area[2], shown.width()), Math.min(area[3], shown.height())};
    }

    private void header(int x, int y, int width, int height, int encoding) throws IOException {
        out.writeShort(x);
        out.writeShort(y);
        out.writeShort(width);
        out.writeShort(height);
        out.writeInt(encoding);
    }

    private void picture(Screen.Frame frame, int[] area, PixelFormat wanted, boolean compressed) throws IOException {
        int x = area[0];
        int y = area[1];
        int width = area[2];
        int height = area[3];
        header(x, y, width, height, compressed ? ZrleEncoding.NUMBER : RAW);
        if (compressed) {
            out.write(zrle.encode(frame.pixels(), frame.width(), x, y, width, height, wanted));
            return;
        }
        ByteBuffer line = ByteBuffer.allocate(width * wanted.bytesPerPixel());
        for (int row = y; row < y + height; row++) {
            line.clear();
            for (int column = x; column < x + width; column++) {
                wanted.put(line, frame.pixels()[row * frame.width() + column]);
            }
            out.write(line.array(), 0, line.position());
        }
    }

    /// The rectangle (x, y, width, height) around all differences of two frames of one size, or null.
    private static int[] changed(Screen.Frame before, Screen.Frame now) {
        int left = now.width();
        int right = -1;
        int top = -1;
        int bottom = -1;
        for (int row = 0; row < now.height(); row++) {
            int from = row * now.width();
            int end = from + now.width();
            int first = Arrays.mismatch(before.pixels(), from, end, now.pixels(), from, end);
            if (first < 0) {
                continue;
            }
            int last = now.width() - 1;
            while (before.pixels()[from + last] == now.pixels()[from + last]) {
                last--;
            }
            left = Math.min(left, first);
            right = Math.max(right, last);
            top = top < 0 ? row : top;
            bottom = row;
        }
        return top < 0 ? null : new int[] {left, top, right - left + 1, bottom - top + 1};
    }
}
