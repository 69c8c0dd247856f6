// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

class InternetChecksumTest {
    @Test
    void isTheSumOfWordsWhereverTheyBegin() {
        SplittableRandom random = Seeds.random("InternetChecksumTest");
        for (int n = 0; n < 2000; n++) {
            byte[] bytes = new byte[random.nextInt(1, 3000)];
            random.nextBytes(bytes);
            if (random.nextInt(4) == 0) {
                Arrays.fill(bytes, (byte) -1);
            }
            int from = random.nextInt(bytes.length);
            int length = bytes.length - from;

            assertEquals(Packets.slowSum(bytes, from, length), InternetChecksum.sum(bytes, from, length, 0));
        }
    }

    @Test
    void goesOnFromAnotherSum() {
        byte[] bytes = {1, 2, 3, 4, 5, 6};

        assertEquals(InternetChecksum.sum(bytes, 0, 6, 0),
                InternetChecksum.sum(bytes, 2, 4, InternetChecksum.sum(bytes, 0, 2, 0)));
    }

    @Test
    void coversThePseudoHeader() {
        byte[] packet = Packets.checksummed(Packets.ipv4(17, 0x0a000203, 0x0a00020f,
                Packets.udp(5, 6, new byte[] {1, 2, 3})), 6);

        int start = InternetChecksum.pseudoHeader(packet, 0, 4, 17, packet.length - Packets.IP);
        assertEquals(0xffff, InternetChecksum.sum(packet, Packets.IP, packet.length - Packets.IP, start));
    }
}
