// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ZstdTest {
    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);

    private byte[] sample() {
        byte[] bytes = new byte[1 + random.nextInt(400_000)];
        for (int at = 0; at < bytes.length; ) {
            int length = Math.min(bytes.length - at, 1 + random.nextInt(5000));
            int back = at == 0 ? 0 : 1 + random.nextInt(Math.min(at, 300_000));
            for (int i = at; i < at + length; i++) {
                bytes[i] = back == 0 || length % 3 == 0 ? (byte) random.nextInt(256) : bytes[i - back];
            }
            at += length;
        }
        return bytes;
    }

    @Test
    void whatIsEncodedIsDecoded() throws DamagedException {
        System.out.println("-Djavisor.seed=" + seed);
        for (int i = 0; i < 60; i++) {
            byte[] bytes = sample();
            byte[] packed = new byte[bytes.length + 1000];
            int length = ZstdEncoder.encode(bytes, packed);
            byte[] back = new byte[bytes.length];

            assertEquals(bytes.length, ZstdDecoder.decode(packed, 0, length, back));
            assertArrayEquals(bytes, back, () -> "-Djavisor.seed=" + seed);
        }
    }

    @Test
    void repetitionBecomesSmallAndNoiseIsRefused() {
        byte[] text = "all work and no play ".repeat(3000).getBytes(StandardCharsets.US_ASCII);
        assertTrue(ZstdEncoder.encode(text, new byte[text.length]) < 100);

        byte[] noise = new byte[65536];
        random.nextBytes(noise);
        assertEquals(-1, ZstdEncoder.encode(noise, new byte[noise.length]));
    }

    /// By hand, after the specification.
    @Test
    void aFrameWithRawAndRunLengthBlocksIsDecoded() throws DamagedException {
        byte[] frame = HexFormat.of().parseHex("28b52ffd" + "2008" + "180000" + "616263" + "2b0000" + "7a");
        byte[] out = new byte[8];

        assertEquals(8, ZstdDecoder.decode(frame, 0, frame.length, out));
        assertEquals("abczzzzz", new String(out, StandardCharsets.US_ASCII));
    }

    @Test
    void damagedFramesAreAnErrorAndNothingElse() {
        byte[] bytes = sample();
        byte[] packed = new byte[bytes.length + 1000];
        int length = ZstdEncoder.encode(bytes, packed);
        byte[] out = new byte[bytes.length];
        for (int i = 0; i < 3000; i++) {
            byte[] damaged = Arrays.copyOf(packed, random.nextInt(4) == 0 ? random.nextInt(length) : length);
            for (int n = 0; n < 3 && damaged.length > 0; n++) {
                damaged[random.nextInt(random.nextBoolean() ? damaged.length : Math.min(damaged.length, 20))] =
                        (byte) random.nextInt(256);
            }
            try {
                ZstdDecoder.decode(damaged, 0, damaged.length, out);
            } catch (DamagedException _) {
                // As it should be, where it is noticed.
            }
        }
        assertThrows(DamagedException.class, () -> ZstdDecoder.decode(packed, 0, length, new byte[bytes.length - 1]));
    }
}
