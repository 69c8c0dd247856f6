// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.events;

/// Says which of many events are recorded: all while they are few, and of more a sample, so that recording costs little
/// where there are millions a second.
///
/// There is room for so many a second, and for those of a moment in which there were fewer. Whoever asks often while
/// there is no room is refused up to 63 times without a look at the clock, which costs 25 ns: a refusal costs 2 ns.
///
/// For one thread; or for several, where one event more or less does not matter, since the fields are plain.
public final class EventBudget {
    private static final int MOST_BLIND = 63;
    private static final long OFTEN_NANOS = 1_000;

    private final long nanosEach;
    private final long nanosKept;
    /// From when on there is room.
    private long next;
    private long looked;
    /// How many are refused without a look: now, and after each look that found no room.
    private int blind, blindEach;

    /// @param perSecond for how many there is room
    /// @param kept      how many at once find it, after a time without any
    private EventBudget(int perSecond, int kept) {
        nanosEach = 1_000_000_000L / perSecond;
        nanosKept = kept * nanosEach;
        looked = System.nanoTime();
        next = looked - nanosKept;
    }

    /// For events that happen anyway. To record one costs 100 ns, so that this many cost half a percent of a processor.
    public static EventBudget ofEvents() {
        return new EventBudget(50_000, 1_000);
    }

    /// For events around which a thread sleeps: to record one costs 900 ns then, of 15 µs that it takes to sleep.
    public static EventBudget ofSleeps() {
        return new EventBudget(20_000, 1_000);
    }

    /// For what is done in a slower way, so that it can be recorded.
    public static EventBudget ofSamples() {
        return new EventBudget(1_000, 100);
    }

    /// Whether there is room for an event.
    public boolean hasRoom() {
        if (blind > 0) {
            blind--;
            return false;
        }
        long before = looked;
        looked = System.nanoTime();
        if (looked - next >= 0) {
            return true;
        }
        boolean often = looked - before < OFTEN_NANOS * (blindEach + 1);
        blindEach = often ? Math.min(2 * blindEach + 1, MOST_BLIND) : blindEach >> 1;
        blind = blindEach;
        return false;
    }

    /// Takes room for an event, if there is.
    public boolean take() {
        if (!hasRoom()) {
            return false;
        }
        next = Math.max(next, looked - nanosKept) + nanosEach;
        return true;
    }
}
