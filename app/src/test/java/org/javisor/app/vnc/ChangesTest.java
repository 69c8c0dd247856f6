// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.javisor.devices.vga.Screen.Frame;
import org.junit.jupiter.api.Test;

class ChangesTest {
    private static Frame copy(Frame frame) {
        return new Frame(frame.width(), frame.height(), frame.pixels().clone());
    }

    @Test
    void whatIsTheSameHasNone() {
        Frame frame = Frame.black(100, 50);
        assertEquals(List.of(), Changes.between(frame, frame));
        assertEquals(List.of(), Changes.between(frame, copy(frame)));
    }

    @Test
    void twoPlacesFarApartAreTwoSmallAreas() {
        Frame before = Frame.black(720, 400);
        Frame now = copy(before);
        now.pixels()[5 * 720 + 700] = 1;
        now.pixels()[300 * 720 + 10] = 1;
        assertEquals(List.of(new Area(672, 0, 48, 16).within(704, 400), new Area(0, 288, 32, 16)),
                Changes.between(before, now).stream().map(a -> a.within(704, 400)).toList());
    }

    @Test
    void tilesBelowEachOtherBecomeOneArea() {
        Frame before = Frame.black(128, 64);
        Frame now = copy(before);
        for (int y = 0; y < 40; y++) {
            now.pixels()[y * 128 + 70] = 1;
        }
        assertEquals(List.of(new Area(64, 0, 32, 48)), Changes.between(before, now));
    }

    @Test
    void areasDoNotOverlapAndHaveEverythingThatChanged() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("ChangesTest seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            int width = 1 + random.nextInt(300);
            int height = 1 + random.nextInt(200);
            Frame before = Frame.black(width, height);
            Frame now = copy(before);
            for (int n = random.nextInt(40); n > 0; n--) {
                now.pixels()[random.nextInt(now.pixels().length)] = 1;
            }
            int[] covered = new int[width * height];
            for (Area area : Changes.between(before, now)) {
                for (int y = area.y(); y < area.bottom(); y++) {
                    for (int x = area.x(); x < area.right(); x++) {
                        covered[y * width + x]++;
                    }
                }
            }
            for (int at = 0; at < covered.length; at++) {
                assertTrue(covered[at] <= 1 && covered[at] >= now.pixels()[at]);
            }
        }
    }
}
