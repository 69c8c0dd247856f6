// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.javisor.host.HostThread;

/// Makes translations again that are executed much, on a thread of its own, which gives way to all others: the first
/// ones go on being executed meanwhile.
///
/// Which they are is told by where processors are found when attention is called for, at interrupts mostly. Who puts
/// the new translation in the place of the first one, and what another processor may see, is the business of
/// [Translations]. In lock-step there is no thread, so that the second tier is compared, too.
final class SecondTier {
    private static final int CAPACITY = 64;
    private static final int IDLE_SECONDS = 5;

    private final CpuGroup group;
    private final BlockingQueue<Translation> hot = new ArrayBlockingQueue<>(CAPACITY);
    /// Null while there is nothing to do. Guarded by the queue.
    private Thread thread;
    /// Guarded by this, as all work is.
    private boolean ended;

    SecondTier(CpuGroup group) {
        this.group = group;
    }

    /// Has a translation made again, unless there is too much to do already. From a processor's thread.
    void add(Translation translation) {
        if (group.checked) {
            group.translations.grow(translation, group);
        } else if (hot.offer(translation)) {
            synchronized (hot) {
                if (thread == null) {
                    thread = Thread.ofPlatform().daemon().name("javisor-translator").start(this::work);
                }
            }
        }
    }

    private void work() {
        HostThread.giveWay();
        while (true) {
            Translation next = take();
            if (next == null) {
                return;
            }
            synchronized (this) {
                if (ended) {
                    return;
                }
                group.translations.grow(next, group);
            }
        }
    }

    /// The next one, or null if nothing has come for a while: then the thread ends.
    private Translation take() {
        try {
            Translation next = hot.poll(IDLE_SECONDS, TimeUnit.SECONDS);
            synchronized (hot) {
                next = next == null ? hot.poll() : next;
                thread = next == null ? null : thread;
            }
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// Does nothing any more.
    synchronized void end() {
        ended = true;
    }
}
