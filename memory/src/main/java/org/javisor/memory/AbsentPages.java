// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLongArray;
import org.javisor.host.HostMemory;

/// Which pages of a [Ram] are not there yet. Each is fetched once, when it is first wanted, by who wants it or by a
/// thread that works for somebody who would rather not wait.
///
/// Any thread. Who finds a page present sees all of it.
final class AbsentPages {
    private final long hva;
    private final PageSource source;
    /// A bit for each page that is present.
    private final AtomicLongArray present;
    /// Those that are being fetched.
    private final ConcurrentMap<Integer, CompletableFuture<Void>> fetches = new ConcurrentHashMap<>();

    AbsentPages(long hva, long bytes, PageSource source) {
        this.hva = hva;
        this.source = source;
        this.present = new AtomicLongArray((int) ((bytes >>> GuestMemory.PAGE_SHIFT) + Long.SIZE - 1 >>> 6));
    }

    boolean has(int page) {
        return (present.get(page >>> 6) >>> page & 1) == 0;
    }

    /// Returns when the page is there.
    ///
    /// @throws UncheckedIOException if it cannot be had
    void await(int page) {
        if (!has(page)) {
            return;
        }
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> fetch = fetches.putIfAbsent(page, mine);
        if (fetch == null) {
            fetch(page, mine);
            fetch = mine;
        }
        try {
            fetch.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof UncheckedIOException cause ? cause : e;
        }
    }

    /// Has the page fetched, and then calls `then`, on another thread; also if it cannot be had.
    ///
    /// @return false if it is being fetched already
    boolean fetch(int page, Runnable then) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        boolean first = has(page) && fetches.putIfAbsent(page, mine) == null;
        if (first) {
            Thread.ofVirtual().name("javisor-page").start(() -> {
                fetch(page, mine);
                then.run();
            });
        }
        return first;
    }

    /// Makes the pages from an offset on absent again, in runs of 64. Nobody uses any, or is about to.
    void withdraw(long from, PageSink sink) {
        for (int word = (int) (from >>> GuestMemory.PAGE_SHIFT + 6); word < present.length(); word++) {
            for (long rest = present.get(word); rest != 0; rest &= rest - 1) {
                long page = ((long) word << 6) + Long.numberOfTrailingZeros(rest);
                long offset = page << GuestMemory.PAGE_SHIFT;
                sink.take(offset, HostMemory.segment(hva + offset, GuestMemory.PAGE_BYTES));
            }
            present.set(word, 0);
        }
    }

    private void fetch(int page, CompletableFuture<Void> mine) {
        long offset = (long) page << GuestMemory.PAGE_SHIFT;
        try {
            if (has(page)) {
                source.read(offset, HostMemory.segment(hva + offset, GuestMemory.PAGE_BYTES));
                present.getAndUpdate(page >>> 6, word -> word | 1L << page);
            }
            fetches.remove(page);
            mine.complete(null);
        } catch (IOException e) {
            fail(page, mine, new UncheckedIOException("guest memory at 0x" + Long.toHexString(offset), e));
        } catch (RuntimeException | Error e) {
            fail(page, mine, e);
        }
    }

    private void fail(int page, CompletableFuture<Void> mine, Throwable why) {
        fetches.remove(page);
        mine.completeExceptionally(why);
    }
}
