// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.util.Arrays;
import org.javisor.devices.vga.Screen;

/// The colours of an area, each with a number, as long as they are few: a small hash table that is used again and
/// again.
final class Palette {
    static final int MAX_COLOURS = 256;
    private static final int SLOTS = 4 * MAX_COLOURS;

    private final int[] colours = new int[MAX_COLOURS];
    private final int[] slotColour = new int[SLOTS];
    private final short[] slotNumber = new short[SLOTS];
    private int size;

    /// Collects the colours of `area`, numbered in the order in which they come.
    ///
    /// @param most up to [#MAX_COLOURS]
    /// @return whether they are no more than `most`
    boolean collect(Screen.Frame frame, Area area, int most) {
        Arrays.fill(slotNumber, (short) 0);
        size = 0;
        int last = -1;
        for (int y = area.y(); y < area.bottom(); y++) {
            int from = y * frame.width() + area.x();
            for (int at = from; at < from + area.width(); at++) {
                int colour = frame.pixels()[at];
                if (colour != last && !add(colour, most)) {
                    return false;
                }
                last = colour;
            }
        }
        return true;
    }

    private boolean add(int colour, int most) {
        int slot = slot(colour);
        if (slotNumber[slot] == 0) {
            if (size == most) {
                return false;
            }
            slotColour[slot] = colour;
            colours[size++] = colour;
            slotNumber[slot] = (short) size;
        }
        return true;
    }

    /// Where `colour` is, or could be.
    private int slot(int colour) {
        int slot = (colour * 0x9e3779b1) >>> 22;
        while (slotNumber[slot] != 0 && slotColour[slot] != colour) {
            slot = slot + 1 & SLOTS - 1;
        }
        return slot;
    }

    int size() {
        return size;
    }

    int colour(int number) {
        return colours[number];
    }

    int[] colours() {
        return colours;
    }

    /// The number of a colour that was collected.
    int number(int colour) {
        return slotNumber[slot(colour)] - 1;
    }
}
