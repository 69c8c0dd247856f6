// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

import org.javisor.devices.vga.Screen;

/// Draws a picture on a terminal, as far as that goes: two blocks of colour in each cell, one above the other.
final class BlockPainter {
    private static final String CLEAR = "\033[0m\033[2J\033[?25l";
    private static final char UPPER_HALF = '\u2580';

    private int[] shown = {};
    private int shownColumns;

    /// Has the next picture drawn as a whole.
    void forget() {
        shown = new int[0];
    }

    /// What to send to a terminal of this size so that it shows `frame`, as large as it goes. Empty if it does already.
    String paint(Screen.Frame frame, int rows, int columns) {
        // A cell is about twice as high as it is wide.
        double scale = Math.max((double) frame.width() / columns, frame.height() / (2.0 * rows));
        int width = Math.clamp((int) (frame.width() / scale), 1, columns);
        int height = Math.clamp((int) (frame.height() / scale) & ~1, 2, 2 * rows);
        int[] blocks = new int[width * height];
        for (int n = 0; n < blocks.length; n++) {
            blocks[n] = average(frame, n % width, n / width, width, height);
        }
        StringBuilder out = new StringBuilder();
        boolean whole = blocks.length != shown.length || width != shownColumns;
        if (whole) {
            out.append(CLEAR);
        }
        for (int y = 0; y < height; y += 2) {
            for (int x = 0; x < width; x++) {
                int at = y * width + x;
                if (whole || blocks[at] != shown[at] || blocks[at + width] != shown[at + width]) {
                    out.append("\033[").append(y / 2 + 1).append(';').append(x + 1).append("H");
                    colour(out, "38", blocks[at]);
                    colour(out, "48", blocks[at + width]);
                    out.append(UPPER_HALF);
                }
            }
        }
        shown = blocks;
        shownColumns = width;
        return out.toString();
    }

    private static void colour(StringBuilder out, String which, int rgb) {
        out.append("\033[").append(which).append(";2;").append(rgb >> 16 & 0xff).append(';').append(rgb >> 8 & 0xff)
                .append(';').append(rgb & 0xff).append('m');
    }

    /// The colour of what is seen in one block.
    private static int average(Screen.Frame frame, int x, int y, int width, int height) {
        int left = x * frame.width() / width;
        int right = Math.max(left + 1, (x + 1) * frame.width() / width);
        int top = y * frame.height() / height;
        int bottom = Math.max(top + 1, (y + 1) * frame.height() / height);
        long red = 0;
        long green = 0;
        long blue = 0;
        for (int line = top; line < Math.min(bottom, frame.height()); line++) {
            for (int column = left; column < Math.min(right, frame.width()); column++) {
                int pixel = frame.pixels()[line * frame.width() + column];
                red += pixel >> 16 & 0xff;
                green += pixel >> 8 & 0xff;
                blue += pixel & 0xff;
            }
        }
        long count = (long) (right - left) * (bottom - top);
        return (int) (red / count << 16 | green / count << 8 | blue / count);
    }
}
