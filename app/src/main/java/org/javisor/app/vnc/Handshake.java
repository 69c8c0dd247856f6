// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// The beginning of a connection: which protocol is spoken, and whether the client may come in.
///
/// @rfc RFC 6143 §7.1 "Handshake Messages"
/// @spec https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst "VeNCrypt"
final class Handshake {
    private static final int INVALID = 0, NONE = 1, PASSWORD = 2, VENCRYPT = 19;
    private static final int FAILED = 1;
    private static final int VERSION_BYTES = 12;
    /// Whoever guesses passwords guesses one a second.
    private static final int AFTER_A_WRONG_PASSWORD_MILLIS = 1000;

    private final VncSecurity security;
    private final Socket socket;
    private DataInputStream in;
    private DataOutputStream out;
    private int minor;

    /// Reads no byte more than it needs: behind the handshake there may be TLS.
    Handshake(Socket socket, VncSecurity security) throws IOException {
        this.socket = socket;
        this.security = security;
        use(socket);
    }

    private void use(Socket connection) throws IOException {
        in = new DataInputStream(connection.getInputStream());
        out = new DataOutputStream(connection.getOutputStream());
    }

    /// From where messages are to be read: the socket, or what TLS makes of it.
    DataInputStream in() {
        return in;
    }

    DataOutputStream out() {
        return out;
    }

    /// @return whether the client may stay; it has been told
    boolean admit() throws IOException, InterruptedException {
        out.write("RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
        String version = new String(in.readNBytes(VERSION_BYTES), StandardCharsets.US_ASCII);
        if (!version.matches("RFB 003\\.\\d{3}\n")) {
            throw new IOException("no VNC client");
        }
        minor = Integer.parseInt(version.substring(8, 11));
        int type = security.tls() != null ? VENCRYPT : plainType();
        if (!agree(type)) {
            return false;
        }
        if (type == VENCRYPT) {
            encrypt();
        }
        if (security.password() != null) {
            return passwordKnown();
        }
        if (type == VENCRYPT || minor >= 8) {
            out.writeInt(0);
        }
        return true;
    }

    private int plainType() {
        return security.password() == null ? NONE : PASSWORD;
    }

    private boolean agree(int type) throws IOException {
        if (minor >= 7) {
            out.write(new byte[] {1, (byte) type});
            if (in.readUnsignedByte() != type) {
                throw new IOException("a client that wants another security type");
            }
            return true;
        }
        if (type == VENCRYPT) {
            out.writeInt(INVALID);
            reason("TLS is needed");
            return false;
        }
        out.writeInt(type);
        return true;
    }

    private void reason(String text) throws IOException {
        out.writeInt(text.length());
        out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private boolean passwordKnown() throws IOException, InterruptedException {
        byte[] challenge = VncPassword.challenge();
        out.write(challenge);
        if (security.password().accepts(challenge, in.readNBytes(VncPassword.CHALLENGE_BYTES))) {
            out.writeInt(0);
            return true;
        }
        Thread.sleep(AFTER_A_WRONG_PASSWORD_MILLIS);
        out.writeInt(FAILED);
        if (minor >= 8) {
            reason("wrong password");
        }
        return false;
    }

    /// VeNCrypt 0.2, with a certificate or without: one of them, so that nobody on the way can choose.
    private void encrypt() throws IOException {
        out.write(new byte[] {0, VncTls.VENCRYPT_MINOR});
        int version = in.readUnsignedShort();
        if (version != VncTls.VENCRYPT_MINOR) {
            out.writeByte(0xff);
            throw new IOException("a client that speaks VeNCrypt " + (version >> 8) + "." + (version & 0xff));
        }
        int type = security.tls().type(security.password() != null);
        out.write(new byte[] {0, 1});
        out.writeInt(type);
        if (in.readInt() != type) {
            out.writeByte(0);
            throw new IOException("a client that wants another kind of TLS");
        }
        out.writeByte(1);
        use(security.tls().over(socket));
    }
}
