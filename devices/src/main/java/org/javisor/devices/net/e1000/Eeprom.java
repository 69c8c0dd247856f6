// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.devices.net.MacAddress;

/// The card's EEPROM of 64 words, a 93C46 on a serial bus whose wires are bits of EECD. Read, written and erased by
/// word; EERD reads it without the bus.
///
/// Guarded by the card's lock.
///
/// @datasheet Intel 317453 §5.3 "EEPROM Device and Interface", §5.6 "EEPROM Address Map"
public final class Eeprom {
    static final int WORDS = 64;

    private static final int CLOCK = 1, SELECT = 1 << 1, DATA_IN = 1 << 2, DATA_OUT = 1 << 3, REQUEST = 1 << 6,
            GRANT = 1 << 7, PRESENT = 1 << 8, AUTO_READ_DONE = 1 << 9;
    private static final int WIRES = CLOCK | SELECT | DATA_IN | REQUEST | 0x30;
    /// A start bit, two of the operation, six of the address.
    private static final int COMMAND_BITS = 9, ADDRESS = WORDS - 1;
    /// Behind it come no new events: all words have been read.
    private static final int LAST_CLOCK = COMMAND_BITS + 16 * WORDS;
    private static final int READ = 6, WRITE = 5, ERASE = 7, EXTENDED = 4;
    private static final int WRITE_ENABLE = 3, WRITE_DISABLE = 0;
    private static final int CHECKSUM_WORD = 0x3f, CHECKSUM = 0xbaba;

    /// What is in it, and how far a command has come.
    ///
    /// @param wires   as the guest drives them
    /// @param command its bits so far
    /// @param data    that is to be written, so far
    /// @param clocks  how many the command has had
    public record State(short[] words, int wires, int command, int data, int clocks, boolean out, boolean writable) {
        public State {
            if (words.length != WORDS || (wires & ~WIRES) != 0 || command >>> COMMAND_BITS != 0 || data >>> 16 != 0
                    || clocks < 0 || clocks > LAST_CLOCK) {
                throw new IllegalArgumentException("not the state of an EEPROM of " + WORDS + " words");
            }
            words = words.clone();
        }
    }

    private final boolean readsItself;
    private final short[] words = new short[WORDS];
    private int wires;
    private int command;
    private int data;
    private int clocks;
    private boolean out;
    private boolean writable;

    Eeprom(Model model, MacAddress address) {
        readsItself = model.express();
        for (int i = 0; i < 3; i++) {
            words[i] = (short) (address.octet(2 * i) | address.octet(2 * i + 1) << 8);
        }
        words[0x0a] = 0x0008;
        words[0x0b] = (short) model.device;
        words[0x0c] = (short) E1000.VENDOR;
        words[0x0d] = (short) model.device;
        words[0x0e] = (short) E1000.VENDOR;
        int sum = 0;
        for (int i = 0; i < CHECKSUM_WORD; i++) {
            sum += words[i];
        }
        words[CHECKSUM_WORD] = (short) (CHECKSUM - sum);
    }

    int word(int index) {
        return words[index & ADDRESS] & 0xffff;
    }

    /// The value of EECD.
    int readControl() {
        return wires | PRESENT | ((wires & REQUEST) != 0 ? GRANT : 0) | (out ? DATA_OUT : 0)
                | (readsItself ? AUTO_READ_DONE : 0);
    }

    void writeControl(int value) {
        int old = wires;
        wires = value & WIRES;
        if ((wires & SELECT) == 0) {
            command = 0;
            data = 0;
            clocks = 0;
            out = true;
        } else if ((wires & ~old & CLOCK) != 0) {
            clock((wires & DATA_IN) != 0 ? 1 : 0);
        }
    }

    private void clock(int bit) {
        if (clocks == 0 && bit == 0) {
            // Only a one starts a command.
            return;
        }
        clocks = Math.min(clocks + 1, LAST_CLOCK);
        if (clocks <= COMMAND_BITS) {
            command = command << 1 | bit;
            out = false;
            if (clocks == COMMAND_BITS) {
                obey();
            }
            return;
        }
        int operation = command >>> 6;
        if (operation == READ) {
            int position = clocks - COMMAND_BITS - 1;
            out = (word(command + position / 16) >>> 15 - position % 16 & 1) != 0;
            // Reading goes on with the words that follow, and after the last with the first.
            clocks = clocks == LAST_CLOCK ? COMMAND_BITS : clocks;
        } else if (operation == WRITE && clocks <= COMMAND_BITS + 16) {
            data = data << 1 & 0xffff | bit;
            if (clocks == COMMAND_BITS + 16) {
                store(command, data);
            }
        }
    }

    private void obey() {
        int operation = command >>> 6;
        if (operation == ERASE) {
            store(command, 0xffff);
        } else if (operation == EXTENDED) {
            int which = command >>> 4 & 3;
            writable = which == WRITE_ENABLE || which != WRITE_DISABLE && writable;
        }
    }

    private void store(int index, int value) {
        if (writable) {
            words[index & ADDRESS] = (short) value;
        }
        // Ready at once.
        out = true;
    }

    /// Ends what is under way on the bus; the words stay.
    void reset() {
        wires = 0;
        command = 0;
        data = 0;
        clocks = 0;
        out = false;
        writable = false;
    }

    State save() {
        return new State(words, wires, command, data, clocks, out, writable);
    }

    void load(State state) {
        System.arraycopy(state.words, 0, words, 0, WORDS);
        wires = state.wires;
        command = state.command;
        data = state.data;
        clocks = state.clocks;
        out = state.out;
        writable = state.writable;
    }
}
