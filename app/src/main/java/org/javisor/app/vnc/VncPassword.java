// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/// VNC's challenge: sixteen random bytes that the client encrypts by DES with the password's first eight characters. It
/// keeps the password off the wire, and not much more.
///
/// @rfc RFC 6143 §7.2.2 "VNC Authentication"
public final class VncPassword {
    static final int CHALLENGE_BYTES = 16;
    private static final int KEY_BYTES = 8;

    private final byte[] key;

    /// @param password of which the first eight characters count
    public VncPassword(String password) {
        byte[] characters = Arrays.copyOf(password.getBytes(StandardCharsets.ISO_8859_1), KEY_BYTES);
        for (int n = 0; n < KEY_BYTES; n++) {
            // DES keys have their bits the other way round here.
            characters[n] = (byte) (Integer.reverse(characters[n]) >>> 24);
        }
        key = characters;
    }

    static byte[] challenge() {
        byte[] challenge = new byte[CHALLENGE_BYTES];
        new SecureRandom().nextBytes(challenge);
        return challenge;
    }

    byte[] answer(byte[] challenge) {
        try {
            Cipher des = Cipher.getInstance("DES/ECB/NoPadding");
            des.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "DES"));
            return des.doFinal(challenge);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no DES", e);
        }
    }

    boolean accepts(byte[] challenge, byte[] answer) {
        return MessageDigest.isEqual(answer(challenge), answer);
    }
}
