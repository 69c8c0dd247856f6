// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.javisor.devices.vga.Screen.Frame;
import org.junit.jupiter.api.Test;

/// What is encoded and decoded again is what it was: in every encoding and pixel format, for pictures of every kind.
class EncodingTest {
    private static final List<PixelFormat> FORMATS = List.of(PixelFormat.NATIVE,
            new PixelFormat(32, 24, true, 255, 255, 255, 0, 8, 16),
            new PixelFormat(32, 24, false, 255, 255, 255, 24, 16, 8),
            new PixelFormat(32, 24, true, 255, 255, 255, 24, 16, 8),
            new PixelFormat(32, 30, false, 1023, 1023, 1023, 20, 10, 0),
            new PixelFormat(16, 16, false, 31, 63, 31, 11, 5, 0),
            new PixelFormat(16, 15, true, 31, 31, 31, 10, 5, 0),
            new PixelFormat(8, 8, false, 7, 7, 3, 0, 3, 6));

    private final Random random = new Random(seed());

    private static long seed() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("EncodingTest seed " + seed);
        return seed;
    }

    /// Noise, or few colours in spots, or letters, or a slope of colours; all of that in places.
    private Frame picture(int width, int height) {
        Frame frame = Frame.black(width, height);
        for (int n = 0; n < 12; n++) {
            int x = random.nextInt(width);
            int y = random.nextInt(height);
            Area area = new Area(x, y, 1 + random.nextInt(width - x), 1 + random.nextInt(height - y));
            paint(frame, area, random.nextInt(5));
        }
        return frame;
    }

    private void paint(Frame frame, Area area, int kind) {
        int[] colours = random.ints(1 + random.nextInt(kind == 2 ? 400 : 18), 0, 1 << 24).toArray();
        for (int y = area.y(); y < area.bottom(); y++) {
            for (int x = area.x(); x < area.right(); x++) {
                frame.pixels()[y * frame.width() + x] = switch (kind) {
                    case 0 -> colours[0];
                    case 1 -> random.nextInt(1 << 24);
                    case 2 -> colours[random.nextInt(colours.length)];
                    case 3 -> x * 255 / frame.width() << 16 | y * 255 / frame.height() << 8 | 0x80;
                    default -> (x * 7 ^ y * 5) % 11 < 3 ? colours[0] : colours[colours.length - 1];
                };
            }
        }
    }

    private static void transfer(Encoding encoding, Frame frame, List<Area> areas, PixelFormat format,
            PictureDecoder decoder) throws IOException {
        for (Area whole : areas) {
            for (Area area : whole.tiles(encoding.maxWidth(), encoding.maxHeight())) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                encoding.write(frame, area, format, new DataOutputStream(bytes));
                DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
                decoder.rectangle(encoding.number(), area, in);
                assertEquals(-1, in.read(), "bytes behind a rectangle of " + encoding.number());
            }
        }
    }

    private static void assertShown(Frame frame, PixelFormat format, PictureDecoder decoder, String what) {
        for (int at = 0; at < frame.pixels().length; at++) {
            int x = at % frame.width();
            int y = at / frame.width();
            assertEquals(format.value(frame.pixels()[at]), decoder.pixels[at], () -> what + " at " + x + ", " + y);
        }
    }

    @Test
    void everyEncodingInEveryFormatBringsThePicture() throws IOException {
        for (int number : new int[] {0, 5, 7, 16}) {
            for (PixelFormat format : FORMATS) {
                int width = 30 + random.nextInt(300);
                int height = 30 + random.nextInt(300);
                PictureDecoder decoder = new PictureDecoder(width, height, format);
                try (Encodings encodings = new Encodings()) {
                    Frame before = Frame.black(width, height);
                    for (int round = 0; round < 4; round++) {
                        Frame frame = picture(width, height);
                        Encoding encoding = encodings.get(new Wishes.Pictures(format, number, random.nextInt(10), -1));
                        List<Area> areas = round == 0 ? List.of(new Area(0, 0, width, height))
                                : Changes.between(before, frame);
                        transfer(encoding, frame, areas, format, decoder);
                        assertShown(frame, format, decoder, "encoding " + number + ", " + format);
                        before = frame;
                    }
                }
            }
        }
    }

    @Test
    void theSmallestAreasAreEncodedToo() throws IOException {
        Frame frame = picture(20, 20);
        for (int number : new int[] {0, 5, 7, 16}) {
            PictureDecoder decoder = new PictureDecoder(20, 20, PixelFormat.NATIVE);
            try (Encodings encodings = new Encodings()) {
                Encoding encoding = encodings.get(new Wishes.Pictures(PixelFormat.NATIVE, number, 6, 9));
                for (int size = 1; size <= 6; size++) {
                    List<Area> areas = new Area(0, 0, 20, 20).tiles(size, 7 - size);
                    transfer(encoding, frame, areas, PixelFormat.NATIVE, decoder);
                    assertShown(frame, PixelFormat.NATIVE, decoder, "encoding " + number);
                }
            }
        }
    }

    @Test
    void tightTakesJpegWhereItIsAllowedAndThereAreManyColours() throws IOException {
        Frame frame = Frame.black(200, 150);
        paint(frame, new Area(0, 0, 200, 150), 3);
        PictureDecoder decoder = new PictureDecoder(200, 150, PixelFormat.NATIVE);
        try (Encodings encodings = new Encodings()) {
            Encoding encoding = encodings.get(new Wishes.Pictures(PixelFormat.NATIVE, 7, 1, 9));
            transfer(encoding, frame, List.of(new Area(0, 0, 200, 150)), PixelFormat.NATIVE, decoder);
        }
        assertEquals(1, decoder.jpegs);
        for (int at = 0; at < frame.pixels().length; at++) {
            for (int shift = 0; shift < 24; shift += 8) {
                int difference = Math.abs((frame.pixels()[at] >> shift & 0xff) - (decoder.pixels[at] >> shift & 0xff));
                assertTrue(difference < 12, "differs by " + difference);
            }
        }
    }

    @Test
    void textTakesFewBytes() throws IOException {
        Frame frame = Frame.black(640, 400);
        paint(frame, new Area(0, 0, 640, 400), 4);
        for (int number : new int[] {5, 7, 16}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (Encodings encodings = new Encodings()) {
                Encoding encoding = encodings.get(new Wishes.Pictures(PixelFormat.NATIVE, number, 6, -1));
                for (Area area : new Area(0, 0, 640, 400).tiles(encoding.maxWidth(), encoding.maxHeight())) {
                    encoding.write(frame, area, PixelFormat.NATIVE, new DataOutputStream(bytes));
                }
            }
            assertTrue(bytes.size() < 640 * 400, number + " takes " + bytes.size());
        }
    }
}
