// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.events;

/// Says which of many events are recorded: all while they are few, and of more a sample, so that recording costs little
/// where there are millions a second.
///
/// There is room for so many a second, and for what was not used of that in the last 10 ms. Whoever asks often while
/// there is no room is refused up to 63 times without a look at the clock, which costs 25 ns: a refusal costs 2 ns.
///
/// For one thread; or for several, where one event more or less does not matter, since the fields are plain.
public final class EventBudget {
    private static final int MOST_BLIND = 63;
    private static final long OFTEN_NANOS = 1_000, NANOS_KEPT = 10_000_000;

    private final long nanosEach;
    /// From when on there is room.
    private long next;
    private long looked;
    /// How many are refused without a look: now, and after each look that found no room.
    private int blind, blindEach;

    /// @param perSecond for how many there is room
    public EventBudget(int perSecond) {
        nanosEach = 1_000_000_000L / perSecond;
        looked = System.nanoTime();
        next = looked - NANOS_KEPT;
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
        next = Math.max(next, looked - NANOS_KEPT) + nanosEach;
        return true;
    }
}
