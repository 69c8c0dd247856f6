// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import java.util.Arrays;

/// The picture that a VGA shows. Any thread may look; a guest that draws meanwhile tears the frame.
public final class Screen {
    private static final int EIGHT_DOTS = 1, GRAPHICS_MODE = 1;
    private static final int CURSOR_OFF = 0x20;
    private static final int PLANE_FONT = 2, GLYPH_BYTES = 32;
    private static final long BLINK_NANOS = 266_000_000;

    private final VgaRegisters registers;
    private final VbeRegisters vbe;
    private final VideoMemory memory;

    Screen(VgaRegisters registers, VbeRegisters vbe, VideoMemory memory) {
        this.registers = registers;
        this.vbe = vbe;
        this.memory = memory;
    }

    /// A picture.
    ///
    /// @param pixels 0xRRGGBB, line by line
    public record Frame(int width, int height, int[] pixels) {
        public static Frame black(int width, int height) {
            return new Frame(width, height, new int[width * height]);
        }

        /// Whether it looks like `other`.
        public boolean shows(Frame other) {
            return width == other.width && height == other.height && Arrays.equals(pixels, other.pixels);
        }

        /// The same in another size: with black at the right and below, or without what is there.
        public Frame fitted(int newWidth, int newHeight) {
            Frame fitted = black(newWidth, newHeight);
            for (int y = 0; y < Math.min(height, newHeight); y++) {
                System.arraycopy(pixels, y * width, fitted.pixels, y * newWidth, Math.min(width, newWidth));
            }
            return fitted;
        }
    }

    /// Whether it shows characters.
    public boolean textMode() {
        return !vbe.enabled() && (registers.graphics(6) & GRAPHICS_MODE) == 0;
    }

    /// What a text screen says: a string for each line, characters as in code page 437's ASCII part; empty in other
    /// modes.
    public String text() {
        if (!textMode()) {
            return "";
        }
        Text size = new Text();
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < size.rows; row++) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < size.columns; column++) {
                int character = memory.load(size.cell(row, column));
                line.append(character >= 0x20 && character < 0x7f ? (char) character : ' ');
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /// The picture now.
    ///
    /// @param nanos of a clock, for what blinks
    public Frame frame(long nanos) {
        if (vbe.enabled() && vbe.get(VbeRegisters.WIDTH) > 0 && vbe.get(VbeRegisters.HEIGHT) > 0) {
            return linear();
        }
        if (!registers.visible()) {
            return new Frame(640, 400, new int[640 * 400]);
        }
        if (textMode()) {
            return new Text().draw(nanos / BLINK_NANOS % 2 == 0);
        }
        return (registers.graphics(5) & 0x40) != 0 ? eightBits() : planar();
    }

    private int width() {
        return (registers.crtc(1) + 1) * 8;
    }

    /// Lines of the display, before doubling.
    private int lines() {
        int overflow = registers.crtc(7);
        int lines = registers.crtc(0x12) + ((overflow & 2) << 7) + ((overflow & 0x40) << 3) + 1;
        return Math.max(1, lines);
    }

    private int start() {
        return registers.crtc(0x0c) << 8 | registers.crtc(0x0d);
    }

    /// How many lines show the same: the CRT controller's doubling and its character height.
    private int repeated() {
        int scan = registers.crtc(9);
        return ((scan & 0x1f) + 1) * ((scan & 0x80) != 0 ? 2 : 1);
    }

    private int paletteColour(int attribute) {
        int colour = registers.attribute(attribute & 0x0f);
        int select = registers.attribute(0x14);
        boolean fourBits = (registers.attribute(0x10) & 0x80) != 0;
        int index = fourBits ? colour & 0x0f | (select & 0x0f) << 4 : colour & 0x3f | (select & 0x0c) << 4;
        return registers.colour(index, false);
    }

    // ---- graphics ----

    /// Sixteen colours in four planes.
    private Frame planar() {
        int width = width();
        int repeat = repeated();
        int height = lines() / repeat;
        int stride = registers.crtc(0x13) * 2;
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x += 8) {
                int planes = memory.loadPlanes(4L * (start() + y * stride + x / 8));
                for (int bit = 0; bit < 8; bit++) {
                    int at = 7 - bit;
                    int colour = planes >>> at & 1 | (planes >>> at + 8 & 1) << 1 | (planes >>> at + 16 & 1) << 2
                            | (planes >>> at + 24 & 1) << 3;
                    pixels[y * width + x + bit] = paletteColour(colour);
                }
            }
        }
        return new Frame(width, height, pixels);
    }

    /// 256 colours, one byte a pixel: mode 13h and its relatives.
    private Frame eightBits() {
        int width = width() / 2;
        int repeat = repeated();
        int height = lines() / repeat;
        int stride = registers.crtc(0x13) * 8;
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                pixels[y * width + x] = registers.colour(memory.load(4L * start() + (long) y * stride + x), false);
            }
        }
        return new Frame(width, height, pixels);
    }

    /// The Bochs interface's modes.
    private Frame linear() {
        int width = vbe.get(VbeRegisters.WIDTH);
        int height = vbe.get(VbeRegisters.HEIGHT);
        int depth = vbe.get(VbeRegisters.DEPTH);
        int stride = vbe.stride();
        int bytes = (depth + 7) / 8;
        long first = (long) vbe.get(VbeRegisters.Y_OFFSET) * stride + (long) vbe.get(VbeRegisters.X_OFFSET) * bytes;
        boolean wide = (vbe.get(VbeRegisters.ENABLE) & VbeRegisters.EIGHT_BIT_DAC) != 0;
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                long at = first + (long) y * stride + (long) x * bytes;
                pixels[y * width + x] = switch (depth) {
                    case 8 -> registers.colour(memory.load(at), wide);
                    case 15 -> fifteen(memory.load(at) | memory.load(at + 1) << 8);
                    case 16 -> sixteen(memory.load(at) | memory.load(at + 1) << 8);
                    case 24 -> memory.load(at) | memory.load(at + 1) << 8 | memory.load(at + 2) << 16;
                    case 32 -> memory.loadPlanes(at) & 0xff_ffff;
                    default -> 0;
                };
            }
        }
        return new Frame(width, height, pixels);
    }

    private static int fifteen(int value) {
        return five(value >> 10) << 16 | five(value >> 5) << 8 | five(value);
    }

    private static int sixteen(int value) {
        int green = value >> 5 & 0x3f;
        return five(value >> 11) << 16 | (green << 2 | green >> 4) << 8 | five(value);
    }

    private static int five(int value) {
        int bits = value & 0x1f;
        return bits << 3 | bits >> 2;
    }

    // ---- text ----

    /// The size of a text screen, and how it is drawn.
    private final class Text {
        private static final int MAX_COLUMNS = 256, MAX_ROWS = 256;

        final int columns = Math.min(registers.crtc(1) + 1, MAX_COLUMNS);
        final int height = (registers.crtc(9) & 0x1f) + 1;
        final int rows = Math.clamp(lines() / height, 1, MAX_ROWS);
        final int glyphWidth = (registers.sequencer(1) & EIGHT_DOTS) != 0 ? 8 : 9;

        /// Where a character is; its attribute is behind it.
        long cell(int row, int column) {
            return 4L * (start() + row * registers.crtc(0x13) * 2 + column);
        }

        Frame draw(boolean blinkOn) {
            int width = columns * glyphWidth;
            int[] pixels = new int[width * rows * height];
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    draw(pixels, width, row, column, blinkOn);
                }
            }
            return new Frame(width, rows * height, pixels);
        }

        private void draw(int[] pixels, int width, int row, int column, boolean blinkOn) {
            long at = cell(row, column);
            int character = memory.load(at);
            int attribute = memory.load(at + 1);
            boolean blinks = (registers.attribute(0x10) & 8) != 0;
            int background = paletteColour(blinks ? attribute >> 4 & 7 : attribute >> 4);
            int foreground = blinks && (attribute & 0x80) != 0 && !blinkOn ? background : paletteColour(attribute);
            boolean cursor = blinkOn && cursorAt(at);
            for (int line = 0; line < height; line++) {
                boolean inCursor = cursor && line >= (registers.crtc(0x0a) & 0x1f)
                        && line <= (registers.crtc(0x0b) & 0x1f);
                int dots = inCursor ? 0x1ff : dots(font(attribute), character, line);
                int to = (row * height + line) * width + column * glyphWidth;
                for (int x = 0; x < glyphWidth; x++) {
                    pixels[to + x] = (dots >> 8 - x & 1) != 0 ? foreground : background;
                }
            }
        }

        private boolean cursorAt(long cell) {
            boolean on = (registers.crtc(0x0a) & CURSOR_OFF) == 0;
            return on && cell == 4L * (registers.crtc(0x0e) << 8 | registers.crtc(0x0f));
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
            boolean lineDrawing = character >= 0xc0 && character <= 0xdf && (registers.attribute(0x10) & 4) != 0;
            return eight << 1 | (lineDrawing ? eight & 1 : 0);
        }
    }
}
