// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

import org.javisor.devices.EightBitDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;

/// The registers of a VGA, ports 0x3b0 to 0x3df: sequencer, CRT controller, graphics controller, attribute controller
/// and DAC. They remember; [VgaWindow] and [Screen] give them meaning.
///
/// @datasheet IBM "Personal System/2 Hardware Interface Technical Reference", Video Subsystem
public final class VgaRegisters implements EightBitDevice, Chip<VgaRegisters.State> {
    public static final int PORT = 0x3b0, PORTS = 48;

    static final int SEQUENCER = 8, CRTC = 25, GRAPHICS = 9, ATTRIBUTES = 21, DAC = 768;
    // Offsets from PORT.
    private static final int MONO_CRTC = 0x04, MONO_STATUS = 0x0a, ATTRIBUTE = 0x10, ATTRIBUTE_READ = 0x11, MISC = 0x12,
            SEQUENCER_INDEX = 0x14, SEQUENCER_DATA = 0x15, DAC_MASK = 0x16, DAC_READ_INDEX = 0x17,
            DAC_WRITE_INDEX = 0x18, DAC_DATA = 0x19, FEATURE = 0x1a, MISC_READ = 0x1c, GRAPHICS_INDEX = 0x1e,
            GRAPHICS_DATA = 0x1f, COLOUR_CRTC = 0x24, COLOUR_STATUS = 0x2a;
    private static final int COLOUR = 1;
    private static final int RETRACE = 8, BLANK = 1;
    private static final int CRTC_PROTECT = 0x80, LINE_COMPARE_BIT = 0x10;
    /// A frame at 70 Hz, of which the last part is the vertical retrace.
    private static final long FRAME_NANOS = 14_285_714, RETRACE_NANOS = 1_000_000;

    private static final int[] SEQUENCER_MASKS = {0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0, 0, 0xff};
    private static final int[] GRAPHICS_MASKS = {0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff};

    /// Everything the registers remember.
    ///
    /// @param indices of attribute, sequencer, graphics and CRT controller, DAC to read and to write
    /// @param flags   bit 0: the next write to the attribute port is data; bits 3:2 and 5:4: which colour of three the
    ///     DAC reads and writes next
    public record State(byte[] sequencer, byte[] crtc, byte[] graphics, byte[] attributes, byte[] dac, int misc,
            int dacMask, byte[] indices, int flags) {
        public State {
            if (sequencer.length != SEQUENCER || crtc.length != CRTC || graphics.length != GRAPHICS
                    || attributes.length != ATTRIBUTES || dac.length != DAC || indices.length != 6
                    || (misc & ~0xff) != 0 || (dacMask & ~0xff) != 0 || (flags & ~0x3d) != 0
                    || (flags >> 2 & 3) > 2 || (flags >> 4 & 3) > 2) {
                throw new IllegalArgumentException("VGA state that no VGA can have");
            }
            sequencer = sequencer.clone();
            crtc = crtc.clone();
            graphics = graphics.clone();
            attributes = attributes.clone();
            dac = dac.clone();
            indices = indices.clone();
        }
    }

    private final Clock clock;
    // Guarded by this; the picture and the window read them without, which tears a frame at worst.
    final byte[] sequencer = new byte[SEQUENCER];
    final byte[] crtc = new byte[CRTC];
    final byte[] graphics = new byte[GRAPHICS];
    final byte[] attributes = new byte[ATTRIBUTES];
    final byte[] dac = new byte[DAC];
    private int misc;
    private int dacMask;
    private int attributeIndex;
    private int sequencerIndex;
    private int graphicsIndex;
    private int crtcIndex;
    private int dacReadIndex;
    private int dacWriteIndex;
    private boolean attributeData;
    private int dacReadColour;
    private int dacWriteColour;

    public VgaRegisters(Clock clock) {
        this.clock = clock;
        reset();
    }

    int sequencer(int index) {
        return sequencer[index] & 0xff;
    }

    int crtc(int index) {
        return crtc[index] & 0xff;
    }

    int graphics(int index) {
        return graphics[index] & 0xff;
    }

    int attribute(int index) {
        return attributes[index] & 0xff;
    }

    /// Whether the attribute controller shows the picture: bit 5 of its index.
    boolean visible() {
        return (attributeIndex & 0x20) != 0;
    }

    /// Lines of the display, before doubling.
    int lines() {
        int overflow = crtc(7);
        return crtc(0x12) + ((overflow & 2) << 7) + ((overflow & 0x40) << 3) + 1;
    }

    /// Where the picture begins, in each plane.
    int start() {
        return crtc(0x0c) << 8 | crtc(0x0d);
    }

    /// A colour of the sixteen of text and planes.
    int paletteColour(int number) {
        int colour = attribute(number & 0x0f);
        int select = attribute(0x14);
        boolean fourBits = (attribute(0x10) & 0x80) != 0;
        int index = fourBits ? colour & 0x0f | (select & 0x0f) << 4 : colour & 0x3f | (select & 0x0c) << 4;
        return colour(index, false);
    }

    /// A colour of the DAC as 0xRRGGBB; its 6-bit components are widened unless it has 8-bit ones.
    int colour(int index, boolean eightBits) {
        int at = 3 * (index & dacMask & 0xff);
        return component(dac[at], eightBits) << 16 | component(dac[at + 1], eightBits) << 8
                | component(dac[at + 2], eightBits);
    }

    private static int component(byte value, boolean eightBits) {
        return eightBits ? value & 0xff : (value & 0x3f) << 2 | (value & 0x3f) >> 4;
    }

    // ---- ports ----

    /// Mono and colour addresses of the CRT controller exclude each other.
    private boolean decodes(int offset) {
        boolean mono = offset < ATTRIBUTE;
        boolean colourOnly = offset >= COLOUR_CRTC;
        return !(mono && (misc & COLOUR) != 0) && !(colourOnly && (misc & COLOUR) == 0);
    }

    @Override
    public synchronized int readByte(int offset) {
        if (!decodes(offset)) {
            return 0xff;
        }
        return switch (offset) {
            case ATTRIBUTE -> attributeData ? 0 : attributeIndex;
            case ATTRIBUTE_READ -> (attributeIndex & 0x1f) < ATTRIBUTES ? attribute(attributeIndex & 0x1f) : 0;
            // Input status 0: a colour monitor's sense bit.
            case MISC -> 0x10;
            case SEQUENCER_INDEX -> sequencerIndex;
            case SEQUENCER_DATA -> sequencer(sequencerIndex & 7);
            case DAC_MASK -> dacMask;
            case DAC_READ_INDEX -> 3;
            case DAC_WRITE_INDEX -> dacWriteIndex;
            case DAC_DATA -> nextColour();
            case FEATURE -> 0;
            case MISC_READ -> misc;
            case GRAPHICS_INDEX -> graphicsIndex;
            case GRAPHICS_DATA -> graphicsIndex < GRAPHICS ? graphics(graphicsIndex) : 0;
            case MONO_CRTC, COLOUR_CRTC -> crtcIndex;
            case MONO_CRTC + 1, COLOUR_CRTC + 1 -> crtcIndex < CRTC ? crtc(crtcIndex) : 0;
            case MONO_STATUS, COLOUR_STATUS -> {
                attributeData = false;
                yield clock.nanos() % FRAME_NANOS > FRAME_NANOS - RETRACE_NANOS ? RETRACE | BLANK
                        : clock.nanos() / 16_000 % 2 == 0 ? BLANK : 0;
            }
            default -> 0xff;
        };
    }

    private int nextColour() {
        int value = dac[3 * dacReadIndex + dacReadColour] & 0xff;
        if (++dacReadColour == 3) {
            dacReadColour = 0;
            dacReadIndex = dacReadIndex + 1 & 0xff;
        }
        return value;
    }

    @Override
    public synchronized void writeByte(int offset, int value) {
        if (!decodes(offset)) {
            return;
        }
        switch (offset) {
            case ATTRIBUTE -> writeAttribute(value);
            case MISC -> misc = value & ~0x10;
            case SEQUENCER_INDEX -> sequencerIndex = value & 7;
            case SEQUENCER_DATA -> sequencer[sequencerIndex] = (byte) (value & SEQUENCER_MASKS[sequencerIndex]);
            case DAC_MASK -> dacMask = value;
            case DAC_READ_INDEX -> {
                dacReadIndex = value;
                dacReadColour = 0;
            }
            case DAC_WRITE_INDEX -> {
                dacWriteIndex = value;
                dacWriteColour = 0;
            }
            case DAC_DATA -> writeColour(value);
            case GRAPHICS_INDEX -> graphicsIndex = value & 0x0f;
            case GRAPHICS_DATA -> {
                if (graphicsIndex < GRAPHICS) {
                    graphics[graphicsIndex] = (byte) (value & GRAPHICS_MASKS[graphicsIndex]);
                }
            }
            case MONO_CRTC, COLOUR_CRTC -> crtcIndex = value & 0x3f;
            case MONO_CRTC + 1, COLOUR_CRTC + 1 -> writeCrtc(value);
            default -> { }
        }
    }

    private void writeAttribute(int value) {
        if (!attributeData) {
            attributeIndex = value & 0x3f;
        } else if ((attributeIndex & 0x1f) < ATTRIBUTES) {
            attributes[attributeIndex & 0x1f] = (byte) (value & 0x3f);
        }
        attributeData = !attributeData;
    }

    private void writeColour(int value) {
        dac[3 * dacWriteIndex + dacWriteColour] = (byte) value;
        if (++dacWriteColour == 3) {
            dacWriteColour = 0;
            dacWriteIndex = dacWriteIndex + 1 & 0xff;
        }
    }

    private void writeCrtc(int value) {
        if (crtcIndex >= CRTC) {
            return;
        }
        if ((crtc(0x11) & CRTC_PROTECT) != 0 && crtcIndex < 8) {
            if (crtcIndex == 7) {
                crtc[7] = (byte) (crtc(7) & ~LINE_COMPARE_BIT | value & LINE_COMPARE_BIT);
            }
            return;
        }
        crtc[crtcIndex] = (byte) value;
    }

    // ---- life ----

    @Override
    public void reset() {
        load(new State(new byte[SEQUENCER], new byte[CRTC], new byte[GRAPHICS], new byte[ATTRIBUTES], new byte[DAC],
                COLOUR, 0xff, new byte[6], 0));
    }

    @Override
    public synchronized State save() {
        byte[] indices = {(byte) attributeIndex, (byte) sequencerIndex, (byte) graphicsIndex, (byte) crtcIndex,
            (byte) dacReadIndex, (byte) dacWriteIndex};
        return new State(sequencer, crtc, graphics, attributes, dac, misc, dacMask, indices,
                (attributeData ? 1 : 0) | dacReadColour << 2 | dacWriteColour << 4);
    }

    @Override
    public synchronized void load(State state) {
        System.arraycopy(state.sequencer, 0, sequencer, 0, SEQUENCER);
        System.arraycopy(state.crtc, 0, crtc, 0, CRTC);
        System.arraycopy(state.graphics, 0, graphics, 0, GRAPHICS);
        System.arraycopy(state.attributes, 0, attributes, 0, ATTRIBUTES);
        System.arraycopy(state.dac, 0, dac, 0, DAC);
        misc = state.misc;
        dacMask = state.dacMask;
        attributeIndex = state.indices[0] & 0x3f;
        sequencerIndex = state.indices[1] & 7;
        graphicsIndex = state.indices[2] & 0x0f;
        crtcIndex = state.indices[3] & 0x3f;
        dacReadIndex = state.indices[4] & 0xff;
        dacWriteIndex = state.indices[5] & 0xff;
        attributeData = (state.flags & 1) != 0;
        dacReadColour = state.flags >> 2 & 3;
        dacWriteColour = state.flags >> 4 & 3;
    }
}
