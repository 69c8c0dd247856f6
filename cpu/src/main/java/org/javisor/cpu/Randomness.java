// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.nio.ByteBuffer;
import java.security.SecureRandom;

/// The random numbers of RDRAND and RDSEED, taken from the host a buffer at a time. Made when first asked.
final class Randomness {
    private static final int BUFFER_BYTES = 512;

    private final byte[] bytes = new byte[BUFFER_BYTES];
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes).position(BUFFER_BYTES);
    private SecureRandom source;

    long next() {
        if (!buffer.hasRemaining()) {
            if (source == null) {
                source = new SecureRandom();
            }
            source.nextBytes(bytes);
            buffer.clear();
        }
        return buffer.getLong();
    }
}
