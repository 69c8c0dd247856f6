// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.IntStream;
import org.javisor.devices.vga.Screen;

/// Reads text off a picture that a program has drawn in cells of 8 by 16 pixels, with a font of its own.
final class PictureText {
    private static final int WIDTH = 8, HEIGHT = 16, FIRST = 0x20, END = 0x7f;
    private static final byte[] LETTER_A = HexFormat.of().parseHex("000010386cc6c6fec6c6c6c600000000");

    private final byte[] program;
    private final int font;

    /// @param program that has the font in it somewhere: one whose A is that of a VGA
    PictureText(byte[] program) {
        int letter = 0;
        while (!Arrays.equals(program, letter, letter + HEIGHT, LETTER_A, 0, HEIGHT)) {
            letter++;
        }
        this.program = program;
        font = letter - 'A' * HEIGHT;
    }

    /// The text of a picture in whose middle there are `columns` by `rows` cells: the most similar characters.
    String read(Screen.Frame frame, int columns, int rows) {
        int left = (frame.width() - columns * WIDTH) / 2, top = (frame.height() - rows * HEIGHT) / 2;
        if (left < 0 || top < 0) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                int at = (top + row * HEIGHT) * frame.width() + left + column * WIDTH;
                text.append(mostSimilar(glyph(frame, at)));
            }
            text.append('\n');
        }
        return text.toString();
    }

    private char mostSimilar(byte[] glyph) {
        return (char) IntStream.range(FIRST, END).boxed().min(Comparator.comparing(code -> difference(glyph, code)))
                .orElseThrow().intValue();
    }

    private int difference(byte[] glyph, int code) {
        return IntStream.range(0, HEIGHT)
                .map(y -> Integer.bitCount((glyph[y] ^ program[font + code * HEIGHT + y]) & 0xff)).sum();
    }

    /// What differs from the pixel in the corner, which no letter reaches.
    private static byte[] glyph(Screen.Frame frame, int at) {
        byte[] glyph = new byte[HEIGHT];
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                if (frame.pixels()[at + y * frame.width() + x] != frame.pixels()[at]) {
                    glyph[y] |= (byte) (0x80 >>> x);
                }
            }
        }
        return glyph;
    }
}
