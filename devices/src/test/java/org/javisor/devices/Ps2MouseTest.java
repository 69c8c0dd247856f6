// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class Ps2MouseTest {
    private final Ps2Mouse mouse = new Ps2Mouse();

    private List<Integer> sent() {
        List<Integer> sent = new ArrayList<>();
        mouse.report();
        while (!mouse.port().isEmpty()) {
            sent.add(mouse.port().take());
            mouse.report();
        }
        return sent;
    }

    private void command(int... bytes) {
        for (int b : bytes) {
            mouse.command(b);
            assertEquals(0xfa, mouse.port().take());
        }
    }

    private void knock(int first, int second, int third) {
        command(0xf3, first, 0xf3, second, 0xf3, third);
    }

    private int identity() {
        command(0xf2);
        return mouse.port().take();
    }

    @Test
    void identitiesAreKnockedForInTurn() {
        assertEquals(0, identity());
        knock(200, 200, 80);
        assertEquals(0, identity(), "five buttons only after the wheel");
        knock(200, 100, 80);
        assertEquals(3, identity());
        knock(200, 200, 80);
        assertEquals(4, identity());
        mouse.command(0xff);
        sent();
        assertEquals(0, identity());
    }

    @Test
    void fiveButtonsAndAWheelShareTheFourthByte() {
        knock(200, 100, 80);
        knock(200, 200, 80);
        command(0xf4);

        mouse.move(0, 0, -1, 0x18);

        assertEquals(List.of(8, 0, 0, 0x3f), sent());
        mouse.move(0, 0, 0, 0x08);
        assertEquals(List.of(8, 0, 0, 0x10), sent());
    }

    @Test
    void aLongWayTakesSeveralPackets() {
        command(0xf4);

        mouse.move(600, -300, 0, 0);

        assertEquals(List.of(0x28, 255, 1, 0x28, 255, 0xd3, 8, 90, 0), sent());
    }

    @Test
    void nothingOfAWayIsLostWhileNobodyReads() {
        command(0xf4);
        for (int n = 0; n < 1000; n++) {
            mouse.move(3, 1, 0, 0);
        }
        int x = 0;
        int y = 0;
        List<Integer> sent = sent();
        for (int at = 0; at < sent.size(); at += 3) {
            x += sent.get(at + 1);
            y += sent.get(at + 2);
        }
        assertEquals(3000, x);
        assertEquals(1000, y);
    }

    @Test
    void scalingDoublesWhatIsStreamed() {
        command(0xf4, 0xe7);
        mouse.move(4, -5, 0, 0);
        assertEquals(List.of(0x28, 6, 0xf7), sent());
        mouse.move(200, 6, 0, 0);
        assertEquals(List.of(8, 255, 12), sent());
    }

    @Test
    void inRemoteModeMovementWaitsToBeAskedFor() {
        command(0xf0, 0xf4);
        mouse.move(5, 6, 0, 1);
        mouse.move(5, 6, 0, 1);
        assertEquals(List.of(), sent());
        command(0xeb);
        assertEquals(List.of(9, 10, 12), sent());
        command(0xeb);
        assertEquals(List.of(9, 0, 0), sent());
    }

    @Test
    void whatIsAskedForAgainIsTheLastByte() {
        command(0xf4);
        mouse.move(1, 2, 0, 0);
        assertEquals(List.of(8, 1, 2), sent());
        mouse.command(0xfe);
        assertEquals(List.of(2), sent());
    }

    @Test
    void wrapModeEchoes() {
        command(0xee);
        mouse.command(0xf4);
        assertEquals(List.of(0xf4), sent());
        command(0xec);
        assertEquals(0, identity());
    }
}
