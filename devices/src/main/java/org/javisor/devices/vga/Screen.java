// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import java.util.Arrays;

/// The picture that a VGA shows. Any thread may look; a guest that draws meanwhile tears the frame.
public final class Screen {
    private static final int GRAPHICS_MODE = 1;
    private static final long BLINK_NANOS = 266_000_000;

    private final VgaRegisters registers;
    private final VbeRegisters vbe;
    private final VideoMemory memory;
    private final TextMode text;

    Screen(VgaRegisters registers, VbeRegisters vbe, VideoMemory memory) {
        this.registers = registers;
        this.vbe = vbe;
        this.memory = memory;
        this.text = new TextMode(registers, memory);
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

    /// What a text screen says: a string for each line, in Unicode; empty in other modes.
    public String text() {
        return textMode() ? characters().toString() : "";
    }

    /// A text screen's characters and colours; what they are is undefined in other modes.
    public TextScreen characters() {
        return text.characters();
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
            return text.draw(nanos / BLINK_NANOS % 2 == 0);
        }
        return (registers.graphics(5) & 0x40) != 0 ? eightBits() : planar();
    }

    private int width() {
        return (registers.crtc(1) + 1) * 8;
    }

    /// How many lines show the same: the CRT controller's doubling and its character height.
    private int repeated() {
        int scan = registers.crtc(9);
        return ((scan & 0x1f) + 1) * ((scan & 0x80) != 0 ? 2 : 1);
    }

    // ---- graphics ----

    /// Sixteen colours in four planes.
    private Frame planar() {
        int width = width();
        int repeat = repeated();
        int height = Math.max(1, registers.lines() / repeat);
        int stride = registers.crtc(0x13) * 2;
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x += 8) {
                int planes = memory.loadPlanes(4L * (registers.start() + y * stride + x / 8));
                for (int bit = 0; bit < 8; bit++) {
                    int at = 7 - bit;
                    int colour = planes >>> at & 1 | (planes >>> at + 8 & 1) << 1 | (planes >>> at + 16 & 1) << 2
                            | (planes >>> at + 24 & 1) << 3;
                    pixels[y * width + x + bit] = registers.paletteColour(colour);
                }
            }
        }
        return new Frame(width, height, pixels);
    }

    /// 256 colours, one byte a pixel: mode 13h and its relatives.
    private Frame eightBits() {
        int width = width() / 2;
        int repeat = repeated();
        int height = Math.max(1, registers.lines() / repeat);
        int stride = registers.crtc(0x13) * 8;
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = y * width + x;
                pixels[at] = registers.colour(memory.load(4L * registers.start() + (long) y * stride + x), false);
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
        if (depth == 32) {
            for (int y = 0; y < height; y++) {
                memory.loadPixels(first + (long) y * stride, pixels, y * width, width);
            }
            return new Frame(width, height, pixels);
        }
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                long at = first + (long) y * stride + (long) x * bytes;
                pixels[y * width + x] = switch (depth) {
                    case 8 -> registers.colour(memory.load(at), wide);
                    case 15 -> fifteen(memory.load(at) | memory.load(at + 1) << 8);
                    case 16 -> sixteen(memory.load(at) | memory.load(at + 1) << 8);
                    case 24 -> memory.load(at) | memory.load(at + 1) << 8 | memory.load(at + 2) << 16;
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
}
