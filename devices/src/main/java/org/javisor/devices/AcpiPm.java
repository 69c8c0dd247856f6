// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.function.IntConsumer;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;

/// ACPI's fixed hardware, laid out as in Intel's ICH9 or PIIX4 from PMBASE on: PM1a event and control registers, the
/// power management timer, and one block of general-purpose events, which the PIIX4's board has elsewhere
/// ([#gpeBlock]).
///
/// Until the guest writes [#ACPI_ENABLE] to the SMI command port its events raise nothing; from then on they raise the
/// SCI. Other commands are for firmware's handler, if the board has [SmiControl].
///
/// @acpi 6.5 §4.8 "ACPI Hardware Features"
/// @datasheet Intel ICH9 "Power Management I/O Registers"
public final class AcpiPm implements EightBitDevice, Chip<AcpiPm.State> {
    /// How many ports the block has.
    public static final int PORTS = 128;
    /// As [#PORTS], of a PIIX4.
    public static final int PIIX4_PORTS = 64;

    /// Offsets of the registers, for the FADT.
    public static final int PM1_STS = 0, PM1_EN = 2, PM1_CNT = 4, PM_TMR = 8, GPE0_STS = 0x20, GPE0_EN = 0x28;
    public static final int GPE0_BYTES = 16;
    /// The size of [#gpeBlock]: two bytes of status, two of enable bits.
    public static final int SMALL_GPE0_BYTES = 4;

    /// The SMI command port and the two commands it knows, for the FADT.
    public static final int SMI_COMMAND_PORT = 0xb2, ACPI_ENABLE = 2, ACPI_DISABLE = 3;

    static final int TMR_STS = 1, PWRBTN_STS = 0x100, SLPBTN_STS = 0x200, RTC_STS = 0x400,
            WAK_STS = 0x8000;
    static final int SCI_EN = 1, SLP_EN = 0x2000;
    private static final int STATUS_BITS = 0x8731, ENABLE_BITS = 0x0721, CONTROL_BITS = 0x1c03;

    /// SMIs by the command port are on: so says a board that has no need of firmware's handler for them.
    private static final int SMI_EN = 0x30, GBL_SMI_EN = 1, APMC_EN = 0x20;

    private static final int HZ = 3_579_545;
    private static final long SECOND = 1_000_000_000L;

    /// Everything the block remembers.
    ///
    /// @param timerSeen the timer's value, of any width, when its top bit was last looked at
    /// @param command   the last value written to the SMI command port, and the data port beside it in bits
    ///     15:8
    public record State(int status, int enable, int control, long gpeStatus, long gpeEnable, long timerSeen,
            int command) {
        public State {
            if ((status & ~STATUS_BITS) != 0 || (enable & ~ENABLE_BITS) != 0 || (control & ~CONTROL_BITS) != 0
                    || timerSeen < 0 || (command & ~0xffff) != 0) {
                throw new IllegalArgumentException("ACPI state with bits that no register has");
            }
        }
    }

    /// What ends a sleep if it is enabled; the power button does in any case.
    private static final int WAKING = PWRBTN_STS | SLPBTN_STS | RTC_STS;

    private final Object lock = new Object();
    private final Clock clock;
    private final Pin sci;
    private final IntConsumer onSleep;
    private final Clock.Timer overflow;
    private final int topBit;
    private final boolean ich9;
    /// Null on a board without system management mode.
    private final SmiControl smi;

    private int status;
    private int enable;
    private int control;
    private long gpeStatus;
    private long gpeEnable;
    private long timerSeen;
    private int command;
    /// What to call for the event that ends the guest's sleep; null while it is awake.
    private Runnable wake;

    /// @param sci       the system control interrupt, level-triggered
    /// @param timerBits the width of the timer: 32 if the FADT says TMR_VAL_EXT, else 24
    /// @param onSleep   gets SLP_TYP, 0 to 7, when the guest sets SLP_EN; what each means the DSDT says
    public AcpiPm(Clock clock, InterruptLine sci, int timerBits, IntConsumer onSleep) {
        this(clock, sci, timerBits, onSleep, null);
    }

    /// As the other, on a board with system management mode.
    public AcpiPm(Clock clock, InterruptLine sci, int timerBits, IntConsumer onSleep, SmiControl smi) {
        this(clock, sci, timerBits, onSleep, true, smi);
    }

    private AcpiPm(Clock clock, InterruptLine sci, int timerBits, IntConsumer onSleep, boolean ich9, SmiControl smi) {
        this.ich9 = ich9;
        this.smi = smi;
        if (timerBits != 24 && timerBits != 32) {
            throw new IllegalArgumentException("a PM timer of " + timerBits + " bits");
        }
        this.clock = clock;
        this.topBit = timerBits - 1;
        this.sci = new Pin(sci);
        this.onSleep = onSleep;
        this.overflow = clock.timer(this::topBitChanged);
        this.timerSeen = ticks();
    }

    /// The block of a PIIX4, whose timer has 24 bits.
    ///
    /// @param smi null on a board without system management mode
    public static AcpiPm piix4(Clock clock, InterruptLine sci, IntConsumer onSleep, SmiControl smi) {
        return new AcpiPm(clock, sci, 24, onSleep, false, smi);
    }

    // ---- the host's side ----

    /// The person presses the power button: the guest should shut down.
    public void pressPowerButton() {
        raise(PWRBTN_STS);
    }

    /// The person presses the sleep button.
    public void pressSleepButton() {
        raise(SLPBTN_STS);
    }

    /// What the real-time clock's interrupt is connected to beside IRQ 8: its rising is a wake-up event.
    public InterruptLine rtcInput() {
        return level -> {
            if (level) {
                raise(RTC_STS);
            }
        };
    }

    /// The guest sleeps now, and shall be woken by the next event that is enabled, or by one that waits already.
    ///
    /// @param whenDue called once, on whichever thread the event comes from
    public void sleep(Runnable whenDue) {
        synchronized (lock) {
            wake = whenDue;
        }
        wakeIfDue();
    }

    private void wakeIfDue() {
        Runnable due = null;
        synchronized (lock) {
            boolean event = (status & (enable | PWRBTN_STS) & WAKING) != 0 || (gpeStatus & gpeEnable) != 0;
            if (event) {
                due = wake;
                wake = null;
            }
        }
        if (due != null) {
            due.run();
        }
    }

    /// What becomes of the block in place of [#reset] when the guest's sleep ends: WAK_STS is set, and what has woken
    /// it can be seen.
    public void awaken() {
        synchronized (lock) {
            status = status & WAKING | WAK_STS;
            enable = 0;
            control = 0;
            gpeEnable = 0;
            wake = null;
            update();
        }
        sci.drive();
    }

    private void raise(int bit) {
        synchronized (lock) {
            status |= bit;
            update();
        }
        sci.drive();
        wakeIfDue();
    }

    /// Signals general-purpose event `event`, 0 to 63, to be handled by `\_GPE._Lxx` or `_Exx`.
    public void raiseGpe(int event) {
        synchronized (lock) {
            gpeStatus |= 1L << event;
            update();
        }
        sci.drive();
        wakeIfDue();
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        // The timer is read often, and lies: its bytes must come from one moment.
        if (offset >= PM_TMR && offset + size <= PM_TMR + 4) {
            return (ticks() & (2L << topBit) - 1) >>> 8 * (offset - PM_TMR);
        }
        return EightBitDevice.super.read(offset, size);
    }

    @Override
    public int readByte(int offset) {
        if (smi != null && smi.holds(offset)) {
            return smi.readByte(offset);
        }
        synchronized (lock) {
            noteTimer();
            return switch (offset) {
                case PM1_STS, PM1_STS + 1 -> part(status, offset - PM1_STS);
                case PM1_EN, PM1_EN + 1 -> part(enable, offset - PM1_EN);
                case PM1_CNT, PM1_CNT + 1 -> part(control, offset - PM1_CNT);
                case PM_TMR, PM_TMR + 1, PM_TMR + 2, PM_TMR + 3 ->
                        part(ticks() & (2L << topBit) - 1, offset - PM_TMR);
                case SMI_EN -> ich9 ? APMC_EN | GBL_SMI_EN : 0;
                default -> ich9 ? readGpe(offset) : 0;
            };
        }
    }

    private int readGpe(int offset) {
        if (offset >= GPE0_STS && offset < GPE0_STS + 8) {
            return part(gpeStatus, offset - GPE0_STS);
        }
        return offset >= GPE0_EN && offset < GPE0_EN + 8 ? part(gpeEnable, offset - GPE0_EN) : 0;
    }

    private static int part(long register, int index) {
        return (int) (register >>> 8 * index) & 0xff;
    }

    private static long replace(long register, int index, int value) {
        return register & ~(0xffL << 8 * index) | (long) value << 8 * index;
    }

    @Override
    public void writeByte(int offset, int value) {
        if (smi != null && smi.holds(offset)) {
            smi.writeByte(offset, value);
            return;
        }
        int sleepType = -1;
        synchronized (lock) {
            noteTimer();
            switch (offset) {
                case PM1_STS, PM1_STS + 1 -> status &= ~(value << 8 * (offset - PM1_STS));
                case PM1_EN, PM1_EN + 1 ->
                        enable = (int) replace(enable, offset - PM1_EN, value) & ENABLE_BITS;
                case PM1_CNT -> control = control & ~0xff | value & CONTROL_BITS;
                case PM1_CNT + 1 -> sleepType = writeSleep(value << 8);
                default -> {
                    if (ich9) {
                        writeGpe(offset, value);
                    }
                }
            }
            update();
        }
        sci.drive();
        if (sleepType >= 0) {
            onSleep.accept(sleepType);
        }
    }

    /// @return SLP_TYP if the write sets SLP_EN, or -1
    private int writeSleep(int value) {
        control = control & 0xff | value & CONTROL_BITS;
        return (value & SLP_EN) != 0 ? value >>> 10 & 7 : -1;
    }

    private void writeGpe(int offset, int value) {
        if (offset >= GPE0_STS && offset < GPE0_STS + 8) {
            gpeStatus &= ~((long) value << 8 * (offset - GPE0_STS));
        } else if (offset >= GPE0_EN && offset < GPE0_EN + 8) {
            gpeEnable = replace(gpeEnable, offset - GPE0_EN, value);
        }
    }

    /// The first sixteen general-purpose events as a block of their own.
    public EightBitDevice gpeBlock() {
        return new EightBitDevice() {
            @Override
            public int readByte(int offset) {
                synchronized (lock) {
                    return readGpe(place(offset));
                }
            }

            @Override
            public void writeByte(int offset, int value) {
                synchronized (lock) {
                    writeGpe(place(offset), value);
                    update();
                }
                sci.drive();
            }

            private static int place(int offset) {
                return offset < SMALL_GPE0_BYTES / 2 ? GPE0_STS + offset : GPE0_EN + offset - SMALL_GPE0_BYTES / 2;
            }
        };
    }

    /// Two ports: the SMI command, and a byte of data that goes with it.
    public EightBitDevice smiCommand() {
        return new EightBitDevice() {
            @Override
            public int readByte(int offset) {
                synchronized (lock) {
                    return part(command, offset & 1);
                }
            }

            @Override
            public void writeByte(int offset, int value) {
                smiCommand(offset & 1, value);
            }
        };
    }

    private void smiCommand(int offset, int value) {
        synchronized (lock) {
            command = (int) replace(command, offset, value);
            if (offset == 0 && value == ACPI_ENABLE) {
                control |= SCI_EN;
            } else if (offset == 0 && value == ACPI_DISABLE) {
                control &= ~SCI_EN;
            }
            update();
        }
        sci.drive();
        if (smi != null && offset == 0 && value != ACPI_ENABLE && value != ACPI_DISABLE) {
            smi.commanded();
        }
    }

    // ---- the timer ----

    private long ticks() {
        long nanos = clock.nanos();
        return nanos / SECOND * HZ + nanos % SECOND * HZ / SECOND;
    }

    /// Sets TMR_STS if the top bit has changed since the last look.
    private void noteTimer() {
        long now = ticks();
        if (now >>> topBit != timerSeen >>> topBit) {
            status |= TMR_STS;
        }
        timerSeen = now;
    }

    private void topBitChanged() {
        synchronized (lock) {
            noteTimer();
            update();
        }
        sci.drive();
    }

    private void update() {
        boolean wanted = (status & enable) != 0 || (gpeStatus & gpeEnable) != 0;
        sci.set(wanted && (control & SCI_EN) != 0);
        if ((enable & TMR_STS) != 0 && (status & TMR_STS) == 0) {
            long change = (timerSeen >>> topBit) + 1 << topBit;
            overflow.arm(change / HZ * SECOND + (change % HZ * SECOND + HZ - 1) / HZ);
        } else {
            overflow.cancel();
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        load(new State(0, 0, 0, 0, 0, ticks(), 0));
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(status, enable, control, gpeStatus, gpeEnable, timerSeen, command);
        }
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            status = state.status;
            enable = state.enable;
            control = state.control;
            gpeStatus = state.gpeStatus;
            gpeEnable = state.gpeEnable;
            timerSeen = state.timerSeen;
            command = state.command;
            update();
        }
        sci.drive();
    }
}
