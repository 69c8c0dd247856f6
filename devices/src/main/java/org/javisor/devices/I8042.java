// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.Arrays;
import java.util.function.Consumer;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;

/// The keyboard controller of a PS/2, with a keyboard and a mouse plugged in.
///
/// Its two ports, 0x60 for data and 0x64 for status and commands, are not neighbours: the board attaches
/// [#data] and [#command]. As a device of five addresses it has them at offsets 0 and 4.
///
/// A byte written is worked on at once, so the input buffer is always empty. Commands' answers come before
/// bytes from the devices, which wait in theirs.
///
/// @datasheet IBM Personal System/2 "Keyboard and Auxiliary Device Controller"
public final class I8042 implements EightBitDevice, Chip<I8042.State> {
    public static final int DATA_PORT = 0x60, COMMAND_PORT = 0x64;

    static final int DATA = 0, COMMAND = 4;

    static final int STATUS_OUTPUT_FULL = 1, STATUS_SYSTEM = 4, STATUS_COMMAND = 8, STATUS_UNLOCKED = 16,
            STATUS_AUX = 32;
    static final int MODE_KEYBOARD_INTERRUPT = 1, MODE_AUX_INTERRUPT = 2, MODE_SYSTEM = 4,
            MODE_KEYBOARD_OFF = 16, MODE_AUX_OFF = 32, MODE_TRANSLATE = 64;
    static final int OUTPUT_NOT_RESET = 1, OUTPUT_A20 = 2, OUTPUT_KEYBOARD_FULL = 16, OUTPUT_AUX_FULL = 32;

    private static final int OUTPUT_FIXED = 0xcc, INPUT_PORT = 0x80;
    private static final int RAM_BYTES = 32;
    private static final int POWER_ON_MODE = MODE_KEYBOARD_INTERRUPT | MODE_AUX_INTERRUPT | MODE_TRANSLATE;
    private static final int TEST_PASSED = 0x55, PORT_OK = 0, NO_PASSWORD = 0xf1, LOAD_PASSWORD = 0xa5;

    /// Everything the controller remembers.
    ///
    /// @param ram     its memory; byte 0 is the command byte, here called mode
    /// @param status  output buffer full, command, and from the auxiliary device
    /// @param pending the command whose parameter byte is awaited, or 0
    /// @param release whether the keyboard's last byte announced a key's release, for translation
    public record State(byte[] ram, int status, int output, int outputPort, int pending, boolean release,
            Ps2KeyboardState keyboard, Ps2MouseState mouse) {
        public State {
            if (ram.length != RAM_BYTES || (status & ~(STATUS_OUTPUT_FULL | STATUS_COMMAND | STATUS_AUX)) != 0
                    || (output & ~0xff) != 0 || (outputPort & ~0xff) != 0 || (pending & ~0xff) != 0) {
                throw new IllegalArgumentException("keyboard controller state with bits that no register has");
            }
            ram = ram.clone();
        }
    }

    private final Object lock = new Object();
    private final Pin keyboardIrq;
    private final Pin auxIrq;
    private final A20Gate a20;
    private final Consumer<ResetKind> onReset;
    private final Clock clock;
    private final Clock.Timer repeatTimer;
    private final Ps2Keyboard keyboard = new Ps2Keyboard();
    private final Ps2Mouse mouse = new Ps2Mouse();

    private final byte[] ram = new byte[RAM_BYTES];
    private int status;
    private int output;
    private int outputPort;
    private int pending;
    private boolean release;
    private boolean resetWanted;
    private long armedFor = Ps2Keyboard.NEVER;

    /// @param keyboardIrq IRQ 1
    /// @param auxIrq      IRQ 12
    /// @param clock       for keys that repeat
    public I8042(InterruptLine keyboardIrq, InterruptLine auxIrq, A20Gate a20, Clock clock,
            Consumer<ResetKind> onReset) {
        this.keyboardIrq = new Pin(keyboardIrq);
        this.auxIrq = new Pin(auxIrq);
        this.a20 = a20;
        this.clock = clock;
        this.onReset = onReset;
        this.repeatTimer = clock.timer(() -> act(() -> {
            armedFor = Ps2Keyboard.NEVER;
            keyboard.repeat(clock.nanos());
        }));
        toResetState();
    }

    // ---- the host's side ----

    /// A key goes down or up; a guest that does not listen misses it.
    ///
    /// @param code     the make code in scan code set 1
    /// @param extended whether the code is prefixed by 0xe0
    /// @return false if the keyboard's buffer is full: the guest does not read, or not yet
    public boolean key(int code, boolean extended, boolean down) {
        boolean[] taken = new boolean[1];
        act(() -> taken[0] = keyboard.key(code, extended, down, clock.nanos()));
        return taken[0];
    }

    /// The mouse moves, counted right and up, or its wheel turns toward its user, or buttons change.
    ///
    /// @param buttons left, right, middle, back and forward in bits 0 to 4
    public void mouse(int dx, int dy, int dz, int buttons) {
        act(() -> mouse.move(dx, dy, dz, buttons));
    }

    /// Scroll lock, num lock and caps lock in bits 0 to 2.
    public int leds() {
        synchronized (lock) {
            return keyboard.leds();
        }
    }

    /// Does something to the state, then drives the wires to match.
    private void act(Runnable action) {
        boolean reset;
        boolean gate;
        synchronized (lock) {
            action.run();
            fillOutput();
            updateInterrupts();
            armTimer();
            reset = resetWanted;
            resetWanted = false;
            gate = (outputPort & OUTPUT_A20) != 0;
        }
        a20.keyboardController(gate);
        keyboardIrq.drive();
        auxIrq.drive();
        if (reset) {
            onReset.accept(ResetKind.HARD);
        }
    }

    private void armTimer() {
        long due = keyboard.repeatAt();
        if (due != armedFor) {
            armedFor = due;
            if (due == Ps2Keyboard.NEVER) {
                repeatTimer.cancel();
            } else {
                repeatTimer.arm(due);
            }
        }
    }

    // ---- ports ----

    /// Port 0x60.
    public EightBitDevice data() {
        return port(DATA);
    }

    /// Port 0x64.
    public EightBitDevice command() {
        return port(COMMAND);
    }

    private EightBitDevice port(int register) {
        return new EightBitDevice() {
            @Override
            public int readByte(int offset) {
                return I8042.this.readByte(register);
            }

            @Override
            public void writeByte(int offset, int value) {
                I8042.this.writeByte(register, value);
            }
        };
    }

    @Override
    public int readByte(int offset) {
        if (offset == COMMAND) {
            synchronized (lock) {
                return status | STATUS_UNLOCKED | ((ram[0] & MODE_SYSTEM) != 0 ? STATUS_SYSTEM : 0);
            }
        }
        if (offset != DATA) {
            return 0xff;
        }
        int[] value = new int[1];
        act(() -> value[0] = takeOutput());
        return value[0];
    }

    @Override
    public void writeByte(int offset, int value) {
        if (offset == COMMAND) {
            act(() -> {
                status |= STATUS_COMMAND;
                pending = 0;
                execute(value);
            });
        } else if (offset == DATA) {
            act(() -> {
                status &= ~STATUS_COMMAND;
                int command = pending;
                pending = 0;
                writeData(command, value);
            });
        }
    }

    // ---- output buffer ----

    private int takeOutput() {
        status &= ~(STATUS_OUTPUT_FULL | STATUS_AUX);
        outputPort &= ~(OUTPUT_KEYBOARD_FULL | OUTPUT_AUX_FULL);
        // The interrupt falls with the byte that asked for it, and rises anew for the next.
        updateInterrupts();
        return output;
    }

    /// An answer of the controller itself, which takes the place of whatever was there.
    private void answer(int value) {
        put(value, false);
    }

    private void put(int value, boolean aux) {
        output = value & 0xff;
        status = status & ~STATUS_AUX | STATUS_OUTPUT_FULL | (aux ? STATUS_AUX : 0);
        outputPort = outputPort & ~(OUTPUT_KEYBOARD_FULL | OUTPUT_AUX_FULL)
                | (aux ? OUTPUT_AUX_FULL : OUTPUT_KEYBOARD_FULL);
    }

    /// Fetches the next byte from a device that is not held back, the keyboard first.
    private void fillOutput() {
        mouse.report();
        while ((status & STATUS_OUTPUT_FULL) == 0) {
            if (!keyboard.port().isEmpty() && (ram[0] & MODE_KEYBOARD_OFF) == 0) {
                putKeyboard(keyboard.port().take());
            } else if (!mouse.port().isEmpty() && (ram[0] & MODE_AUX_OFF) == 0) {
                put(mouse.port().take(), true);
            } else {
                return;
            }
        }
    }

    private void putKeyboard(int b) {
        if ((ram[0] & MODE_TRANSLATE) == 0) {
            release = false;
            put(b, false);
        } else if (b == ScanCodes.RELEASE) {
            release = true;
        } else {
            put(ScanCodes.translate(b) | (release ? 0x80 : 0), false);
            release = false;
        }
    }

    private void updateInterrupts() {
        boolean full = (status & STATUS_OUTPUT_FULL) != 0;
        boolean aux = (status & STATUS_AUX) != 0;
        keyboardIrq.set(full && !aux && (ram[0] & MODE_KEYBOARD_INTERRUPT) != 0);
        auxIrq.set(full && aux && (ram[0] & MODE_AUX_INTERRUPT) != 0);
    }

    // ---- commands ----

    private void execute(int command) {
        if (command >= 0x20 && command < 0x40) {
            answer(ram[command & RAM_BYTES - 1]);
        } else if (command >= 0xf0) {
            // Bits 3:0 that are 0 pulse low; bit 0 is the processor's reset.
            resetWanted = (command & OUTPUT_NOT_RESET) == 0;
        } else {
            executeNamed(command);
        }
    }

    private void executeNamed(int command) {
        switch (command) {
            case 0xa4 -> answer(NO_PASSWORD);
            case LOAD_PASSWORD -> pending = command;
            case 0xa7 -> ram[0] |= MODE_AUX_OFF;
            case 0xa8 -> ram[0] &= ~MODE_AUX_OFF;
            case 0xa9, 0xab -> answer(PORT_OK);
            case 0xaa -> {
                ram[0] |= MODE_SYSTEM;
                answer(TEST_PASSED);
            }
            case 0xad -> ram[0] |= MODE_KEYBOARD_OFF;
            case 0xae -> ram[0] &= ~MODE_KEYBOARD_OFF;
            case 0xc0 -> answer(INPUT_PORT);
            case 0xd0 -> answer(outputPort | OUTPUT_FIXED);
            case 0xe0 -> answer(0);     // test inputs: both clock lines are low
            case 0xdd -> outputPort &= ~OUTPUT_A20;
            case 0xdf -> outputPort |= OUTPUT_A20;
            case 0xd1, 0xd2, 0xd3, 0xd4 -> pending = command;
            default -> pending = command >= 0x60 && command < 0x80 ? command : 0;
        }
    }

    private void writeData(int command, int value) {
        switch (command) {
            case 0 -> {
                ram[0] &= ~MODE_KEYBOARD_OFF;
                release = false;
                keyboard.command(value);
            }
            // There is nothing that it would protect; it ends with a zero.
            case LOAD_PASSWORD -> pending = value == 0 ? 0 : LOAD_PASSWORD;
            case 0xd1 -> writeOutputPort(value);
            case 0xd2 -> put(value, false);
            case 0xd3 -> put(value, true);
            case 0xd4 -> {
                ram[0] &= ~MODE_AUX_OFF;
                mouse.command(value);
            }
            default -> ram[command & RAM_BYTES - 1] = (byte) value;
        }
    }

    private void writeOutputPort(int value) {
        outputPort = outputPort & ~OUTPUT_A20 | value & OUTPUT_A20;
        resetWanted = (value & OUTPUT_NOT_RESET) == 0;
    }

    // ---- life ----

    private void toResetState() {
        Arrays.fill(ram, (byte) 0);
        ram[0] = POWER_ON_MODE;
        status = 0;
        output = 0;
        outputPort = OUTPUT_NOT_RESET | OUTPUT_A20;
        pending = 0;
        release = false;
        keyboard.powerOn();
        mouse.powerOn();
    }

    @Override
    public void reset() {
        act(this::toResetState);
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(ram, status, output, outputPort, pending, release, keyboard.save(),
                    mouse.save());
        }
    }

    @Override
    public void load(State state) {
        act(() -> {
            System.arraycopy(state.ram, 0, ram, 0, RAM_BYTES);
            status = state.status;
            output = state.output;
            outputPort = state.outputPort;
            pending = state.pending;
            release = state.release;
            keyboard.load(state.keyboard);
            mouse.load(state.mouse);
        });
    }
}
