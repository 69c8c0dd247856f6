// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.ArrayList;
import java.util.List;

/// The part of [CodeMemory] that translations are in: segments, filled one after another in a circle. While one is
/// being filled the next one, whose contents are oldest, is emptied translation by translation, so that there is always
/// room and never much to do at once.
///
/// What was in it may be overwritten when [#settle] says that no processor knows of it any more. Under the lock of
/// [HostTranslator].
final class CodeRing {
    private static final int ALIGNMENT = 16;

    /// A part of the memory, and what was put there.
    private static final class Segment {
        private final long start, end;
        private final List<Code> codes = new ArrayList<>();
        private long used;

        private Segment(long start, long end) {
            this.start = start;
            this.end = end;
            used = start;
        }
    }

    private final Segment[] segments;
    private int current;
    /// Of the segment behind the current one: how many of its translations have been looked at as [#victim].
    private int emptied;

    /// @param from host address, a multiple of 16
    /// @param to   behind the last byte
    CodeRing(long from, long to, int count) {
        segments = new Segment[count];
        long bytes = (to - from) / count & -ALIGNMENT;
        for (int n = 0; n < count; n++) {
            segments[n] = new Segment(from + n * bytes, from + (n + 1) * bytes);
        }
    }

    private Segment oldest() {
        return segments[(current + 1) % segments.length];
    }

    /// Where the next code is to be.
    long next() {
        return segments[current].used;
    }

    /// Whether so many bytes fit at [#next].
    boolean fits(int bytes) {
        return bytes <= segments[current].end - segments[current].used;
    }

    /// Whether so many bytes ever fit.
    boolean couldFit(int bytes) {
        return bytes <= segments[0].end - segments[0].start;
    }

    /// Notes what is at [#next] now.
    void add(Code code) {
        Segment segment = segments[current];
        segment.codes.add(code);
        segment.used = Math.min(segment.end, code.entry() + code.length() + ALIGNMENT - 1 & -ALIGNMENT);
    }

    /// Goes on with another segment.
    ///
    /// @return false if it has not been freed yet
    boolean advance() {
        if (oldest().used != oldest().start) {
            return false;
        }
        current = (current + 1) % segments.length;
        return true;
    }

    /// The next translation that has to be dropped so that there will be room, or null if there is none. It may have
    /// been dropped already.
    Code victim() {
        List<Code> codes = oldest().codes;
        return emptied < codes.size() ? codes.get(emptied++) : null;
    }

    /// Whether all that is in the oldest segment has been dropped, and there is something.
    boolean isEmptied() {
        return !oldest().codes.isEmpty() && emptied == oldest().codes.size();
    }

    /// Frees the oldest segment, [#isEmptied]: no processor can get there any more.
    void settle() {
        Segment segment = oldest();
        segment.codes.clear();
        segment.used = segment.start;
        emptied = 0;
    }

    /// Bytes of code.
    long used() {
        long sum = 0;
        for (Segment segment : segments) {
            sum += segment.used - segment.start;
        }
        return sum;
    }
}
