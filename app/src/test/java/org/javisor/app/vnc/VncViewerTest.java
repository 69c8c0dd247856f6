// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.javisor.machine.Machine;
import org.javisor.memory.ConfigurationException;
import org.javisor.testkit.MicroGuest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Our client at our server, with every kind of security.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class VncViewerTest {
    @TempDir
    private Path directory;
    private Machine machine;
    private VncServer server;

    @BeforeEach
    void build() {
        machine = Machine.builder().memory(32 << 20).kernel("micro-guest", new MicroGuest().bytes(0xf4).elf())
                .display(new byte[0]).build();
    }

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
        machine.close();
    }

    private InetSocketAddress serve(VncSecurity security) {
        server = VncServer.listen(machine, "127.0.0.1:0", security, _ -> { });
        return VncAddress.ofServer(server.address());
    }

    private static void assertSees(InetSocketAddress address, String password, Path trusted) throws IOException {
        try (VncViewer viewer = VncViewer.connect(address, password, trusted)) {
            assertArrayEquals(new int[640 * 400], viewer.look().pixels());
        }
    }

    private static void assertRefused(String expected, InetSocketAddress address, String password, Path trusted) {
        String message = assertThrows(IOException.class, () -> assertSees(address, password, trusted)).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void withoutSecurity() throws IOException {
        assertSees(serve(VncSecurity.NONE), null, null);
        assertSees(VncAddress.ofServer(server.address()), "a password that nobody asks for", null);
    }

    @Test
    void withAPassword() throws IOException {
        InetSocketAddress address = serve(new VncSecurity(new VncPassword("secret"), null));
        assertSees(address, "secret", null);
        assertRefused("wrong password", address, "guessed", null);
        assertRefused("password", address, null, null);
    }

    /// @return a PKCS #12 file with a key of its own, password "changeit"
    private Path keys(String algorithm) throws IOException, InterruptedException {
        Path file = directory.resolve(algorithm + ".keys");
        Path log = directory.resolve("keytool.log");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-alias", "vnc", "-keyalg", algorithm, "-dname", "CN=localhost", "-keystore",
                file.toString(), "-storepass", "changeit", "-storetype", "PKCS12")
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertEquals(0, keytool.waitFor(), Files.readString(log));
        return file;
    }

    private static String pem(String what, byte[] der) {
        return "-----BEGIN " + what + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END " + what + "-----\n";
    }

    @Test
    void withTlsAndItsCertificateInEveryForm() throws Exception {
        for (String algorithm : new String[] {"RSA", "EC", "Ed25519"}) {
            KeyStore store = KeyStore.getInstance(keys(algorithm).toFile(), "changeit".toCharArray());
            byte[] key = store.getKey("vnc", "changeit".toCharArray()).getEncoded();
            byte[] certificate = store.getCertificate("vnc").getEncoded();
            Path certificateFile = Files.writeString(directory.resolve("c.pem"), pem("CERTIFICATE", certificate));
            Path keyFile = Files.writeString(directory.resolve("k.pem"), pem("PRIVATE KEY", key));
            assertSees(serve(new VncSecurity(null, VncTls.of(certificateFile, keyFile))), null, certificateFile);
            server.close();

            Path both = Files.writeString(directory.resolve("both.pem"),
                    Files.readString(keyFile) + Files.readString(certificateFile));
            VncSecurity security = new VncSecurity(new VncPassword("secret"), VncTls.of(both, null));
            InetSocketAddress address = serve(security);
            assertSees(address, "secret", certificateFile);
            assertRefused("wrong password", address, "guessed", certificateFile);
            assertThrows(IOException.class, () -> assertSees(address, "secret", null), "nobody vouches for it");
            server.close();

            KeyStore open = KeyStore.getInstance("PKCS12");
            open.load(null, null);
            open.setKeyEntry("vnc", store.getKey("vnc", "changeit".toCharArray()), new char[0],
                    store.getCertificateChain("vnc"));
            Path p12 = directory.resolve("open.p12");
            try (FileOutputStream out = new FileOutputStream(p12.toFile())) {
                open.store(out, new char[0]);
            }
            assertSees(serve(new VncSecurity(null, VncTls.of(p12, null))), null, certificateFile);
            server.close();
        }
    }

    /// Skipped where another test has used TLS before: Java looks once whether that is allowed.
    @Test
    void withTlsWithoutACertificate() throws Exception {
        VncTls.allowAnonymous();
        VncTls tls = anonymousIfAllowed();
        InetSocketAddress address = serve(new VncSecurity(null, tls));
        assertRefused("a kind of TLS", address, null, null);
        assertEquals("anonymous", enterAnonymously(address, VncTls.ANONYMOUS_NONE, null));
        server.close();

        address = serve(new VncSecurity(new VncPassword("secret"), tls));
        assertEquals("anonymous", enterAnonymously(address, VncTls.ANONYMOUS_PASSWORD, "secret"));
        assertEquals("refused", enterAnonymously(address, VncTls.ANONYMOUS_PASSWORD, "guessed"));
    }

    private static VncTls anonymousIfAllowed() {
        try {
            return VncTls.anonymous();
        } catch (ConfigurationException e) {
            return Assumptions.abort(e.getMessage());
        }
    }

    /// @return "refused", or for who is let in, "anonymous" or "certified"
    private static String enterAnonymously(InetSocketAddress address, int type, String password) throws Exception {
        try (Socket plain = new Socket(address.getAddress(), address.getPort())) {
            DataInputStream in = new DataInputStream(plain.getInputStream());
            DataOutputStream out = new DataOutputStream(plain.getOutputStream());
            in.readNBytes(12);
            out.write("RFB 003.008\n".getBytes());
            assertEquals(List.of(1, 19), List.of(in.read(), in.read()));
            out.write(19);
            assertEquals(2, in.readUnsignedShort());
            out.writeShort(2);
            assertEquals(List.of(0, 1, type), List.of(in.read(), in.read(), in.readInt()), "what it offers");
            out.writeInt(type);
            assertEquals(1, in.read());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, null, null);
            SSLSocket secured = (SSLSocket) context.getSocketFactory().createSocket(plain, "server", 1, true);
            VncTls.restrict(secured);
            secured.startHandshake();
            in = new DataInputStream(secured.getInputStream());
            if (password != null) {
                secured.getOutputStream().write(new VncPassword(password)
                        .answer(in.readNBytes(VncPassword.CHALLENGE_BYTES)));
            }
            return in.readInt() != 0 ? "refused"
                    : secured.getSession().getCipherSuite().startsWith("TLS_DH_anon") ? "anonymous" : "certified";
        }
    }

    @Test
    void certificatesThatCannotBeUsedAreNamed() throws IOException {
        Path nonsense = Files.writeString(directory.resolve("n.pem"), "-----BEGIN NOTHING-----\n");
        for (Path file : new Path[] {nonsense, directory.resolve("missing"), Files.write(nonsense, new byte[100])}) {
            String message = assertThrows(ConfigurationException.class, () -> VncTls.of(file, null)).getMessage();
            assertTrue(message.contains(file.toString()), message);
        }
    }

    /// A server that is none, or one that announces absurd sizes: an error, not an endless wait or a full memory.
    @Test
    void whatAServerCannotMeanIsAnError() throws Exception {
        byte[][] answers = {
            "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(),
            "RFB 003.008\n".getBytes(),
            ("RFB 003.008\n\1\1\0\0\0\0\177\177\177\177" + "\0".repeat(16) + "\0\0\0\0").getBytes(),
            ("RFB 003.008\n\1\1\0\0\0\0\0\20\0\20" + "\0".repeat(16) + "\177\0\0\0").getBytes(),
            ("RFB 003.008\n\1\1\0\0\0\0\0\20\0\20" + "\0".repeat(16) + "\0\0\0\0\0\0\0\1\0\17\0\0\0\20\0\20"
                    + "\0\0\0\0").getBytes(),
            ("RFB 003.008\n\1\1\0\0\0\0\0\20\0\20" + "\0".repeat(16) + "\0\0\0\0\11").getBytes()};
        for (byte[] answer : answers) {
            try (ServerSocket listening = new ServerSocket(0)) {
                Thread.ofVirtual().start(() -> answer(listening, answer));
                assertThrows(IOException.class,
                        () -> assertSees(new InetSocketAddress("127.0.0.1", listening.getLocalPort()), null, null));
            }
        }
    }

    private static void answer(ServerSocket listening, byte[] answer) {
        try (Socket socket = listening.accept()) {
            socket.getOutputStream().write(answer);
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        } catch (IOException _) {
            // The client has left, which is right.
            return;
        }
    }
}
