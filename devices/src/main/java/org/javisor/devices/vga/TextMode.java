// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

/// A VGA's text modes: characters in plane 0, their attributes in plane 1, the fonts in plane 2.
///
/// @datasheet IBM "Personal System/2 Hardware Interface Technical Reference", Video Subsystem
final class TextMode {
    private static final int MAX_COLUMNS = 256, MAX_ROWS = 256;
    private static final int EIGHT_DOTS = 1;
    private static final int CURSOR_OFF = 0x20, BLINKS = 8, LINE_DRAWING = 4;
    private static final int PLANE_FONT = 2, GLYPH_BYTES = 32;

    private final VgaRegisters registers;
    private final VideoMemory memory;

    TextMode(VgaRegisters registers, VideoMemory memory) {
        this.registers = registers;
        this.memory = memory;
    }

    /// The screen's size, and where things are, at one moment.
    private final class Layout {
        final int columns = Math.min(registers.crtc(1) + 1, MAX_COLUMNS);
        final int height = (registers.crtc(9) & 0x1f) + 1;
        final int rows = Math.clamp(registers.lines() / height, 1, MAX_ROWS);
        final int glyphWidth = (registers.sequencer(1) & EIGHT_DOTS) != 0 ? 8 : 9;
        final int start = registers.start();
        final int stride = registers.crtc(0x13) * 2;
        final boolean blinks = (registers.attribute(0x10) & BLINKS) != 0;
        /// Of the cell with the cursor; none if it is off.
        final long cursor = (registers.crtc(0x0a) & CURSOR_OFF) == 0
                ? 4L * (registers.crtc(0x0e) << 8 | registers.crtc(0x0f)) : -1;

        /// Where a character is; its attribute is behind it.
        long cell(int row, int column) {
            return 4L * (start + row * stride + column);
        }
    }

    TextScreen characters() {
        Layout layout = new Layout();
        byte[] characters = new byte[layout.rows * layout.columns];
        byte[] attributes = new byte[layout.rows * layout.columns];
        int cursor = -1;
        for (int n = 0; n < characters.length; n++) {
            long at = layout.cell(n / layout.columns, n % layout.columns);
            characters[n] = (byte) memory.load(at);
            attributes[n] = (byte) memory.load(at + 1);
            cursor = at == layout.cursor ? n : cursor;
        }
        return new TextScreen(layout.columns, layout.rows, characters, attributes, cursor, layout.blinks);
    }

    Screen.Frame draw(boolean blinkOn) {
        Layout layout = new Layout();
        int width = layout.columns * layout.glyphWidth;
        int[] pixels = new int[width * layout.rows * layout.height];
        for (int row = 0; row < layout.rows; row++) {
            for (int column = 0; column < layout.columns; column++) {
                draw(pixels, layout, row, column, blinkOn);
            }
        }
        return new Screen.Frame(width, layout.rows * layout.height, pixels);
    }

    private void draw(int[] pixels, Layout layout, int row, int column, boolean blinkOn) {
        long at = layout.cell(row, column);
        int character = memory.load(at);
        int attribute = memory.load(at + 1);
        int background = registers.paletteColour(layout.blinks ? attribute >> 4 & 7 : attribute >> 4);
        boolean hidden = layout.blinks && (attribute & 0x80) != 0 && !blinkOn;
        int foreground = hidden ? background : registers.paletteColour(attribute);
        boolean cursor = blinkOn && at == layout.cursor;
        int width = layout.columns * layout.glyphWidth;
        for (int line = 0; line < layout.height; line++) {
            boolean inCursor = cursor && line >= (registers.crtc(0x0a) & 0x1f) && line <= (registers.crtc(0x0b) & 0x1f);
            int dots = inCursor ? 0x1ff : dots(font(attribute), character, line);
            int to = (row * layout.height + line) * width + column * layout.glyphWidth;
            for (int x = 0; x < layout.glyphWidth; x++) {
                pixels[to + x] = (dots >> 8 - x & 1) != 0 ? foreground : background;
            }
        }
    }

    /// Which of eight fonts: bit 3 of the attribute chooses between two.
    private int font(int attribute) {
        int select = registers.sequencer(3);
        int number = (attribute & 8) != 0 ? select >> 2 & 3 | select >> 3 & 4 : select & 3 | select >> 2 & 4;
        return (number & 3) * 0x4000 + (number >> 2) * 0x2000;
    }

    /// Nine dots; the ninth repeats the eighth for line-drawing characters.
    private int dots(int font, int character, int line) {
        int eight = memory.load(4L * (font + character * GLYPH_BYTES + line) + PLANE_FONT);
        boolean extended = character >= 0xc0 && character <= 0xdf && (registers.attribute(0x10) & LINE_DRAWING) != 0;
        return eight << 1 | (extended ? eight & 1 : 0);
    }
}
