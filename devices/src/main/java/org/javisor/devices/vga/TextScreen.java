// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import java.util.Arrays;

/// What a text screen shows.
///
/// @param characters of code page 437, line by line
/// @param attributes theirs: foreground in bits 3:0, background in bits 6:4, and bit 7
/// @param cursor     the number of the cell with the cursor, -1 if there is none
/// @param blinks     whether bit 7 of an attribute has its character blink; otherwise it is the background's as well
public record TextScreen(int columns, int rows, byte[] characters, byte[] attributes, int cursor, boolean blinks) {
    /// The character of a cell in Unicode.
    public char character(int cell) {
        return CodePage437.toUnicode(characters[cell] & 0xff);
    }

    /// The number of its colour, 0 to 15 as IBM counts colours: blue is 1, red is 4.
    public int foreground(int cell) {
        return attributes[cell] & 0x0f;
    }

    public int background(int cell) {
        return attributes[cell] >> 4 & (blinks ? 7 : 15);
    }

    public boolean blinking(int cell) {
        return blinks && attributes[cell] < 0;
    }

    /// Whether a cell looks the same as in `other`, which is of the same size.
    public boolean same(TextScreen other, int cell) {
        return characters[cell] == other.characters[cell] && attributes[cell] == other.attributes[cell]
                && blinks == other.blinks;
    }

    public boolean sameSize(TextScreen other) {
        return columns == other.columns && rows == other.rows;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TextScreen that && sameSize(that) && cursor == that.cursor && blinks == that.blinks
                && Arrays.equals(characters, that.characters) && Arrays.equals(attributes, that.attributes);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(characters) + cursor;
    }

    /// The lines, without the blanks at their ends.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < rows; row++) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                line.append(character(row * columns + column));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
