// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;

/// An MC146818 real-time clock with 128 bytes of battery-backed memory at ports 0x70 (index, and the NMI mask
/// in bit 7) and 0x71 (data), and a bank of 128 bytes more at 0x72 and 0x73. Ports 0x74 to 0x77 are the same
/// four again, as in an ICH9.
///
/// Time is the clock's wall time plus what the guest has set; the registers are computed when they are read.
/// Flags are computed too: a host timer runs only for an interrupt that is enabled and has not been flagged
/// yet.
///
/// @datasheet MC146818 "Registers"
public final class Rtc implements EightBitDevice, Chip<Rtc.State> {
    public static final int PORT = 0x70, PORTS = 8;
    /// How many bytes each bank has, clock registers included.
    public static final int BYTES = 128;
    /// Where PC firmware keeps the century.
    public static final int CENTURY = 0x32;

    static final int A = 0xa, B = 0xb, C = 0xc, D = 0xd;
    static final int A_UIP = 0x80, B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10;
    static final int C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10, D_VRT = 0x80;

    private static final long SECOND = 1_000_000_000L;
    /// UIP is on for this long before an update, so that a reader that saw it off has time to read.
    private static final long UIP_NANOS = 244_000;
    private static final int CRYSTAL_HZ = 32_768;
    private static final int NMI_MASK = 0x80;
    /// The four ports, below their aliases.
    private static final int INDEX = 0, DATA = 1, EXTENDED_INDEX = 2, EXTENDED_DATA = 3;

    /// Everything the chip remembers.
    ///
    /// @param index   the index register, NMI mask included
    /// @param cmos    the memory; while the clock runs its time registers are out of date
    /// @param flags   PF, AF and UF
    /// @param extendedIndex the index register of the second bank
    /// @param extended the second bank
    /// @param offset  nanoseconds that the chip's time is ahead of the wall clock's
    /// @param stopped the chip's time while SET or a divider in reset holds it
    /// @param seen    the chip's time up to which flags have been computed
    public record State(int index, byte[] cmos, int extendedIndex, byte[] extended, int flags, long offset,
            long stopped, long seen) {
        public State {
            if ((index & ~0xff) != 0 || cmos.length != BYTES || (extendedIndex & ~(BYTES - 1)) != 0
                    || extended.length != BYTES || (flags & ~(C_PF | C_AF | C_UF)) != 0) {
                throw new IllegalArgumentException("RTC state with registers that the chip does not have");
            }
            cmos = cmos.clone();
            extended = extended.clone();
        }
    }

    private final Object lock = new Object();
    private final Clock clock;
    private final Pin irq;
    private final Clock.Timer timer;
    private final RtcCalendar cmos = new RtcCalendar();

    private final byte[] extended = new byte[BYTES];

    private int index;
    private int extendedIndex;
    private int flags;
    private long offset;
    private long stopped;
    private long seen;

    /// @param irq IRQ 8
    public Rtc(Clock clock, InterruptLine irq) {
        this.clock = clock;
        this.irq = new Pin(irq);
        this.timer = clock.timer(this::expire);
        cmos.set(A, 0x26);
        cmos.set(B, RtcCalendar.B_24H);
        cmos.set(D, D_VRT);
        this.seen = time();
        cmos.setTime(time());
    }

    // ---- the board's side ----

    /// Stores a byte as firmware would: equipment, memory sizes, boot order.
    public void setCmos(int at, int value) {
        if (at < RtcCalendar.FIRST_FREE || at >= BYTES) {
            throw new IllegalArgumentException("CMOS byte " + at + " is not free");
        }
        synchronized (lock) {
            cmos.set(at, value);
        }
    }

    public int cmos(int at) {
        synchronized (lock) {
            return cmos.get(at);
        }
    }

    /// Stores the sizes of memory where firmware and old systems look for them.
    ///
    /// @param below4G bytes of RAM from address 0 on
    /// @param above4G bytes of RAM from 4 GiB on
    public void setMemorySize(long below4G, long above4G) {
        int extended = (int) Math.min(0xffff, Math.max(0, below4G - (1 << 20)) >> 10);
        int above16M = (int) Math.min(0xffff, Math.max(0, below4G - (16 << 20)) >> 16);
        store(0x15, 640, 2);
        store(0x17, extended, 2);
        store(0x30, extended, 2);
        store(0x34, above16M, 2);
        store(0x5b, (int) Math.min(0xff_ffff, above4G >> 16), 3);
    }

    private void store(int at, int value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            setCmos(at + i, value >>> 8 * i & 0xff);
        }
    }

    /// Whether the guest has masked NMIs through bit 7 of port 0x70.
    public boolean nmiMasked() {
        synchronized (lock) {
            return (index & NMI_MASK) != 0;
        }
    }

    // ---- ports ----

    @Override
    public int readByte(int offset) {
        int value;
        synchronized (lock) {
            value = switch (offset & 3) {
                case DATA -> readRegister(index & BYTES - 1);
                case EXTENDED_INDEX -> extendedIndex;
                case EXTENDED_DATA -> extended[extendedIndex] & 0xff;
                default -> 0xff;    // the first index is write-only
            };
            update();
        }
        irq.drive();
        return value;
    }

    @Override
    public void writeByte(int offset, int value) {
        synchronized (lock) {
            switch (offset & 3) {
                case INDEX -> index = value;
                case DATA -> writeRegister(index & BYTES - 1, value);
                case EXTENDED_INDEX -> extendedIndex = value & BYTES - 1;
                default -> extended[extendedIndex] = (byte) value;
            }
            update();
        }
        irq.drive();
    }

    private int readRegister(int register) {
        if (RtcCalendar.isTime(register) && running()) {
            cmos.setTime(time());
        }
        return switch (register) {
            case A -> cmos.get(A) | (updateInProgress() ? A_UIP : 0);
            case C -> takeFlags();
            default -> cmos.get(register);
        };
    }

    private int takeFlags() {
        noteFlags();
        int value = flags | (interrupting() ? C_IRQF : 0);
        flags = 0;
        return value;
    }

    private void writeRegister(int register, int value) {
        noteFlags();
        switch (register) {
            case A -> writeControl(A, value & ~A_UIP);
            // Setting SET takes UIE away.
            case B -> writeControl(B, (value & B_SET) != 0 ? value & ~B_UIE : value);
            case C, D -> { }    // read-only
            default -> writeMemory(register, value);
        }
    }

    private void writeMemory(int register, int value) {
        if (!RtcCalendar.isTime(register)) {
            cmos.set(register, value);
        } else if (running()) {
            long now = time();
            cmos.setTime(now);
            cmos.set(register, value);
            offset += cmos.time() - now / SECOND * SECOND;
            seen = time();
        } else {
            cmos.set(register, value);
        }
    }

    /// Writes A or B; either may stop the clock or let it run again from what its registers say then.
    private void writeControl(int register, int value) {
        boolean ran = running();
        boolean dividerHeld = dividerHeld();
        if (ran) {
            stopped = time();
            cmos.setTime(stopped);
        }
        cmos.set(register, value);
        if (running() && !ran) {
            // Out of reset, the divider's first update comes after half a second.
            long fraction = dividerHeld ? SECOND / 2 : stopped % SECOND;
            offset = cmos.time() + fraction - clock.wallNanos();
            seen = time();
        }
    }

    // ---- time ----

    private boolean dividerHeld() {
        return (cmos.get(A) & 0x60) == 0x60;
    }

    private boolean running() {
        return (cmos.get(B) & B_SET) == 0 && !dividerHeld();
    }

    private long time() {
        return clock.wallNanos() + offset;
    }

    private boolean updateInProgress() {
        return running() && Math.floorMod(time(), SECOND) >= SECOND - UIP_NANOS;
    }

    // ---- flags and interrupts ----

    private void noteFlags() {
        if (dividerHeld()) {
            return;
        }
        long now = time();
        int period = periodTicks();
        if (period != 0 && Math.floorDiv(ticks(now), period) != Math.floorDiv(ticks(seen), period)) {
            flags |= C_PF;
        }
        if (running()) {
            if (Math.floorDiv(now, SECOND) != Math.floorDiv(seen, SECOND)) {
                flags |= C_UF;
            }
            if (cmos.nextAlarm(seen) <= now) {
                flags |= C_AF;
            }
        }
        seen = now;
    }

    private static long ticks(long nanos) {
        return Math.floorDiv(nanos, SECOND) * CRYSTAL_HZ + Math.floorMod(nanos, SECOND) * CRYSTAL_HZ / SECOND;
    }

    /// The period of PF in ticks of the crystal, 0 for none ("Periodic Interrupt Rate").
    private int periodTicks() {
        int rate = cmos.get(A) & 0xf;
        if (rate == 0) {
            return 0;
        }
        return 1 << (rate < 3 ? rate + 7 : rate) - 1;
    }

    private boolean interrupting() {
        return (flags & cmos.get(B) & (C_PF | C_AF | C_UF)) != 0;
    }

    private void update() {
        noteFlags();
        irq.set(interrupting());
        int waiting = cmos.get(B) & ~flags;
        long next = Long.MAX_VALUE;
        int period = periodTicks();
        if ((waiting & B_PIE) != 0 && period != 0 && !dividerHeld()) {
            long tick = (Math.floorDiv(ticks(seen), period) + 1) * period;
            next = Math.floorDiv(tick, CRYSTAL_HZ) * SECOND
                    + (Math.floorMod(tick, CRYSTAL_HZ) * SECOND + CRYSTAL_HZ - 1) / CRYSTAL_HZ;
        }
        if ((waiting & B_UIE) != 0 && running()) {
            next = Math.min(next, (Math.floorDiv(seen, SECOND) + 1) * SECOND);
        }
        if ((waiting & B_AIE) != 0 && running()) {
            next = Math.min(next, cmos.nextAlarm(seen));
        }
        if (next == Long.MAX_VALUE) {
            timer.cancel();
        } else {
            timer.arm(clock.nanos() + next - seen);
        }
    }

    private void expire() {
        synchronized (lock) {
            update();
        }
        irq.drive();
    }

    // ---- life ----

    /// The reset pin leaves time and memory alone: it clears the interrupt enables, the flags and the square
    /// wave.
    @Override
    public void reset() {
        synchronized (lock) {
            cmos.set(B, cmos.get(B) & ~(B_PIE | B_AIE | B_UIE | 8));
            index = 0;
            extendedIndex = 0;
            seen = time();
            flags = 0;
            update();
        }
        irq.drive();
    }

    @Override
    public State save() {
        synchronized (lock) {
            noteFlags();
            return new State(index, cmos.toArray(), extendedIndex, extended, flags, offset, stopped, seen);
        }
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            index = state.index;
            cmos.load(state.cmos);
            extendedIndex = state.extendedIndex;
            System.arraycopy(state.extended, 0, extended, 0, BYTES);
            flags = state.flags;
            offset = state.offset;
            stopped = state.stopped;
            seen = state.seen;
            update();
        }
        irq.drive();
    }
}
