// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataInputStream;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;
import org.javisor.app.input.KeyboardInput;

/// Reads what a client says. What nobody can mean ends the connection.
///
/// @rfc RFC 6143 §7.5 "Client-to-Server Messages"
final class ClientMessages {
    private static final int SET_PIXEL_FORMAT = 0, SET_ENCODINGS = 2, UPDATE_REQUEST = 3, KEY = 4, POINTER = 5,
            CUT_TEXT = 6, CONTINUOUS_UPDATES = 150, FENCE = 248, SET_DESKTOP_SIZE = 251, QEMU = 255;
    private static final int QEMU_KEY = 0;
    private static final int MAX_CUT_TEXT = 1 << 20, MAX_ENCODINGS = 1024, MAX_FENCE = 64;
    private static final int SCREEN_BYTES = 16;
    /// Encodings that are levels: of compression and of JPEG's quality, lowest first.
    private static final int LEVEL_0 = -256, QUALITY_0 = -32, LEVELS = 10;

    private final DataInputStream in;
    private final Wishes wishes;
    private final KeyboardInput keyboard;
    private final PointerInput pointer;

    ClientMessages(DataInputStream in, Wishes wishes, KeyboardInput keyboard, PointerInput pointer) {
        this.in = in;
        this.wishes = wishes;
        this.keyboard = keyboard;
        this.pointer = pointer;
    }

    /// Reads and follows one message.
    void next() throws IOException, InterruptedException {
        int type = in.readUnsignedByte();
        switch (type) {
            case SET_PIXEL_FORMAT -> {
                in.skipNBytes(3);
                wishes.format(PixelFormat.read(in));
            }
            case SET_ENCODINGS -> encodings();
            case UPDATE_REQUEST -> {
                boolean incremental = in.readUnsignedByte() != 0;
                in.skipNBytes(8);
                wishes.request(!incremental);
            }
            case KEY -> {
                boolean down = in.readUnsignedByte() != 0;
                in.skipNBytes(2);
                keyboard.symbol(in.readInt(), down);
            }
            case POINTER -> {
                int buttons = in.readUnsignedByte();
                int x = in.readUnsignedShort();
                pointer.moved(x, in.readUnsignedShort(), buttons);
            }
            case CUT_TEXT -> cutText();
            case CONTINUOUS_UPDATES -> {
                boolean on = in.readUnsignedByte() != 0;
                in.skipNBytes(8);
                wishes.continuous(on);
            }
            case FENCE -> fence();
            case SET_DESKTOP_SIZE -> {
                in.skipNBytes(5);
                int screens = in.readUnsignedByte();
                in.skipNBytes(1 + (long) screens * SCREEN_BYTES);
                wishes.refuseSize();
            }
            case QEMU -> qemu();
            default -> throw new IOException("message " + type + " is none");
        }
        if (type != FENCE) {
            wishes.messageDone();
        }
    }

    private void encodings() throws IOException {
        in.skipNBytes(1);
        int count = in.readUnsignedShort();
        if (count > MAX_ENCODINGS) {
            throw new IOException(count + " encodings");
        }
        int encoding = RawEncoding.NUMBER;
        boolean chosen = false;
        int level = 1;
        int quality = TightEncoding.NO_JPEG;
        Set<Extension> extensions = EnumSet.noneOf(Extension.class);
        for (int n = 0; n < count; n++) {
            int offered = in.readInt();
            Extension extension = Extension.of(offered);
            if (extension != null) {
                extensions.add(extension);
            } else if (offered >= LEVEL_0 && offered < LEVEL_0 + LEVELS) {
                level = offered - LEVEL_0;
            } else if (offered >= QUALITY_0 && offered < QUALITY_0 + LEVELS) {
                quality = offered - QUALITY_0;
            } else if (!chosen && Encodings.knows(offered)) {
                // They come in the order of the client's preference.
                encoding = offered;
                chosen = true;
            }
        }
        wishes.encodings(encoding, level, quality, extensions);
    }

    /// The guest has nothing to put it into.
    private void cutText() throws IOException {
        in.skipNBytes(3);
        // A negative length is the extended clipboard's, of as many bytes.
        long length = Math.abs((long) in.readInt());
        if (length > MAX_CUT_TEXT) {
            throw new IOException("a clipboard of " + length + " bytes");
        }
        in.skipNBytes(length);
    }

    private void fence() throws IOException, InterruptedException {
        in.skipNBytes(3);
        int flags = in.readInt();
        int length = in.readUnsignedByte();
        if (length > MAX_FENCE) {
            throw new IOException("a fence of " + length + " bytes");
        }
        byte[] content = in.readNBytes(length);
        if ((flags & Wishes.Fence.REQUEST) != 0) {
            wishes.fence(new Wishes.Fence(flags & (Wishes.Fence.BLOCK_BEFORE | Wishes.Fence.BLOCK_AFTER
                    | Wishes.Fence.SYNC_NEXT), content));
        }
    }

    /// QEMU's key message has the scan code: it means the same key on every layout.
    private void qemu() throws IOException, InterruptedException {
        int kind = in.readUnsignedByte();
        if (kind != QEMU_KEY) {
            throw new IOException("QEMU message " + kind + " is none that was offered");
        }
        boolean down = in.readUnsignedShort() != 0;
        in.readInt();
        keyboard.scanCode(in.readInt() & 0xff, down);
    }
}
