// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.javisor.vmm.irq.ApicLayout.FIXED;
import static org.javisor.vmm.irq.ApicLayout.LOWEST_PRIORITY;
import static org.javisor.vmm.irq.ApicLayout.TRIGGER_LEVEL;
import static org.javisor.vmm.irq.ApicLayout.VECTOR;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.LongStream;
import org.javisor.memory.BusDevice;
import org.javisor.vmm.events.InterruptInjectedEvent;

/// An I/O APIC with 24 pins: turns what happens on its pins into messages to local APICs, as its redirection table
/// says.
///
/// ```
/// Redirection entry:
///  63       56 55   49 48     17 16 15 14 13 12 11 10   8 7        0
/// ┌───────────┬───────┬─────────┬──┬──┬──┬──┬──┬──┬──────┬──────────┐
/// │destination│ more  │         │M │TM│RI│PO│DS│DM│ mode │  vector  │
/// └───────────┴───────┴─────────┴──┴──┴──┴──┴──┴──┴──────┴──────────┘
///   M masked, TM trigger mode (1 level), RI remote IRR, PO polarity, DS delivery status, DM destination mode;
///   "more" holds bits 14 to 8 of the destination, where the machine has that many processors
/// ```
///
/// Pins carry whether an interrupt is asserted, not a voltage: polarity is stored and means nothing more. Messages
/// leave at once, so the delivery status is always idle.
///
/// The lock guards table and pins. Messages are sent after it is released; a level-triggered one is marked as under way
/// before, and unmarked again if nobody accepts it.
///
/// @datasheet Intel 82093AA "I/O Advanced Programmable Interrupt Controller"; Intel ICH9 §13.5 "APIC Registers"
public final class IoApic implements BusDevice {
    public static final int PINS = 24;
    public static final long DEFAULT_PAGE = 0xfec0_0000L;
    public static final int PAGE_BYTES = 0x1000;

    static final int SELECT = 0x00, WINDOW = 0x10, EOI = 0x40;
    static final int INDEX_ID = 0, INDEX_VERSION = 1, INDEX_ARBITRATION = 2, INDEX_TABLE = 0x10;
    /// 24 entries, and an EOI register.
    static final int VERSION_VALUE = 0x20 | PINS - 1 << 16;
    private static final int ID_BITS = 0xf << 24;

    static final int MASKED = 1 << 16, REMOTE_IRR = 1 << 14;
    private static final int DELIVERY_STATUS = 1 << 12;
    private static final int LOW_WRITABLE = 0x1_ffff & ~(REMOTE_IRR | DELIVERY_STATUS);
    private static final int MESSAGE = 0xfff | TRIGGER_LEVEL;

    /// What an I/O APIC holds.
    ///
    /// @param pins  the levels, pin 0 in bit 0
    /// @param table the redirection entries
    public record State(int select, int id, int pins, List<Long> table) {
        public State {
            table = List.copyOf(table);
            if (table.size() != PINS || pins >>> PINS != 0 || (id & ~ID_BITS) != 0) {
                throw new IllegalArgumentException("not a state of an I/O APIC with " + PINS + " pins");
            }
        }
    }

    private final Object lock = new Object();
    private final ApicBus bus;
    private final boolean wideDestinations;
    private final long[] table = new long[PINS];
    private int select;
    private int id;
    private int pins;
    /// Null where entries name their destinations themselves.
    private MessageRemapping remapping;
    private IntConsumer onEnd = _ -> { };
    private Runnable onRedirection = () -> { };

    /// @param wideDestinations whether entries have room for APIC ids above 255
    public IoApic(ApicBus bus, boolean wideDestinations) {
        this.bus = bus;
        this.wideDestinations = wideDestinations;
        reset();
    }

    // ---- pins ----

    /// Drives a pin, from any thread.
    public void input(int pin, boolean level) {
        boolean fire;
        synchronized (lock) {
            int bit = 1 << pin;
            boolean rising = level && (pins & bit) == 0;
            pins = level ? pins | bit : pins & ~bit;
            fire = rising && (isLevel(table[pin]) ? claimLevel(pin) : (table[pin] & MASKED) == 0);
        }
        if (fire) {
            send(pin);
        }
    }

    /// What an edge on a pin would meet.
    GsiLine.Reception reception(int pin) {
        long entry;
        synchronized (lock) {
            entry = table[pin];
        }
        if ((entry & (MASKED | TRIGGER_LEVEL)) != 0) {
            return GsiLine.Reception.DEAF;
        }
        if (remapping == null) {
            return reception(bus.pending(destination(entry), (int) entry));
        }
        MessageRemapping.Remapped remapped = remapping.resolve(messageAddress(entry), message(entry));
        return remapped == null ? GsiLine.Reception.DEAF
                : reception(bus.pending(remapped.destination(), remapped.command()));
    }

    private static GsiLine.Reception reception(boolean waits) {
        return waits ? GsiLine.Reception.WAITING : GsiLine.Reception.READY;
    }

    private static boolean isLevel(long entry) {
        int mode = ApicLayout.mode((int) entry);
        return (entry & TRIGGER_LEVEL) != 0 && (mode == FIXED || mode == LOWEST_PRIORITY);
    }

    /// Marks a level-triggered pin's interrupt as under way.
    ///
    /// @return false if there is none to send, or it is under way already
    private boolean claimLevel(int pin) {
        if ((pins >> pin & 1) == 0 || (table[pin] & (MASKED | REMOTE_IRR)) != 0) {
            return false;
        }
        table[pin] |= REMOTE_IRR;
        return true;
    }

    private void send(int pin) {
        long entry;
        synchronized (lock) {
            entry = table[pin];
        }
        boolean level = isLevel(entry);
        int message = message(entry);
        // What is remapped is recorded with the destination that it then has.
        if (remapping == null && InterruptInjectedEvent.on()) {
            InterruptInjectedEvent.record("I/O APIC", pin, destination(entry), message);
        }
        boolean accepted = remapping == null ? bus.deliver(destination(entry), message)
                : remapping.send(messageAddress(entry), message);
        if (!accepted && level) {
            synchronized (lock) {
                table[pin] &= ~REMOTE_IRR;
            }
        }
    }

    /// The messages that pins send, masked or not.
    Map<Integer, GsiRoute.Msi> messages() {
        Map<Integer, GsiRoute.Msi> messages = new TreeMap<>();
        synchronized (lock) {
            for (int pin = 0; pin < PINS; pin++) {
                long entry = table[pin];
                messages.put(pin, MsiDecoder.encode(destination(entry), message(entry), false));
            }
        }
        if (remapping != null) {
            messages.replaceAll((pin, message) -> remapped(pin, message));
        }
        return messages;
    }

    private GsiRoute.Msi remapped(int pin, GsiRoute.Msi unless) {
        long entry;
        synchronized (lock) {
            entry = table[pin];
        }
        MessageRemapping.Remapped to = remapping.resolve(messageAddress(entry), message(entry));
        return to == null ? unless : MsiDecoder.encode(to.destination(), to.command(), to.one());
    }

    /// The address of the message that an entry stands for: bits 63 to 48 are its bits 19 to 4, the destination mode is
    /// bit 2. So an entry in remappable format is a message in that format.
    ///
    /// @datasheet Intel VT-d 4.1 §5.1.5.1 "I/OxAPIC Programming"
    private static long messageAddress(long entry) {
        return MsiDecoder.FIRST_ADDRESS | entry >>> 48 << 4 | (entry & ApicLayout.LOGICAL) >> 9;
    }

    private static int message(long entry) {
        return (int) entry & (isLevel(entry) ? MESSAGE : MESSAGE & ~TRIGGER_LEVEL) | ApicLayout.LEVEL_ASSERT;
    }

    private int destination(long entry) {
        int low = (int) (entry >>> 56);
        int high = wideDestinations ? (int) (entry >>> 49) & 0x7f : 0;
        return high == 0 ? ApicBus.widen(low) : high << 8 | low;
    }

    /// A local APIC, or the guest through the EOI register, ends the level-triggered interrupts with this vector. A pin
    /// that is still asserted interrupts again.
    public void endOfInterrupt(int vector) {
        int ended;
        synchronized (lock) {
            ended = underWay(vector);
        }
        if (ended != 0) {
            onEnd.accept(ended);
        }
        int again = 0;
        synchronized (lock) {
            for (int pins = ended & underWay(vector); pins != 0; pins &= pins - 1) {
                int pin = Integer.numberOfTrailingZeros(pins);
                table[pin] &= ~REMOTE_IRR;
                again |= claimLevel(pin) ? 1 << pin : 0;
            }
        }
        for (; again != 0; again &= again - 1) {
            send(Integer.numberOfTrailingZeros(again));
        }
    }

    /// The pins whose level-triggered interrupts with this vector are under way, pin 0 in bit 0.
    private int underWay(int vector) {
        int found = 0;
        for (int pin = 0; pin < PINS; pin++) {
            long entry = table[pin];
            if ((entry & VECTOR) == vector && isLevel(entry) && (entry & REMOTE_IRR) != 0) {
                found |= 1 << pin;
            }
        }
        return found;
    }

    /// Has messages go through an IOMMU, and entries have room for its format; before the machine runs.
    void remapBy(MessageRemapping iommu) {
        remapping = iommu;
    }

    /// Who is told of changed entries is to look at them again: what they mean has changed.
    void remapped() {
        onRedirection.run();
    }

    /// Has `listener` told when the table may have changed, without the lock; before anybody uses this.
    void onRedirection(Runnable listener) {
        onRedirection = listener;
    }

    /// Has `listener` told of the pins whose level-triggered interrupts the guest ends, pin 0 in bit 0, before they are
    /// looked at again. Without a lock, on the thread of the guest's access. Before the machine runs.
    void onEnd(IntConsumer listener) {
        onEnd = listener;
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        int at = (int) offset & ~3;
        int value;
        synchronized (lock) {
            value = switch (at) {
                case SELECT -> select;
                case WINDOW -> readIndexed();
                default -> 0;
            };
        }
        return (value & 0xffff_ffffL) >>> 8 * ((int) offset & 3);
    }

    private int readIndexed() {
        return switch (select) {
            case INDEX_ID -> id;
            case INDEX_VERSION -> VERSION_VALUE;
            case INDEX_ARBITRATION -> id;
            default -> {
                int pin = select - INDEX_TABLE >> 1;
                boolean exists = select >= INDEX_TABLE && pin < PINS;
                yield exists ? (int) (table[pin] >>> ((select & 1) != 0 ? 32 : 0)) : 0;
            }
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        switch ((int) offset) {
            case SELECT -> {
                synchronized (lock) {
                    select = (int) value & 0xff;
                }
            }
            case WINDOW -> writeIndexed((int) value);
            case EOI -> endOfInterrupt((int) value & VECTOR);
            default -> { }
        }
    }

    private void writeIndexed(int value) {
        int fired = -1;
        synchronized (lock) {
            int pin = select - INDEX_TABLE >> 1;
            if (select == INDEX_ID) {
                id = value & ID_BITS;
            } else if (select >= INDEX_TABLE && pin < PINS) {
                writeEntry(pin, (select & 1) != 0, value);
                fired = isLevel(table[pin]) && claimLevel(pin) ? pin : -1;
            }
        }
        onRedirection.run();
        if (fired >= 0) {
            send(fired);
        }
    }

    private void writeEntry(int pin, boolean upper, int value) {
        long entry = table[pin];
        if (upper) {
            long writable = remapping != null ? 0xffff_0000_0000_0000L
                    : wideDestinations ? 0xfffe_0000_0000_0000L : 0xff00_0000_0000_0000L;
            entry = (long) value << 32 & writable | entry & 0xffff_ffffL;
        } else {
            entry = entry & ~0xffff_ffffL | value & LOW_WRITABLE | entry & REMOTE_IRR;
        }
        // Programming a pin as edge-triggered forgets a level-triggered interrupt under way; guests rely on it.
        table[pin] = isLevel(entry) ? entry : entry & ~REMOTE_IRR;
    }

    // ---- reset and state ----

    /// Power-on: everything masked. The pins are as their sources drive them.
    public void reset() {
        synchronized (lock) {
            Arrays.fill(table, MASKED);
            select = 0;
            id = 0;
        }
        onRedirection.run();
    }

    public State save() {
        synchronized (lock) {
            return new State(select, id, pins, LongStream.of(table).boxed().toList());
        }
    }

    public void restore(State saved) {
        synchronized (lock) {
            select = saved.select & 0xff;
            id = saved.id;
            pins = saved.pins;
            for (int pin = 0; pin < PINS; pin++) {
                table[pin] = saved.table.get(pin);
            }
        }
        onRedirection.run();
    }
}
