// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javisor.devices.vga.TextScreen;
import org.junit.jupiter.api.Test;

/// What is painted is read by a terminal that knows just the sequences needed.
class TextPainterTest {
    private static final Pattern SEQUENCE = Pattern.compile("\033\\[([?0-9;]*)([A-Za-z])");

    private final TextPainter painter = new TextPainter();
    private final Terminal terminal = new Terminal(25, 80);

    private static final class Terminal {
        final char[][] characters;
        final String[][] looks;
        int row;
        int column;
        boolean cursor = true;
        String look = "0";

        Terminal(int rows, int columns) {
            characters = new char[rows][columns];
            looks = new String[rows][columns];
        }

        void take(String text) {
            int at = 0;
            Matcher sequence = SEQUENCE.matcher(text);
            while (at < text.length()) {
                if (text.charAt(at) == '\033') {
                    assertTrue(sequence.find(at) && sequence.start() == at, "at " + at + " of " + text);
                    control(sequence.group(1), sequence.group(2).charAt(0));
                    at = sequence.end();
                } else {
                    characters[row][column] = text.charAt(at++);
                    looks[row][column++] = look;
                }
            }
        }

        private void control(String numbers, char last) {
            switch (last) {
                case 'm' -> look = numbers;
                case 'h', 'l' -> cursor = last == 'h';
                case 'H' -> {
                    row = Integer.parseInt(numbers.split(";")[0]) - 1;
                    column = Integer.parseInt(numbers.split(";")[1]) - 1;
                }
                case 'J' -> {
                    for (char[] line : characters) {
                        Arrays.fill(line, '\0');
                    }
                }
                default -> throw new AssertionError("sequence " + numbers + last);
            }
        }
    }

    private static TextScreen screen(int rows, int cursor) {
        byte[] characters = new byte[80 * rows];
        byte[] attributes = new byte[80 * rows];
        Arrays.fill(characters, (byte) ' ');
        Arrays.fill(attributes, (byte) 7);
        return new TextScreen(80, rows, characters, attributes, cursor, true);
    }

    private static TextScreen with(TextScreen screen, int cell, int character, int attribute) {
        byte[] characters = screen.characters().clone();
        byte[] attributes = screen.attributes().clone();
        characters[cell] = (byte) character;
        attributes[cell] = (byte) attribute;
        return new TextScreen(80, screen.rows(), characters, attributes, screen.cursor(), true);
    }

    @Test
    void charactersColoursAndTheCursorAreWhereTheyBelong() {
        TextScreen screen = with(with(screen(25, 83), 0, 'A', 0x1e), 81, 0xb3, 0x84);

        terminal.take(painter.paint(screen, 25, 80));

        assertEquals('A', terminal.characters[0][0]);
        assertEquals("0;93;44", terminal.looks[0][0], "yellow on blue");
        assertEquals('\u2502', terminal.characters[1][1]);
        assertEquals("0;31;40;5", terminal.looks[1][1], "red, blinking");
        assertEquals(1, terminal.row);
        assertEquals(3, terminal.column);
        assertTrue(terminal.cursor);
    }

    @Test
    void onlyWhatHasChangedIsSent() {
        TextScreen screen = screen(25, -1);
        assertTrue(painter.paint(screen, 25, 80).length() > 2000);
        assertEquals("", painter.paint(screen(25, -1), 25, 80));

        String change = painter.paint(with(screen, 500, 'x', 7), 25, 80);

        assertTrue(change.length() < 40 && change.endsWith("x"), change);
    }

    @Test
    void aSmallTerminalShowsWhereTheCursorIs() {
        TextScreen screen = with(screen(50, 80 * 40 + 5), 80 * 40, '>', 7);

        terminal.take(painter.paint(screen, 10, 80));

        assertEquals('>', terminal.characters[9][0]);
        assertEquals(9, terminal.row);
    }

    @Test
    void afterManyChangesTheTerminalShowsTheScreen() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("TextPainterTest seed " + seed);
        Random random = new Random(seed);
        TextScreen screen = screen(25, 0);
        for (int round = 0; round < 200; round++) {
            for (int n = random.nextInt(20); n > 0; n--) {
                screen = with(screen, random.nextInt(80 * 25), 'a' + random.nextInt(26), random.nextInt(256));
            }
            terminal.take(painter.paint(screen, 25, 80));
        }
        for (int cell = 0; cell < 80 * 25; cell++) {
            assertEquals(screen.character(cell), terminal.characters[cell / 80][cell % 80]);
        }
    }
}
