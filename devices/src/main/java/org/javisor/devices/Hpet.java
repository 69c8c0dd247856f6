// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.javisor.devices.HpetLayout.CAPABILITIES;
import static org.javisor.devices.HpetLayout.COMPARATOR;
import static org.javisor.devices.HpetLayout.CONFIGURATION;
import static org.javisor.devices.HpetLayout.COUNTER;
import static org.javisor.devices.HpetLayout.ENABLE_CNF;
import static org.javisor.devices.HpetLayout.FSB_ROUTE;
import static org.javisor.devices.HpetLayout.LEG_RT_CNF;
import static org.javisor.devices.HpetLayout.STATUS;
import static org.javisor.devices.HpetLayout.TIMERS;
import static org.javisor.devices.HpetLayout.TIMER_BYTES;
import static org.javisor.devices.HpetLayout.TN_FSB_INT_DEL_CAP;
import static org.javisor.devices.HpetLayout.TN_PER_INT_CAP;
import static org.javisor.devices.HpetLayout.TN_SIZE_CAP;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.MsiSink;
import org.javisor.memory.TickLine;

/// An IA-PC HPET: a 64-bit counter at 100 MHz and three comparators, each one-shot or periodic, level, edge
/// or message triggered.
///
/// In legacy replacement mode its first two timers take over IRQ 0 and IRQ 8, so the PIT's and the real-time
/// clock's outputs go through it: [#pitInput] and [#rtcInput].
///
/// Matches missed because the host was late become one interrupt; edges of a periodic timer that find the one before
/// still waiting for a processor come later ([TickLine]).
///
/// @datasheet IA-PC HPET 1.0a
public final class Hpet implements BusDevice, Chip<Hpet.State> {
    /// Where PCs have it, and how many addresses it claims.
    public static final long ADDRESS = 0xfed0_0000L;
    public static final int BYTES = 0x400;

    static final int TIMER_COUNT = 3;
    static final int NANOS_PER_TICK = 10;
    private static final long PERIOD_FEMTOSECONDS = NANOS_PER_TICK * 1_000_000L;
    /// Revision 1, 64-bit counter, legacy replacement, vendor 8086.
    private static final long CAPABILITY = PERIOD_FEMTOSECONDS << 32 | 0x8086_0000L | 0x8000 | 0x2000
            | TIMER_COUNT - 1 << 8 | 1;
    /// GSI 20 to 23; in an ICH9 the third reaches 11 as well.
    private static final int[] ROUTES = {0x00f0_0000, 0x00f0_0000, 0x00f0_0800};
    private static final int IRQ_PIT = 0, IRQ_RTC = 8, GSIS = 24;

    /// The low half of the capabilities register, which the ACPI table repeats as the event timer block's ID.
    public static final int EVENT_TIMER_BLOCK_ID = (int) CAPABILITY;

    /// Everything a comparator remembers.
    ///
    /// @param setsAccumulator whether the next write to the comparator sets a periodic timer's accumulator
    public record TimerState(int configuration, long comparator, long period, long fsbRoute,
            boolean setsAccumulator) {
        public TimerState {
            if ((configuration & ~HpetLayout.TN_WRITABLE) != 0) {
                throw new IllegalArgumentException("HPET timer configuration " + configuration);
            }
        }
    }

    /// Everything the chip remembers.
    ///
    /// @param counter what the main counter shows
    public record State(long configuration, int status, long counter, List<TimerState> timers) {
        public State {
            if ((configuration & ~(ENABLE_CNF | LEG_RT_CNF)) != 0 || status >>> TIMER_COUNT != 0
                    || timers.size() != TIMER_COUNT) {
                throw new IllegalArgumentException("HPET state with bits that no register has");
            }
            timers = List.copyOf(timers);
        }
    }

    private final Object lock = new Object();
    private final Clock clock;
    private final Clock.Timer expiry;
    private final MsiSink msi;
    private final InterruptLine[] lines = new InterruptLine[GSIS];
    private final Pin[] pins = new Pin[GSIS];
    private final TickLine[] ticks = new TickLine[GSIS];
    private final HpetTimer[] timers = new HpetTimer[TIMER_COUNT];
    private final RegisterMap registers = new RegisterMap(BYTES);

    private long configuration;
    private int status;
    /// The counter's value: as it stands while halted, relative to the clock's ticks while it runs.
    private long counter;
    private boolean pitLevel;
    private boolean rtcLevel;

    /// @param gsi the machine's interrupt inputs, of which it drives 0, 8, 11 and 20 to 23
    /// @param msi where timers send messages
    public Hpet(Clock clock, IntFunction<InterruptLine> gsi, MsiSink msi) {
        this.clock = clock;
        this.msi = msi;
        this.expiry = clock.timer(this::expire);
        int driven = 1 << IRQ_PIT | 1 << IRQ_RTC;
        for (int i = 0; i < TIMER_COUNT; i++) {
            timers[i] = new HpetTimer(ROUTES[i]);
            driven |= ROUTES[i];
        }
        for (int i = 0; i < GSIS; i++) {
            if ((driven >>> i & 1) != 0) {
                lines[i] = gsi.apply(i);
                pins[i] = new Pin(lines[i]);
                ticks[i] = new TickLine(clock, lines[i]);
            }
        }
        defineRegisters();
    }

    private void defineRegisters() {
        registers.define(CAPABILITIES, 8, () -> CAPABILITY);
        registers.define(CONFIGURATION, 8, () -> configuration, this::writeConfiguration);
        registers.define(STATUS, 8, () -> status, (v, _) -> status &= ~(int) v);
        registers.define(COUNTER, 8, () -> counter(tick()), this::writeCounter);
        for (int i = 0; i < TIMER_COUNT; i++) {
            HpetTimer timer = timers[i];
            int base = TIMERS + i * TIMER_BYTES;
            long fixed = (long) ROUTES[i] << 32 | TN_PER_INT_CAP | TN_SIZE_CAP | TN_FSB_INT_DEL_CAP;
            int bit = 1 << i;
            registers.define(base, 8, () -> fixed | timer.configuration(), (v, m) -> {
                timer.configuration((int) (timer.configuration() & ~m | v));
                if (!timer.level()) {
                    status &= ~bit;
                }
                reschedule(timer);
            });
            registers.define(base + COMPARATOR, 8, timer::comparator, (v, m) -> {
                timer.comparator(v, m);
                reschedule(timer);
            });
            registers.define(base + FSB_ROUTE, 8, timer::fsbRoute,
                    (v, m) -> timer.fsbRoute(timer.fsbRoute() & ~m | v));
        }
    }

    // ---- wires through it ----

    /// What the PIT's output is connected to.
    public InterruptLine pitInput() {
        return new InterruptLine() {
            @Override
            public void set(boolean level) {
                synchronized (lock) {
                    pitLevel = level;
                    updatePins();
                }
                pins[IRQ_PIT].drive();
            }

            @Override
            public boolean pending() {
                return lines[IRQ_PIT].pending();
            }

            @Override
            public void whenTaken(Runnable then) {
                lines[IRQ_PIT].whenTaken(then);
            }
        };
    }

    /// What the real-time clock's interrupt is connected to.
    public InterruptLine rtcInput() {
        return level -> {
            synchronized (lock) {
                rtcLevel = level;
                updatePins();
            }
            pins[IRQ_RTC].drive();
        };
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        if (offset == COUNTER && size >= 4) {
            synchronized (lock) {
                return counter(tick());
            }
        }
        long value;
        int fired;
        synchronized (lock) {
            fired = takeMatches();
            value = registers.read(offset, size);
        }
        deliver(fired);
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        int fired;
        synchronized (lock) {
            fired = takeMatches();
            registers.write(offset, size, value);
            fired |= takeMatches();
            arm();
        }
        deliver(fired);
    }

    private void writeConfiguration(long value, long mask) {
        long now = tick();
        long shown = counter(now);
        configuration = (configuration & ~mask | value) & (ENABLE_CNF | LEG_RT_CNF);
        setCounter(shown, now);
    }

    private void writeCounter(long value, long mask) {
        long now = tick();
        setCounter(counter(now) & ~mask | value, now);
    }

    // ---- the counter ----

    private long tick() {
        return clock.nanos() / NANOS_PER_TICK;
    }

    private boolean running() {
        return (configuration & ENABLE_CNF) != 0;
    }

    private boolean legacy() {
        return (configuration & LEG_RT_CNF) != 0;
    }

    private long counter(long tick) {
        return running() ? counter + tick : counter;
    }

    private void setCounter(long shown, long tick) {
        counter = running() ? shown - tick : shown;
        for (HpetTimer timer : timers) {
            reschedule(timer);
        }
    }

    /// Sets a timer anew: ticks that it still owes are no longer wanted.
    private void reschedule(HpetTimer timer) {
        for (TickLine line : ticks) {
            if (line != null) {
                line.forget();
            }
        }
        if (running()) {
            long now = tick();
            timer.schedule(now, counter(now));
        } else {
            timer.halt();
        }
    }

    // ---- matches and interrupts ----

    /// Takes what has matched by now.
    ///
    /// @return a one for each timer whose edge or message is to be delivered
    private int takeMatches() {
        long now = tick();
        int fired = 0;
        for (int i = 0; i < TIMER_COUNT; i++) {
            if (timers[i].match(now)) {
                if (timers[i].level()) {
                    status |= 1 << i;
                }
                if (timers[i].interrupts() && (!timers[i].level() || timers[i].fsb())) {
                    fired |= 1 << i;
                }
            }
        }
        updatePins();
        return fired;
    }

    private void updatePins() {
        for (int gsi = 0; gsi < GSIS; gsi++) {
            if (pins[gsi] != null) {
                pins[gsi].set(wanted(gsi));
            }
        }
    }

    private boolean wanted(int gsi) {
        boolean level = !legacy() && (gsi == IRQ_PIT && pitLevel || gsi == IRQ_RTC && rtcLevel);
        for (int i = 0; i < TIMER_COUNT; i++) {
            HpetTimer timer = timers[i];
            level |= (status >>> i & 1) != 0 && timer.interrupts() && !timer.fsb() && route(i) == gsi;
        }
        return level;
    }

    /// Legacy replacement overrides what the first two timers are routed to.
    private int route(int i) {
        if (legacy() && i < 2) {
            return i == 0 ? IRQ_PIT : IRQ_RTC;
        }
        return timers[i].route();
    }

    /// Sends messages and edges and drives lines, without the lock.
    private void deliver(int fired) {
        for (int i = 0; i < TIMER_COUNT; i++) {
            if ((fired >>> i & 1) != 0) {
                if (timers[i].fsb()) {
                    send(timers[i].fsbRoute());
                } else if (lines[route(i)] != null) {
                    fire(i, route(i));
                }
            }
        }
        for (Pin pin : pins) {
            if (pin != null) {
                pin.drive();
            }
        }
    }

    private void fire(int timer, int gsi) {
        if (timers[timer].periodic()) {
            ticks[gsi].tick(1);
        } else {
            lines[gsi].pulse();
        }
    }

    /// @param route the message's data in the low half, its address in the high one
    private void send(long route) {
        long address = route >>> 32;
        if ((address & 0xfff0_0000L) == 0xfee0_0000L) {
            msi.send(address, (int) route);
        }
    }

    private void expire() {
        int fired;
        synchronized (lock) {
            fired = takeMatches();
            arm();
        }
        deliver(fired);
    }

    /// Only matches that interrupt need the host's timer; the others are found when somebody looks.
    private void arm() {
        long next = HpetTimer.NEVER;
        for (HpetTimer timer : timers) {
            if (timer.interrupts()) {
                next = Math.min(next, timer.wakeTick());
            }
        }
        if (next > HpetTimer.NEVER / NANOS_PER_TICK) {
            expiry.cancel();
        } else {
            expiry.arm(next * NANOS_PER_TICK);
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        synchronized (lock) {
            configuration = 0;
            status = 0;
            counter = 0;
            for (HpetTimer timer : timers) {
                timer.reset();
            }
            updatePins();
            arm();
        }
        deliver(0);
    }

    @Override
    public State save() {
        State state;
        int fired;
        synchronized (lock) {
            // A match is not part of the state, so what is due is delivered first.
            fired = takeMatches();
            arm();
            state = new State(configuration, status, counter(tick()),
                    Arrays.stream(timers).map(HpetTimer::save).toList());
        }
        deliver(fired);
        return state;
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            configuration = state.configuration;
            status = state.status;
            for (int i = 0; i < TIMER_COUNT; i++) {
                timers[i].load(state.timers.get(i));
            }
            setCounter(state.counter, tick());
            updatePins();
            arm();
        }
        deliver(0);
    }
}
