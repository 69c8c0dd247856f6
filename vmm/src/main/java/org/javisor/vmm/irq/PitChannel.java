// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// One counter of an 8254. It does not tick: what it holds, and what its output is, follows from when its count was
/// loaded and how its gate was since. The caller passes the current tick of the input clock with every call, and
/// never an earlier one than before.
///
/// A count written at tick `t` is loaded at `t` + 1.
///
/// @datasheet Intel 82C54 "Programmable Interval Timer", "Mode Definitions"
public final class PitChannel {
    static final long NEVER = Long.MAX_VALUE;

    private static final int LOW_BYTE = 1, HIGH_BYTE = 2, BOTH_BYTES = 3;
    private static final int STATUS_OUT = 0x80, STATUS_NULL = 0x40, CONTROL = 0x3f;
    private static final int TERMINAL_COUNT = 0, ONE_SHOT = 1, RATE = 2, SQUARE_WAVE = 3, SOFTWARE_STROBE = 4,
            HARDWARE_STROBE = 5;

    /// What a counter holds. Ticks are those of the input clock since power-on.
    ///
    /// @param control  access, mode and BCD: bits 5 to 0 of the last control word
    /// @param written  the count last written in full, 0 when none was since the control word
    /// @param waiting  whether `written` is still to be loaded, by a trigger or at `switchAt`
    /// @param switchAt when `written` replaces the running count, or [#NEVER]
    /// @param count    what the counting element was loaded with, 0 for nothing
    /// @param since    the tick at which it was loaded, or went on after the gate had stopped it
    /// @param counted  how far it had counted before `since`
    /// @param running  whether it counts
    /// @param lowByte  the first of two bytes, while `second` says that the other is awaited
    /// @param latch    the latched count, or -1
    /// @param status   the latched status, or -1
    public record State(int control, int written, boolean waiting, long switchAt, int count, long since, long counted,
            boolean running, boolean gate, int lowByte, boolean second, boolean secondRead, int latch, int status) {
        public State {
            if ((control & ~CONTROL) != 0 || written < 0 || written > 0x10000 || count < 0 || count > 0x10000
                    || (lowByte & ~0xff) != 0 || latch < -1 || latch > 0xffff || status < -1 || status > 0xff
                    || since < -0x10000 || counted < 0 || switchAt < since
                    || switchAt != NEVER && (count == 0 || written == 0)) {
                throw new IllegalArgumentException("not a state of an 8254's counter");
            }
        }
    }

    private int control;
    private int written;
    private boolean waiting;
    private long switchAt;
    private int count;
    private long since;
    private long counted;
    private boolean running;
    private boolean gate;
    private int lowByte;
    private boolean second;
    private boolean secondRead;
    private int latch;
    private int status;

    /// @param gate the gate's level; those of channels 0 and 1 are high for ever
    PitChannel(boolean gate) {
        powerOn(gate);
    }

    private int mode() {
        int bits = control >> 1 & 7;
        return bits > HARDWARE_STROBE ? bits & 3 : bits;
    }

    private int access() {
        return control >> 4;
    }

    private int modulus() {
        return (control & 1) != 0 ? 10_000 : 0x10000;
    }

    private boolean periodic() {
        return mode() == RATE || mode() == SQUARE_WAVE;
    }

    private boolean triggered() {
        return mode() == ONE_SHOT || mode() == HARDWARE_STROBE;
    }

    // ---- counting ----

    /// How many ticks the counting element has counted.
    private long elapsed(long tick) {
        return counted + (running ? Math.max(0, tick - since) : 0);
    }

    /// How many ticks of a square wave's period the output is high.
    private static int high(int period) {
        return (period + 1) / 2;
    }

    boolean out(long tick) {
        catchUp(tick);
        if (count == 0 || periodic() && !running) {
            return mode() != TERMINAL_COUNT;
        }
        long elapsed = elapsed(tick);
        return switch (mode()) {
            case TERMINAL_COUNT, ONE_SHOT -> elapsed >= count;
            case RATE -> elapsed % count != count - 1;
            case SQUARE_WAVE -> elapsed % count < high(count);
            default -> elapsed != count;
        };
    }

    /// The first tick after `tick` at which the output rises if nobody touches the counter, or [#NEVER].
    long nextRise(long tick) {
        catchUp(tick);
        if (count == 0 || !running) {
            return NEVER;
        }
        long elapsed = elapsed(tick);
        long left = switch (mode()) {
            case TERMINAL_COUNT, ONE_SHOT -> count - elapsed;
            case RATE, SQUARE_WAVE -> count < 2 ? 0 : count - elapsed % count;
            default -> count + 1 - elapsed;
        };
        return left <= 0 ? NEVER : Math.max(tick, since) + left;
    }

    /// What a read finds in the counting element.
    private int current(long tick) {
        catchUp(tick);
        if (count == 0) {
            return 0;
        }
        long elapsed = elapsed(tick);
        long value = switch (mode()) {
            case RATE -> count - elapsed % count;
            case SQUARE_WAVE -> squareWave((int) (elapsed % count));
            default -> Math.floorMod(count - elapsed, (long) modulus());
        };
        return encode((int) value % modulus());
    }

    /// A square wave counts each half period down by two; an odd count starts one lower.
    private int squareWave(int at) {
        int half = at < high(count) ? at : at - high(count);
        return (count & ~1) - 2 * half;
    }

    /// The period that a speaker sounds with, or 0. A count that waits for the end of a half period is told of at once:
    /// nobody hears the difference, and nobody would ask again then.
    int squareWavePeriod() {
        int next = switchAt == NEVER ? count : written;
        return mode() == SQUARE_WAVE && running ? next : 0;
    }

    /// Loads a count that has become due: done before anything is asked, and before the state is saved.
    void catchUp(long tick) {
        if (tick >= switchAt) {
            boolean halfway = (switchAt - since) % count != 0;
            since = switchAt;
            count = written;
            if (halfway) {
                // The second half of the new count's period follows.
                since -= high(count);
            }
            loaded();
        }
    }

    private void loaded() {
        waiting = false;
        switchAt = NEVER;
    }

    private void load(long tick) {
        count = written;
        since = tick + 1;
        counted = 0;
        running = count != 0;
        loaded();
    }

    // ---- the gate ----

    boolean gate() {
        return gate;
    }

    void gate(long tick, boolean level) {
        catchUp(tick);
        boolean rising = level && !gate;
        boolean changed = level != gate;
        gate = level;
        if (!changed || written == 0) {
            return;
        }
        if (triggered() || periodic()) {
            if (rising) {
                load(tick);
            } else if (periodic()) {
                running = false;
                switchAt = NEVER;
            }
        } else {
            counted = elapsed(tick);
            since = Math.max(since, tick);
            running = level && count != 0;
        }
    }

    // ---- control words ----

    /// Takes a control word for this counter: bits 5 to 0. Access 0 only latches the count.
    void control(long tick, int value) {
        if ((value >> 4 & 3) == 0) {
            latchCount(tick);
            return;
        }
        reset(gate);
        control = value & CONTROL;
    }

    void latchCount(long tick) {
        if (latch < 0) {
            latch = current(tick);
        }
    }

    void latchStatus(long tick) {
        if (status < 0) {
            boolean out = out(tick);
            status = control | (out ? STATUS_OUT : 0) | (count == 0 || waiting || tick < since ? STATUS_NULL : 0);
        }
    }

    // ---- data ----

    int read(long tick) {
        if (status >= 0) {
            int value = status;
            status = -1;
            return value;
        }
        int value = latch >= 0 ? latch : current(tick);
        boolean high = access() == HIGH_BYTE || access() == BOTH_BYTES && secondRead;
        boolean last = access() != BOTH_BYTES || secondRead;
        secondRead = !last;
        if (last) {
            latch = -1;
        }
        return value >> (high ? 8 : 0) & 0xff;
    }

    void write(long tick, int value) {
        catchUp(tick);
        switch (access()) {
            case LOW_BYTE -> written(tick, value);
            case HIGH_BYTE -> written(tick, value << 8);
            default -> {
                if (second) {
                    second = false;
                    written(tick, lowByte | value << 8);
                } else {
                    second = true;
                    lowByte = value;
                    if (mode() == TERMINAL_COUNT) {
                        count = 0;
                        running = false;
                    }
                }
            }
        }
    }

    private void written(long tick, int raw) {
        int value = decode(raw);
        written = value == 0 ? modulus() : value;
        waiting = true;
        if (triggered()) {
            return;
        }
        if (periodic() && running) {
            switchAt = endOfPhase(tick);
        } else if (!periodic() || gate) {
            load(tick);
            running = gate;
        }
    }

    /// When the period of a rate generator, or the half period of a square wave, that is under way ends.
    private long endOfPhase(long tick) {
        long elapsed = elapsed(tick);
        long period = elapsed / count * count;
        boolean inHighHalf = mode() == SQUARE_WAVE && elapsed - period < high(count);
        return since + period + (inHighHalf ? high(count) : count);
    }

    private int decode(int raw) {
        return modulus() == 0x10000 ? raw
                : (raw >> 12) * 1000 + (raw >> 8 & 0xf) * 100 + (raw >> 4 & 0xf) * 10 + (raw & 0xf);
    }

    private int encode(int value) {
        return modulus() == 0x10000 ? value
                : value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
    }

    // ---- reset and state ----

    /// Nothing counts until a count has been written.
    private void reset(boolean gateLevel) {
        control = BOTH_BYTES << 4 | SQUARE_WAVE << 1;
        gate = gateLevel;
        written = 0;
        count = 0;
        since = 0;
        counted = 0;
        running = false;
        loaded();
        second = false;
        secondRead = false;
        latch = -1;
        status = -1;
    }

    void powerOn(boolean gateLevel) {
        reset(gateLevel);
        lowByte = 0;
    }

    State save() {
        return new State(control, written, waiting, switchAt, count, since, counted, running, gate, lowByte, second,
                secondRead, latch, status);
    }

    void restore(State saved) {
        control = saved.control;
        written = saved.written;
        waiting = saved.waiting;
        switchAt = saved.switchAt;
        count = saved.count;
        since = saved.since;
        counted = saved.counted;
        running = saved.running;
        gate = saved.gate;
        lowByte = saved.lowByte;
        second = saved.second;
        secondRead = saved.secondRead;
        latch = saved.latch;
        status = saved.status;
    }
}
