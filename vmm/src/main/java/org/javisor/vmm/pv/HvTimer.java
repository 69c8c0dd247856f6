// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.memory.Clock;

/// A synthetic timer: expires once at a reference time, or again and again, and then sends a message through its
/// processor's SynIC, or (direct mode) an interrupt.
///
/// A message of a timer that expires once waits until there is room for it; a periodic one whose slot is full is left
/// out. So a lazy timer needs nothing of its own.
///
/// Everything happens under the lock of the [HvSynic].
///
/// @hyperv "Synthetic Timers"
public final class HvTimer {
    private static final long ENABLE = 1, PERIODIC = 1 << 1, AUTO_ENABLE = 1 << 3, DIRECT = 1 << 12;
    private static final int VECTOR_SHIFT = 4, SINT_SHIFT = 16;
    private static final int PAYLOAD_BYTES = 24;
    /// In units of the reference time: 20 microseconds. Periods shorter than this are served this often; a guest that
    /// asks for shorter ones only hurts itself.
    private static final long SHORTEST_PERIOD = 200;

    private final HvSynic synic;
    private final HvReferenceTime time;
    private final int index;
    private final Clock clock;
    private final Clock.Timer timer;
    private long config;
    private long count;
    /// By the reference time; 0 when it is not set.
    private long expiration;
    /// Has expired, but its message found no room.
    private boolean waiting;

    HvTimer(HvSynic synic, HvReferenceTime time, Clock clock, int index) {
        this.synic = synic;
        this.time = time;
        this.index = index;
        this.clock = clock;
        this.timer = clock.timer(this::clockExpired);
    }

    private boolean has(long bits) {
        return (config & bits) != 0;
    }

    private int sint() {
        return (int) (config >>> SINT_SHIFT) & 0xf;
    }

    // ---- registers ----

    long config() {
        synchronized (synic) {
            return config;
        }
    }

    void config(long value) {
        synchronized (synic) {
            stop();
            config = value;
            if (!has(DIRECT) && sint() == 0) {
                config &= ~ENABLE;
            }
            begin();
        }
    }

    long count() {
        synchronized (synic) {
            return count;
        }
    }

    /// @param byOwner whether this is no guest, which enables or disables the timer in the same stroke
    void count(long value, boolean byOwner) {
        synchronized (synic) {
            stop();
            count = value;
            if (!byOwner && count == 0) {
                config &= ~ENABLE;
            } else if (!byOwner && has(AUTO_ENABLE)) {
                config |= ENABLE;
            }
            begin();
        }
    }

    // ---- time ----

    private void stop() {
        timer.cancel();
        expiration = 0;
        waiting = false;
    }

    private void begin() {
        if (has(ENABLE) && count != 0) {
            expiration = has(PERIODIC) ? time.now() + count : count;
            proceed();
        }
    }

    private void clockExpired() {
        synchronized (synic) {
            if (has(ENABLE) && expiration != 0 && !waiting) {
                proceed();
            }
        }
    }

    /// Expires if it is time, and waits for the next time.
    private void proceed() {
        long now = time.now();
        if (Long.compareUnsigned(now, expiration) >= 0) {
            expire(now);
        }
        if (has(ENABLE) && !waiting) {
            arm();
        }
    }

    private void arm() {
        long at = time.nanosAt(expiration);
        if (at != Long.MAX_VALUE) {
            timer.arm(Math.max(at, clock.nanos() + 1));
        }
    }

    private void expire(long now) {
        boolean told = has(DIRECT) ? synic.interrupt((int) (config >>> VECTOR_SHIFT) & 0xff)
                : synic.deliver(sint(), message(now));
        if (has(PERIODIC)) {
            // What the host has slept through is lost, as it would be in a slot that is full.
            long passed = now - expiration + (Long.compareUnsigned(count, SHORTEST_PERIOD) < 0 ? SHORTEST_PERIOD : 0);
            expiration += (Long.divideUnsigned(passed, count) + 1) * count;
        } else if (told || has(DIRECT)) {
            config &= ~ENABLE;
            expiration = 0;
        } else {
            waiting = true;
        }
    }

    private HvMessage message(long now) {
        byte[] payload = new byte[PAYLOAD_BYTES];
        payload[0] = (byte) index;
        for (int i = 0; i < 8; i++) {
            payload[8 + i] = (byte) (expiration >>> 8 * i);
            payload[16 + i] = (byte) (now >>> 8 * i);
        }
        return new HvMessage(HvMessage.TIMER_EXPIRED, 0, payload);
    }

    /// There may be room now in the slot of `sint`.
    void retry(int sint) {
        if (waiting && sint() == sint) {
            waiting = false;
            proceed();
        }
    }

    /// Whether its message waits for the slot of `sint`.
    boolean waitsFor(int sint) {
        return waiting && sint() == sint;
    }

    /// In nanoseconds; [Long#MAX_VALUE] if it does not run.
    long until(long nanos) {
        synchronized (synic) {
            if (!has(ENABLE) || expiration == 0 || waiting) {
                return Long.MAX_VALUE;
            }
            long at = time.nanosAt(expiration);
            return at == Long.MAX_VALUE ? at : at - nanos;
        }
    }

    // ---- reset and state ----

    void reset() {
        load(State.RESET);
    }

    /// @param expiration by the reference time, 0 when it is not set
    /// @param waiting    whether it has expired, but its message found no room
    public record State(long config, long count, long expiration, boolean waiting) {
        static final State RESET = new State(0, 0, 0, false);

        public State {
            boolean enabled = (config & ENABLE) != 0 && count != 0;
            if (!enabled && (expiration != 0 || waiting)) {
                throw new IllegalArgumentException(String.format(
                        "no state of a synthetic timer: 0x%x, count %d, expires at %d", config, count, expiration));
            }
        }
    }

    State save() {
        synchronized (synic) {
            return new State(config, count, expiration, waiting);
        }
    }

    void load(State state) {
        synchronized (synic) {
            stop();
            config = state.config;
            count = state.count;
            expiration = state.expiration;
            waiting = state.waiting;
            if (expiration != 0 && !waiting) {
                arm();
            }
        }
    }
}
