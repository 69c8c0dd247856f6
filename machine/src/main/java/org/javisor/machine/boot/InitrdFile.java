// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.boot;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;
import org.javisor.memory.ConfigurationException;

/// Checks an initial RAM disk for being whole, as far as its format shows it: cpio archives, one behind the other,
/// the last perhaps compressed with gzip. Other formats pass: the guest knows them better.
///
/// @linux Documentation/driver-api/early-userspace/buffer-format.rst
public final class InitrdFile {
    private static final int HEADER_BYTES = 110, FILESIZE = 54, NAMESIZE = 94;
    private static final String LAST_NAME = "TRAILER!!!";

    private final String name;
    private final byte[] bytes;

    private InitrdFile(String name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    /// @throws ConfigurationException if the file is empty or cut short
    public static void check(String name, byte[] bytes) {
        if (bytes.length == 0) {
            throw new ConfigurationException(name + ": is empty");
        }
        new InitrdFile(name, bytes).check();
    }

    private void check() {
        int at = 0;
        while (at < bytes.length) {
            if (bytes[at] == 0) {
                at++;
            } else if (startsWith(at, "070701") || startsWith(at, "070702")) {
                at = endOfArchive(at);
            } else {
                if (at + 1 < bytes.length && bytes[at] == 0x1f && bytes[at + 1] == (byte) 0x8b) {
                    checkGzip(at);
                }
                return;
            }
        }
    }

    private boolean startsWith(int at, String text) {
        byte[] wanted = text.getBytes(StandardCharsets.US_ASCII);
        return at + wanted.length <= bytes.length
                && java.util.Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length);
    }

    /// Follows the entries from `start` to the one that ends the archive, and returns where that ends.
    private int endOfArchive(int start) {
        for (int at = start; ; ) {
            if (bytes.length - at < HEADER_BYTES || !(startsWith(at, "070701") || startsWith(at, "070702"))) {
                throw cutShort();
            }
            long nameBytes = number(at + NAMESIZE);
            long contentAt = at + (HEADER_BYTES + nameBytes + 3 & -4);
            long next = contentAt + (number(at + FILESIZE) + 3 & -4);
            if (next > bytes.length || nameBytes == 0) {
                throw cutShort();
            }
            if (startsWith(at + HEADER_BYTES, LAST_NAME)) {
                return (int) next;
            }
            at = (int) next;
        }
    }

    /// Eight hexadecimal digits.
    private long number(int at) {
        try {
            return Long.parseLong(new String(bytes, at, 8, StandardCharsets.US_ASCII), 16);
        } catch (NumberFormatException e) {
            throw new ConfigurationException(name + ": damaged: not a number in a cpio header at byte " + at, e);
        }
    }

    private void checkGzip(int at) {
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes, at, bytes.length - at))) {
            in.transferTo(OutputStream.nullOutputStream());
        } catch (EOFException _) {
            throw cutShort();
        } catch (IOException e) {
            throw new ConfigurationException(name + ": damaged: " + e.getMessage(), e);
        }
    }

    private ConfigurationException cutShort() {
        return new ConfigurationException(name + ": cut short after " + bytes.length + " bytes");
    }
}
