// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.javisor.devices.vga.Screen;

/// A client that looks once: any server's whole screen, as it is.
///
/// @rfc RFC 6143 "The Remote Framebuffer Protocol"
public final class VncViewer implements AutoCloseable {
    private static final int NONE = 1, PASSWORD = 2, VENCRYPT = 19;
    private static final int UPDATE = 0, COLOUR_MAP = 1, BELL = 2, CUT_TEXT = 3;
    private static final int DESKTOP_SIZE = -223;
    private static final int CONNECT_MILLIS = 10_000, READ_MILLIS = 30_000;
    private static final int MAX_TEXT = 1 << 20, MAX_PIXELS = 1 << 26;

    private final Socket plain;
    private final String password;
    private final Path trusted;
    private DataInputStream in;
    private DataOutputStream out;
    private Screen.Frame frame;
    private boolean[] seen;

    private VncViewer(Socket plain, String password, Path trusted) {
        this.plain = plain;
        this.password = password;
        this.trusted = trusted;
    }

    /// @param password null if there is none
    /// @param trusted  the server's certificate, for TLS; null for those that Java trusts
    public static VncViewer connect(InetSocketAddress address, String password, Path trusted) throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(address, CONNECT_MILLIS);
            socket.setSoTimeout(READ_MILLIS);
            VncViewer viewer = new VncViewer(socket, password, trusted);
            viewer.use(socket);
            viewer.greet();
            return viewer;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private void use(Socket socket) throws IOException {
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(socket.getOutputStream());
    }

    // ---- the beginning ----

    private void greet() throws IOException {
        String version = new String(in.readNBytes(12), StandardCharsets.US_ASCII);
        if (!version.matches("RFB \\d{3}\\.\\d{3}\n")) {
            throw new IOException("no VNC server answers there");
        }
        int minor = version.startsWith("RFB 003.") ? Integer.parseInt(version.substring(8, 11)) : 8;
        int spoken = minor >= 8 ? 8 : minor == 7 ? 7 : 3;
        out.write(("RFB 003.00" + spoken + "\n").getBytes(StandardCharsets.US_ASCII));
        authenticate(spoken);
        out.writeByte(1);
        resize(in.readUnsignedShort(), in.readUnsignedShort());
        in.skipNBytes(PixelFormat.BYTES);
        in.skipNBytes(bounded(in.readInt(), MAX_TEXT));
        out.writeInt(0);
        out.write(PixelFormat.NATIVE.toBytes());
        out.write(new byte[] {2, 0, 0, 2});
        out.writeInt(RawEncoding.NUMBER);
        out.writeInt(DESKTOP_SIZE);
    }

    private static int bounded(int length, int most) throws IOException {
        if (length < 0 || length > most) {
            throw new IOException("the server sends " + Integer.toUnsignedString(length) + " of something");
        }
        return length;
    }

    private void authenticate(int minor) throws IOException {
        int type = minor < 7 ? in.readInt() : choose();
        switch (type) {
            case 0 -> throw new IOException("the server refuses: " + reason());
            case NONE -> {
                if (minor >= 8) {
                    checkResult(minor);
                }
            }
            case PASSWORD -> answerChallenge(minor);
            case VENCRYPT -> encrypt(minor);
            default -> throw new IOException("the server wants security type " + type);
        }
    }

    private int choose() throws IOException {
        int count = in.readUnsignedByte();
        if (count == 0) {
            return 0;
        }
        byte[] types = in.readNBytes(count);
        for (int wanted : new int[] {VENCRYPT, PASSWORD, NONE}) {
            for (byte type : types) {
                if ((type & 0xff) == wanted && (wanted != PASSWORD || password != null)) {
                    out.writeByte(wanted);
                    return wanted;
                }
            }
        }
        throw new IOException(password == null ? "the server wants a password or another kind of security"
                : "the server has no kind of security that is known here");
    }

    private String reason() throws IOException {
        return new String(in.readNBytes(bounded(in.readInt(), MAX_TEXT)), StandardCharsets.UTF_8);
    }

    private void answerChallenge(int minor) throws IOException {
        if (password == null) {
            throw new IOException("the server wants a password");
        }
        out.write(new VncPassword(password).answer(in.readNBytes(VncPassword.CHALLENGE_BYTES)));
        checkResult(minor);
    }

    private void checkResult(int minor) throws IOException {
        if (in.readInt() != 0) {
            throw new IOException("the server refuses: " + (minor >= 8 ? reason() : "wrong password"));
        }
    }

    /// VeNCrypt 0.2 with a certificate.
    private void encrypt(int minor) throws IOException {
        in.readUnsignedShort();
        out.write(new byte[] {0, VncTls.VENCRYPT_MINOR});
        if (in.readUnsignedByte() != 0) {
            throw new IOException("the server speaks another VeNCrypt than 0.2");
        }
        int chosen = 0;
        for (int n = in.readUnsignedByte(); n > 0; n--) {
            int type = in.readInt();
            if (type == VncTls.X509_NONE || type == VncTls.X509_PASSWORD && password != null) {
                chosen = type;
            }
        }
        if (chosen == 0) {
            throw new IOException("the server wants a kind of TLS that is not known here, or a password");
        }
        out.writeInt(chosen);
        if (in.readUnsignedByte() == 0) {
            throw new IOException("the server does not want TLS any more");
        }
        use(VncTls.toServer(plain, trusted));
        if (chosen == VncTls.X509_PASSWORD) {
            answerChallenge(minor);
        } else {
            checkResult(minor);
        }
    }

    // ---- the picture ----

    /// The whole screen now.
    public Screen.Frame look() throws IOException {
        request();
        while (!complete()) {
            int type = in.readUnsignedByte();
            switch (type) {
                case UPDATE -> {
                    if (update()) {
                        request();
                    }
                }
                case COLOUR_MAP -> {
                    in.skipNBytes(3);
                    in.skipNBytes(6L * in.readUnsignedShort());
                }
                case BELL -> { }
                case CUT_TEXT -> {
                    in.skipNBytes(3);
                    in.skipNBytes(bounded(in.readInt(), MAX_TEXT));
                }
                default -> throw new IOException("the server says " + type + ", which means nothing");
            }
        }
        return frame;
    }

    private void request() throws IOException {
        out.write(new byte[] {3, 0, 0, 0, 0, 0});
        out.writeShort(frame.width());
        out.writeShort(frame.height());
    }

    private boolean complete() {
        for (boolean pixel : seen) {
            if (!pixel) {
                return false;
            }
        }
        return true;
    }

    private void resize(int width, int height) throws IOException {
        if ((long) width * height > MAX_PIXELS || width == 0 || height == 0) {
            throw new IOException("a screen of " + width + " by " + height + " pixels");
        }
        frame = Screen.Frame.black(width, height);
        seen = new boolean[width * height];
    }

    /// @return whether the screen has another size now
    private boolean update() throws IOException {
        boolean resized = false;
        in.readUnsignedByte();
        for (int n = in.readUnsignedShort(); n > 0; n--) {
            Area area = new Area(in.readUnsignedShort(), in.readUnsignedShort(), in.readUnsignedShort(),
                    in.readUnsignedShort());
            int encoding = in.readInt();
            if (encoding == DESKTOP_SIZE) {
                resize(area.width(), area.height());
                resized = true;
            } else if (encoding == RawEncoding.NUMBER && area.right() <= frame.width()
                    && area.bottom() <= frame.height()) {
                raw(area);
            } else {
                throw new IOException("the server sends what nobody asked for: encoding " + encoding);
            }
        }
        return resized;
    }

    private void raw(Area area) throws IOException {
        byte[] line = new byte[4 * area.width()];
        for (int y = area.y(); y < area.bottom(); y++) {
            in.readFully(line);
            for (int x = 0; x < area.width(); x++) {
                int at = y * frame.width() + area.x() + x;
                int from = 4 * x;
                frame.pixels()[at] = line[from] & 0xff | (line[from + 1] & 0xff) << 8 | (line[from + 2] & 0xff) << 16;
                seen[at] = true;
            }
        }
    }

    @Override
    public void close() throws IOException {
        plain.close();
    }
}
