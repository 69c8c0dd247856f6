// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.javisor.memory.ConfigurationException;

/// A server's certificate and key, and TLS with them; or TLS without any.
public final class VncTls {
    static final int VENCRYPT_MINOR = 2;
    /// Subtypes of VeNCrypt: without a certificate or with one, and then nothing, or VNC's password.
    static final int ANONYMOUS_NONE = 257, ANONYMOUS_PASSWORD = 258, X509_NONE = 260, X509_PASSWORD = 261;

    private static final String DISABLED = "jdk.tls.disabledAlgorithms";
    /// Later versions of TLS have no cipher suites without certificates.
    private static final String ANONYMOUS_VERSION = "TLSv1.2";
    private static final List<String> ANONYMOUS_SUITES = List.of("TLS_DH_anon_WITH_AES_256_GCM_SHA384",
            "TLS_DH_anon_WITH_AES_128_GCM_SHA256");

    private static final Pattern KEY = Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]+)-----END");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private final SSLContext context;
    private final boolean anonymous;

    private VncTls(SSLContext context, boolean anonymous) {
        this.context = context;
        this.anonymous = anonymous;
    }

    /// Has Java's TLS not refuse to go without certificates, which others in this process still have to ask for. To be
    /// called before TLS is used for anything: it looks once.
    public static void allowAnonymous() {
        Security.setProperty(DISABLED, Stream.of(Security.getProperty(DISABLED).split(","))
                .map(String::strip).filter(name -> !name.equals("anon")).collect(Collectors.joining(", ")));
    }

    /// TLS without a certificate: who only listens learns nothing, but who is at the other end is not known.
    ///
    /// @throws ConfigurationException if Java's does not do that
    public static VncTls anonymous() {
        try {
            SSLContext context = SSLContext.getInstance(ANONYMOUS_VERSION);
            context.init(null, null, null);
            if (!List.of(context.getSupportedSSLParameters().getCipherSuites()).containsAll(ANONYMOUS_SUITES)) {
                throw new ConfigurationException("TLS without a certificate: Java's TLS does not do that here");
            }
            return new VncTls(context, true);
        } catch (GeneralSecurityException e) {
            throw new ConfigurationException("TLS without a certificate: " + e.getMessage(), e);
        }
    }

    /// @param certificate a PEM file with the certificate, and those that vouch for it behind it; or a PKCS #12 file
    ///     with the key as well, without a password
    /// @param key         a PEM file with the key (PKCS #8); null if it is in the other file
    /// @throws ConfigurationException if that cannot be used
    public static VncTls of(Path certificate, Path key) {
        try {
            byte[] content = Files.readAllBytes(certificate);
            boolean pem = new String(content, StandardCharsets.ISO_8859_1).contains("-----BEGIN");
            KeyStore store = pem ? pem(content, key == null ? content : Files.readAllBytes(key)) : pkcs12(content);
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(store, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return new VncTls(context, false);
        } catch (NoSuchFileException e) {
            throw new ConfigurationException("TLS certificate " + certificate + ": no such file: " + e.getFile(), e);
        } catch (IOException | GeneralSecurityException e) {
            throw new ConfigurationException("TLS certificate " + certificate + (key == null ? "" : " with key " + key)
                    + ": cannot be used: " + e.getMessage(), e);
        }
    }

    private static KeyStore pkcs12(byte[] content) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(content), new char[0]);
        return store;
    }

    private static KeyStore pem(byte[] certificates, byte[] key) throws IOException, GeneralSecurityException {
        Certificate[] chain = certificates(certificates);
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("javisor", key(new String(key, StandardCharsets.ISO_8859_1)), new char[0], chain);
        return store;
    }

    /// Those of a PEM file, which may have other things as well.
    static Certificate[] certificates(byte[] pem) throws IOException, CertificateException {
        String text = new String(pem, StandardCharsets.ISO_8859_1);
        StringBuilder found = new StringBuilder();
        Matcher blocks = Pattern.compile("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----").matcher(text);
        while (blocks.find()) {
            found.append(blocks.group()).append('\n');
        }
        if (found.isEmpty()) {
            throw new CertificateException("no certificate in it");
        }
        try (InputStream in = new ByteArrayInputStream(found.toString().getBytes(StandardCharsets.ISO_8859_1))) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).toArray(Certificate[]::new);
        }
    }

    private static PrivateKey key(String pem) throws GeneralSecurityException {
        Matcher block = KEY.matcher(pem);
        if (!block.find()) {
            throw new InvalidKeySpecException("no private key in it");
        }
        if (!block.group(1).isEmpty()) {
            throw new InvalidKeySpecException("a key as '" + block.group(1) + "PRIVATE KEY'; openssl pkcs8 -topk8"
                    + " -nocrypt makes of it what is needed");
        }
        PKCS8EncodedKeySpec key;
        try {
            key = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(block.group(2)));
        } catch (IllegalArgumentException e) {
            throw new InvalidKeySpecException("the private key is damaged", e);
        }
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(key);
            } catch (InvalidKeySpecException _) {
                // Then another's.
                continue;
            }
        }
        throw new InvalidKeySpecException("a private key that is none of " + ALGORITHMS);
    }

    /// TLS on a connection, as its server, once the client has proved to speak it.
    Socket over(Socket plain) throws IOException {
        SSLSocket secured = (SSLSocket) context.getSocketFactory().createSocket(plain,
                plain.getInetAddress().getHostAddress(), plain.getPort(), true);
        secured.setUseClientMode(false);
        if (anonymous) {
            restrict(secured);
        }
        secured.startHandshake();
        return secured;
    }

    /// Leaves a connection nothing but what goes without certificates.
    static void restrict(SSLSocket socket) {
        socket.setEnabledProtocols(new String[] {ANONYMOUS_VERSION});
        socket.setEnabledCipherSuites(ANONYMOUS_SUITES.toArray(String[]::new));
    }

    /// The subtype of VeNCrypt.
    int type(boolean password) {
        return anonymous ? password ? ANONYMOUS_PASSWORD : ANONYMOUS_NONE : password ? X509_PASSWORD : X509_NONE;
    }

    /// TLS on a connection, as a client.
    ///
    /// @param trusted the server's certificate; null for those that Java trusts, and that have the host's name
    static Socket toServer(Socket plain, Path trusted) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            KeyStore store = null;
            if (trusted != null) {
                store = KeyStore.getInstance("PKCS12");
                store.load(null, null);
                store.setCertificateEntry("server", certificates(Files.readAllBytes(trusted))[0]);
            }
            trust.init(store);
            context.init(null, trust.getTrustManagers(), null);
            SSLSocket secured = (SSLSocket) context.getSocketFactory().createSocket(plain,
                    plain.getInetAddress().getHostName(), plain.getPort(), true);
            if (trusted == null) {
                SSLParameters parameters = secured.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                secured.setSSLParameters(parameters);
            }
            secured.startHandshake();
            return secured;
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS: " + e.getMessage(), e);
        }
    }
}
