// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;
import org.javisor.devices.vga.Screen;

/// Sends a client what has changed on the screen, when it has asked for that, and what it should know beside.
///
/// What it keeps of the past is one picture, which all clients of the same pace share.
///
/// @rfc RFC 6143 §7.6 "Server-to-Client Messages"
final class PictureSender implements AutoCloseable {
    private static final int UPDATE = 0, END_OF_CONTINUOUS_UPDATES = 150, FENCE = 248;
    /// While nothing changes the screen is looked at less often, down to this.
    private static final long IDLE_MILLIS = 100;
    private static final int BY_SERVER = 0, BY_CLIENT = 1, DONE = 0, PROHIBITED = 1;
    /// More changed places than this are sent as the one area around them.
    private static final int MAX_AREAS = 1000;

    private final FrameSource frames;
    private final IntSupplier leds;
    private final Wishes wishes;
    private final PointerInput pointer;
    private final DataOutputStream out;
    private final Encodings encodings = new Encodings();
    private final Set<Extension> told = EnumSet.noneOf(Extension.class);
    /// What the client has on its screen.
    private Screen.Frame shown;
    private int toldLeds = -1;
    private long pause = FrameSource.FRAME_MILLIS;

    /// @param shown has the size that the client was told
    PictureSender(FrameSource frames, IntSupplier leds, Screen.Frame shown, Wishes wishes, PointerInput pointer,
            DataOutputStream out) {
        this.frames = frames;
        this.leds = leds;
        this.shown = shown;
        this.wishes = wishes;
        this.pointer = pointer;
        this.out = out;
    }

    /// Sends until it is all over.
    void run() throws IOException, InterruptedException {
        while (wishes.await()) {
            if (sendMessages()) {
                continue;
            }
            if (wishes.wantsPicture() && sendUpdate()) {
                pause = FrameSource.FRAME_MILLIS;
            } else {
                pause = Math.min(pause + FrameSource.FRAME_MILLIS / 4, IDLE_MILLIS);
            }
            wishes.pause(pause);
        }
    }

    // ---- what is no picture ----

    /// @return whether there was something to say
    private boolean sendMessages() throws IOException {
        Wishes.Fence fence = wishes.nextFence();
        boolean ended = wishes.takeContinuousEnded();
        boolean offersFences = tellsFirst(Extension.FENCE);
        boolean offersContinuous = tellsFirst(Extension.CONTINUOUS_UPDATES);
        if (offersFences) {
            sendFence(0, new byte[0]);
        }
        if (ended || offersContinuous) {
            out.writeByte(END_OF_CONTINUOUS_UPDATES);
        }
        if (fence != null) {
            sendFence(fence.flags(), fence.content());
        }
        if (fence == null && !ended && !offersFences && !offersContinuous) {
            return false;
        }
        out.flush();
        if (fence != null) {
            wishes.fenceSent();
        }
        return true;
    }

    private boolean tellsFirst(Extension extension) {
        return wishes.has(extension) && told.add(extension);
    }

    private void sendFence(int flags, byte[] content) throws IOException {
        out.writeByte(FENCE);
        out.write(new byte[3]);
        out.writeInt(flags);
        out.writeByte(content.length);
        out.write(content);
    }

    // ---- pictures ----

    /// @return whether there was anything to send
    private boolean sendUpdate() throws IOException {
        pointer.within(shown.width(), shown.height());
        Screen.Frame frame = frames.get();
        boolean changes = frame.width() != shown.width() || frame.height() != shown.height();
        if (sendSize(frame, changes)) {
            return true;
        }
        if (changes) {
            // The client cannot follow.
            frame = frame.fitted(shown.width(), shown.height());
        }
        Set<Extension> news = news();
        boolean whole = wishes.wantsAll();
        List<Area> areas = whole ? List.of(new Area(0, 0, frame.width(), frame.height()))
                : Changes.between(shown, frame);
        if (areas.isEmpty() && news.isEmpty()) {
            shown = frame;
            return false;
        }
        wishes.answered(whole);
        Wishes.Pictures pictures = wishes.pictures();
        Encoding encoding = encodings.get(pictures);
        List<Area> parts = parts(areas, encoding);
        beginUpdate(news.size() + parts.size());
        for (Extension extension : news) {
            tell(extension, pictures.format());
        }
        for (Area part : parts) {
            header(part, encoding.number());
            encoding.write(frame, part, pictures.format(), out);
        }
        out.flush();
        shown = frame;
        return true;
    }

    private static List<Area> parts(List<Area> areas, Encoding encoding) {
        List<Area> limited = areas.size() > MAX_AREAS ? List.of(around(areas)) : areas;
        List<Area> parts = new ArrayList<>();
        for (Area area : limited) {
            parts.addAll(area.tiles(encoding.maxWidth(), encoding.maxHeight()));
        }
        return parts;
    }

    private static Area around(List<Area> areas) {
        int x = areas.stream().mapToInt(Area::x).min().orElseThrow();
        int y = areas.stream().mapToInt(Area::y).min().orElseThrow();
        int right = areas.stream().mapToInt(Area::right).max().orElseThrow();
        int bottom = areas.stream().mapToInt(Area::bottom).max().orElseThrow();
        return new Area(x, y, right - x, bottom - y);
    }

    private void beginUpdate(int rectangles) throws IOException {
        out.writeByte(UPDATE);
        out.writeByte(0);
        out.writeShort(rectangles);
    }

    private void header(Area area, int encoding) throws IOException {
        out.writeShort(area.x());
        out.writeShort(area.y());
        out.writeShort(area.width());
        out.writeShort(area.height());
        out.writeInt(encoding);
    }

    // ---- the screen's size ----

    /// Says how large the screen is, if that is new; in an update of its own, as the extended form must be.
    private boolean sendSize(Screen.Frame frame, boolean changed) throws IOException {
        boolean extended = wishes.has(Extension.EXTENDED_DESKTOP_SIZE);
        boolean first = extended && told.add(Extension.EXTENDED_DESKTOP_SIZE);
        boolean refused = extended && !first && !changed && wishes.takeSizeRefused();
        if (!first && !refused && !(changed && (extended || wishes.has(Extension.DESKTOP_SIZE)))) {
            return false;
        }
        // Before the client can have it: it may ask again at once.
        wishes.answered(false);
        if (extended) {
            sendExtendedSize(frame, refused ? BY_CLIENT : BY_SERVER, refused ? PROHIBITED : DONE);
        } else {
            beginUpdate(1);
            header(new Area(0, 0, frame.width(), frame.height()), Extension.DESKTOP_SIZE.number());
        }
        out.flush();
        if (changed) {
            shown = Screen.Frame.black(frame.width(), frame.height());
            wishes.wantAll();
        }
        return true;
    }

    /// One screen as large as all of it.
    private void sendExtendedSize(Screen.Frame frame, int reason, int status) throws IOException {
        beginUpdate(1);
        header(new Area(reason, status, frame.width(), frame.height()), Extension.EXTENDED_DESKTOP_SIZE.number());
        out.writeInt(1 << 24);
        out.writeInt(0);
        out.writeInt(0);
        out.writeShort(frame.width());
        out.writeShort(frame.height());
        out.writeInt(0);
    }

    // ---- what else a client should know ----

    /// What the client is to be told with the next picture.
    private Set<Extension> news() {
        Set<Extension> news = EnumSet.noneOf(Extension.class);
        for (Extension extension : EnumSet.of(Extension.EXTENDED_KEYS, Extension.RELATIVE_POINTER, Extension.CURSOR)) {
            boolean needless = extension == Extension.RELATIVE_POINTER && pointer.hasTablet();
            if (wishes.has(extension) && !told.contains(extension) && !needless) {
                news.add(extension);
            }
        }
        if (wishes.has(Extension.LEDS) && leds.getAsInt() != toldLeds) {
            news.add(Extension.LEDS);
        }
        return news;
    }

    private void tell(Extension extension, PixelFormat format) throws IOException {
        told.add(extension);
        if (extension == Extension.CURSOR) {
            header(CursorShape.AREA, extension.number());
            CursorShape.write(format, out);
            return;
        }
        header(new Area(0, 0, 0, 0), extension.number());
        if (extension == Extension.LEDS) {
            toldLeds = leds.getAsInt();
            out.writeByte(toldLeds);
        } else if (extension == Extension.RELATIVE_POINTER) {
            pointer.relative();
        }
    }

    @Override
    public void close() {
        encodings.close();
    }
}
