// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What a client wants: its messages' thread says so here, and the one that sends pictures looks.
final class Wishes {
    private static final int MAX_FENCES = 32;

    /// How a client wants its pictures.
    ///
    /// @param encoding its number
    /// @param level    of compression, 0 to 9
    /// @param quality  of JPEG pictures, 0 to 9, or [TightEncoding#NO_JPEG]
    record Pictures(PixelFormat format, int encoding, int level, int quality) { }

    /// A message that comes back when everything before it is done.
    record Fence(int flags, byte[] content) {
        static final int BLOCK_BEFORE = 1, BLOCK_AFTER = 2, SYNC_NEXT = 4, REQUEST = 1 << 31;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    private Pictures pictures = new Pictures(PixelFormat.NATIVE, RawEncoding.NUMBER, 1, TightEncoding.NO_JPEG);
    private final Set<Extension> extensions = EnumSet.noneOf(Extension.class);
    private final Queue<Fence> fences = new ArrayDeque<>();
    private boolean requested;
    private boolean all;
    private boolean continuous;
    private boolean continuousEnded;
    private boolean sizeRefused;
    private boolean held;
    private boolean closed;

    // ---- the client's messages ----

    private void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void format(PixelFormat format) {
        change(() -> pictures = new Pictures(format, pictures.encoding, pictures.level, pictures.quality));
    }

    void encodings(int encoding, int level, int quality, Set<Extension> offered) {
        change(() -> {
            pictures = new Pictures(pictures.format, encoding, level, quality);
            extensions.clear();
            extensions.addAll(offered);
        });
    }

    /// A picture is asked for: as soon as something has changed, or at once and all of it.
    void request(boolean whole) {
        change(() -> {
            requested = true;
            all |= whole;
        });
    }

    /// The next picture is to be whole.
    void wantAll() {
        change(() -> all = true);
    }

    void continuous(boolean on) {
        change(() -> {
            continuousEnded |= !on;
            continuous = on;
        });
    }

    /// The client would like another size of the screen, which only the guest can give.
    void refuseSize() {
        change(() -> sizeRefused = true);
    }

    /// Queues a fence, and waits for it to be sent back if nothing may overtake it.
    ///
    /// @throws IOException if the client has sent more of them than anybody needs
    void fence(Fence fence) throws IOException, InterruptedException {
        lock.lock();
        try {
            if (fences.size() == MAX_FENCES) {
                throw new IOException("too many fences");
            }
            fences.add(fence);
            changed.signalAll();
            while ((fence.flags & (Fence.BLOCK_AFTER | Fence.SYNC_NEXT)) != 0 && fences.contains(fence) && !closed) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /// A message has been worked on: what waited for it goes on.
    void messageDone() {
        if (held) {
            change(() -> held = false);
        }
    }

    void close() {
        change(() -> closed = true);
    }

    // ---- the sender's side ----

    /// Waits until there is something to send or a request to look at.
    ///
    /// @return false if it is all over
    boolean await() throws InterruptedException {
        lock.lock();
        try {
            while (!closed && (held || !requested && !continuous && !continuousEnded && fences.isEmpty())) {
                changed.await();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /// Lets time pass in which the screen may change; less if the client says something.
    void pause(long millis) throws InterruptedException {
        lock.lock();
        try {
            if (!closed && fences.isEmpty() && !all) {
                changed.await(millis, TimeUnit.MILLISECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    /// The next fence, or null.
    Fence nextFence() {
        lock.lock();
        try {
            return fences.peek();
        } finally {
            lock.unlock();
        }
    }

    /// It has been sent. If the message after it is to be where the fence is, nothing is sent before that has come.
    void fenceSent() {
        change(() -> held = (fences.remove().flags & Fence.SYNC_NEXT) != 0);
    }

    /// Whether the client is to be told that pictures come on request only; asking ends it.
    boolean takeContinuousEnded() {
        lock.lock();
        try {
            boolean ended = continuousEnded;
            continuousEnded = false;
            return ended;
        } finally {
            lock.unlock();
        }
    }

    boolean takeSizeRefused() {
        lock.lock();
        try {
            boolean refused = sizeRefused;
            sizeRefused = false;
            return refused;
        } finally {
            lock.unlock();
        }
    }

    Pictures pictures() {
        lock.lock();
        try {
            return pictures;
        } finally {
            lock.unlock();
        }
    }

    boolean has(Extension extension) {
        lock.lock();
        try {
            return extensions.contains(extension);
        } finally {
            lock.unlock();
        }
    }

    boolean wantsPicture() {
        lock.lock();
        try {
            return requested || continuous;
        } finally {
            lock.unlock();
        }
    }

    boolean wantsAll() {
        lock.lock();
        try {
            return all;
        } finally {
            lock.unlock();
        }
    }

    /// An answer to what has been asked for is on its way.
    ///
    /// @param whole whether it has the whole picture
    void answered(boolean whole) {
        change(() -> {
            requested = false;
            all &= !whole;
        });
    }
}
