// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.List;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.memory.TickLine;

/// The 8254 of a PC, with the half of port 0x61 that belongs to it: channel 0 interrupts, channel 1 once refreshed
/// memory, channel 2 makes the speaker's tone and has a gate.
///
/// Channel 0's output is driven where that shows: an edge whenever it rises. Edges that the host's lateness would lose
/// come later ([TickLine]).
///
/// The lock guards everything; the interrupt is driven after it is released.
///
/// @datasheet Intel 82C54; Intel ICH9 §5.7 "8254 Timers", §13.7.1 "NMI_SC—NMI Status and Control Register"
public final class I8254 {
    /// The input clock: a third of the colour carrier's frequency.
    static final long HZ = 1_193_182;
    static final int PORT = 0x40, CONTROL_PORT = 0x43, SPEAKER_PORT = 0x61;

    private static final long NANOS_PER_SECOND = 1_000_000_000;
    /// Interrupts are not driven more often than this, some 20 microseconds. Differs from the chip, whose owner cannot
    /// keep a host busy.
    private static final int SHORTEST_PERIOD = 24;
    private static final int READ_BACK = 3, READ_BACK_NO_COUNT = 1 << 5, READ_BACK_NO_STATUS = 1 << 4;
    private static final int GATE2 = 1, SPEAKER = 1 << 1, REFRESH = 1 << 4, OUT2 = 1 << 5, SPEAKER_PORT_WRITABLE = 0xf;
    /// Ticks between two refreshes of memory: 15 microseconds.
    private static final int REFRESH_TICKS = 18;

    /// What the chip and its port hold.
    ///
    /// @param nextRise the tick at which channel 0's output rises next, or [PitChannel#NEVER]. It does not follow from
    ///                 the channel alone: one with a very short period is driven more rarely.
    public record State(List<PitChannel.State> channels, int speaker, TickLine.State ticks, long nextRise) {
        public State {
            channels = List.copyOf(channels);
            if (channels.size() != 3 || (speaker & ~SPEAKER_PORT_WRITABLE) != 0) {
                throw new IllegalArgumentException("an 8254 has three channels, and port 0x61 four bits");
            }
            if (nextRise < 0) {
                throw new IllegalArgumentException("an 8254's output rises at tick " + nextRise);
            }
        }
    }

    /// A chip's state at `now`, of what its counters hold: for who has them from another place.
    ///
    /// @param speaker what port 0x61 was last written
    public static State stateAt(long now, List<PitChannel.State> channels, int speaker) {
        PitChannel timer = new PitChannel(true);
        timer.restore(channels.getFirst());
        return new State(channels, speaker, new TickLine.State(0, 0, 0), timer.nextRise(now));
    }

    /// Whoever has a loudspeaker.
    @FunctionalInterface
    public interface ToneListener {
        /// The speaker sounds at `hertz` from `nanos` on, by the machine's clock; at 0 it is silent. Called on the
        /// thread of the guest's access, without a lock: of two processors that play, one may come late.
        void tone(long nanos, int hertz);
    }

    private final Object lock = new Object();
    private final Clock clock;
    private final Clock.Timer timer;
    private final TickLine ticks;
    private final PitChannel[] channels = {new PitChannel(true), new PitChannel(true), new PitChannel(false)};
    private int speaker;
    private int heard;
    private volatile ToneListener listener = (_, _) -> { };
    private long nextRise = PitChannel.NEVER;

    public I8254(Clock clock, InterruptLine irq) {
        this.clock = clock;
        this.ticks = new TickLine(clock, irq);
        this.timer = clock.timer(this::expire);
    }

    /// Claims the chip's ports, and 0x61.
    public void attach(IoBus ports) {
        ports.attach(PORT, 4, counters(), "PIT");
        attachSystemControl(ports);
    }

    /// Claims port 0x61 alone, which systems also ask for the reason of NMIs.
    public void attachSystemControl(IoBus ports) {
        ports.attach(SPEAKER_PORT, 1, speakerPort(), "speaker and refresh control");
    }

    /// How many ticks of the input clock are complete after `nanos`.
    public static long ticks(long nanos) {
        return nanos / NANOS_PER_SECOND * HZ + nanos % NANOS_PER_SECOND * HZ / NANOS_PER_SECOND;
    }

    /// When `tick` is complete.
    static long nanos(long tick) {
        return tick / HZ * NANOS_PER_SECOND + (tick % HZ * NANOS_PER_SECOND + HZ - 1) / HZ;
    }

    private long now() {
        return ticks(clock.nanos());
    }

    // ---- the interrupt ----

    /// Plans the next rise of channel 0's output at or after tick `from` + 1.
    private void plan(long from) {
        planAt(channels[0].nextRise(from));
    }

    private void planAt(long tick) {
        nextRise = tick;
        if (nextRise == PitChannel.NEVER) {
            timer.cancel();
        } else {
            timer.arm(nanos(nextRise));
        }
    }

    private void expire() {
        int rises;
        synchronized (lock) {
            long now = now();
            if (now < nextRise) {
                return;
            }
            long period = channels[0].nextRise(nextRise) - nextRise;
            rises = period < SHORTEST_PERIOD ? 1 : (int) Math.min((now - nextRise) / period + 1, TickLine.LIMIT);
            if (period < SHORTEST_PERIOD) {
                planAt(now + SHORTEST_PERIOD);
            } else {
                plan(now);
            }
        }
        ticks.tick(rises);
    }

    // ---- ports ----

    private BusDevice counters() {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                int port = (int) offset & 3;
                if (port == 3) {
                    return 0xff;
                }
                synchronized (lock) {
                    return channels[port].read(now());
                }
            }

            @Override
            public void write(long offset, int size, long value) {
                writeCounter((int) offset & 3, (int) value & 0xff);
                tellTone();
            }
        };
    }

    private void writeCounter(int port, int value) {
        synchronized (lock) {
            long now = now();
            if (port < 3) {
                channels[port].write(now, value);
            } else if (value >> 6 == READ_BACK) {
                readBack(now, value);
                return;
            } else {
                channels[value >> 6].control(now, value & 0x3f);
            }
            plan(now);
            if (port == 3 && value >> 6 == 0) {
                ticks.forget();
            }
        }
    }

    private void readBack(long now, int command) {
        for (int n = 0; n < 3; n++) {
            if ((command >> n + 1 & 1) == 0) {
                continue;
            }
            if ((command & READ_BACK_NO_COUNT) == 0) {
                channels[n].latchCount(now);
            }
            if ((command & READ_BACK_NO_STATUS) == 0) {
                channels[n].latchStatus(now);
            }
        }
    }

    private BusDevice speakerPort() {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                synchronized (lock) {
                    long now = now();
                    return speaker | (now / REFRESH_TICKS & 1) * REFRESH | (channels[2].out(now) ? OUT2 : 0);
                }
            }

            @Override
            public void write(long offset, int size, long value) {
                synchronized (lock) {
                    speaker = (int) value & SPEAKER_PORT_WRITABLE;
                    channels[2].gate(now(), (value & GATE2) != 0);
                }
                tellTone();
            }
        };
    }

    // ---- the speaker ----

    /// The frequency in hertz that the speaker sounds at, or 0.
    public int tone() {
        synchronized (lock) {
            boolean on = (speaker & (GATE2 | SPEAKER)) == (GATE2 | SPEAKER);
            int period = on ? channels[2].squareWavePeriod() : 0;
            return period == 0 ? 0 : (int) (HZ / period);
        }
    }

    /// Has `changes` told of every other tone. Before the machine runs.
    public void onTone(ToneListener changes) {
        listener = changes;
    }

    private void tellTone() {
        long nanos;
        int hertz;
        synchronized (lock) {
            hertz = tone();
            if (hertz == heard) {
                return;
            }
            heard = hertz;
            nanos = clock.nanos();
        }
        listener.tone(nanos, hertz);
    }

    // ---- reset and state ----

    public void reset() {
        synchronized (lock) {
            for (int n = 0; n < 3; n++) {
                channels[n].powerOn(n < 2);
            }
            speaker = 0;
            ticks.forget();
            plan(now());
        }
        tellTone();
    }

    public State save() {
        synchronized (lock) {
            long now = now();
            for (PitChannel channel : channels) {
                channel.catchUp(now);
            }
            return new State(List.of(channels[0].save(), channels[1].save(), channels[2].save()), speaker,
                    ticks.save(), nextRise);
        }
    }

    public void restore(State saved) {
        synchronized (lock) {
            for (int n = 0; n < 3; n++) {
                channels[n].restore(saved.channels.get(n));
            }
            speaker = saved.speaker;
            planAt(saved.nextRise);
        }
        ticks.load(saved.ticks);
        tellTone();
    }
}
