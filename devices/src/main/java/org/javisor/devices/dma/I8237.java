// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.dma;

import org.javisor.devices.EightBitDevice;
import org.javisor.memory.Chip;

/// One 8237A: four channels, each with an address and a count. It knows what is to be moved; [DmaControllers] moves it.
///
/// Memory to memory is not there, and neither are the requests by software that are of no other use: they are kept, and
/// nothing follows.
///
/// @datasheet Intel 8237A "Register Description"
public final class I8237 implements EightBitDevice, Chip<I8237.State> {
    static final int CHANNELS = 4, REGISTERS = 16;
    static final int STATUS = 8, COMMAND = 8, REQUEST = 9, MASK_ONE = 0xa, MODE = 0xb, CLEAR_FLIP_FLOP = 0xc,
            TEMPORARY = 0xd, MASTER_CLEAR = 0xd, CLEAR_MASK = 0xe, MASK_ALL = 0xf;
    static final int COMMAND_DISABLE = 4;
    static final int MODE_TO_MEMORY = 4, MODE_FROM_MEMORY = 8, MODE_TRANSFER = 0xc, MODE_AUTO = 0x10,
            MODE_DOWN = 0x20, MODE_CASCADE = 0xc0;
    private static final int MODE_VERIFY = 0, ALL = 0xf, WORD = 0xffff;

    /// Everything the chip remembers.
    ///
    /// @param mode     as written, without the channel's number
    /// @param reached  the channels that have reached terminal count since the status was last read
    /// @param requests by software
    /// @param upper    whether the next byte of an address or a count is its upper one
    public record State(int[] baseAddress, int[] baseCount, int[] address, int[] count, int[] mode, int command,
            int mask, int reached, int requests, boolean upper) {
        public State {
            check(baseAddress, WORD);
            check(baseCount, WORD);
            check(address, WORD);
            check(count, WORD);
            check(mode, 0xfc);
            if ((command & ~0xff) != 0 || ((mask | reached | requests) & ~ALL) != 0) {
                throw new IllegalArgumentException("DMA controller with command " + command);
            }
            baseAddress = baseAddress.clone();
            baseCount = baseCount.clone();
            address = address.clone();
            count = count.clone();
            mode = mode.clone();
        }

        private static void check(int[] values, int bits) {
            int all = 0;
            for (int value : values) {
                all |= value;
            }
            if (values.length != CHANNELS || (all & ~bits) != 0) {
                throw new IllegalArgumentException("DMA controller with other registers than it has");
            }
        }
    }

    private final Runnable changed;
    private final int[] baseAddress = new int[CHANNELS];
    private final int[] baseCount = new int[CHANNELS];
    private final int[] address = new int[CHANNELS];
    private final int[] count = new int[CHANNELS];
    private final int[] mode = new int[CHANNELS];
    private int command;
    private int mask = ALL;
    private int reached;
    private int requests;
    private boolean upper;
    /// The request lines, as devices drive them.
    private int lines;

    /// @param changed is told, without a lock, when a channel may have become ready
    I8237(Runnable changed) {
        this.changed = changed;
    }

    // ---- registers ----

    @Override
    public synchronized int readByte(int offset) {
        if (offset < STATUS) {
            return half((offset & 1) == 0 ? address[offset >> 1] : count[offset >> 1]);
        }
        return switch (offset) {
            case STATUS -> takeStatus();
            case TEMPORARY -> 0;
            case MASK_ALL -> mask | ~ALL & 0xff;
            default -> 0xff;
        };
    }

    private int half(int word) {
        int shift = upper ? 8 : 0;
        upper = !upper;
        return word >>> shift & 0xff;
    }

    private int takeStatus() {
        int status = reached | (lines | requests) << CHANNELS;
        reached = 0;
        return status;
    }

    @Override
    public void writeByte(int offset, int value) {
        synchronized (this) {
            if (offset < STATUS) {
                writeHalf(offset >> 1, (offset & 1) != 0, value);
                return;
            }
            control(offset, value);
        }
        changed.run();
    }

    private void writeHalf(int channel, boolean counts, int value) {
        int[] base = counts ? baseCount : baseAddress;
        int shift = upper ? 8 : 0;
        upper = !upper;
        base[channel] = base[channel] & ~(0xff << shift) | value << shift;
        (counts ? count : address)[channel] = base[channel];
    }

    private void control(int register, int value) {
        int channel = value & 3;
        int bit = 1 << channel;
        switch (register) {
            case COMMAND -> command = value;
            case REQUEST -> requests = (value & 4) != 0 ? requests | bit : requests & ~bit;
            case MASK_ONE -> mask = (value & 4) != 0 ? mask | bit : mask & ~bit;
            case MODE -> mode[channel] = value & ~3;
            case CLEAR_FLIP_FLOP -> upper = false;
            case MASTER_CLEAR -> clear();
            case CLEAR_MASK -> mask = 0;
            default -> mask = value & ALL;
        }
    }

    private void clear() {
        command = 0;
        reached = 0;
        requests = 0;
        upper = false;
        mask = ALL;
    }

    // ---- channels ----

    synchronized void request(int channel, boolean level) {
        lines = level ? lines | 1 << channel : lines & ~(1 << channel);
    }

    synchronized boolean requested(int channel) {
        return (lines >>> channel & 1) != 0;
    }

    /// Whether a channel leads to the other controller, and lets it through.
    synchronized boolean cascades(int channel) {
        return open(channel) && (mode[channel] & MODE_CASCADE) == MODE_CASCADE;
    }

    private boolean open(int channel) {
        return (mask >>> channel & 1) == 0 && (command & COMMAND_DISABLE) == 0;
    }

    /// Whether a channel may move data, in a direction.
    ///
    /// @param transfer MODE_TO_MEMORY or MODE_FROM_MEMORY; a channel that verifies goes along with either
    synchronized boolean ready(int channel, int transfer) {
        int kind = mode[channel] & MODE_TRANSFER;
        return open(channel) && (mode[channel] & MODE_CASCADE) != MODE_CASCADE
                && (kind == transfer || kind == MODE_VERIFY);
    }

    /// How many units can be moved at once: to terminal count, or to where the address wraps.
    synchronized int run(int channel) {
        int units = count[channel] + 1;
        int room = down(channel) ? address[channel] + 1 : WORD + 1 - address[channel];
        return Math.min(units, room);
    }

    synchronized int address(int channel) {
        return address[channel];
    }

    synchronized boolean down(int channel) {
        return (mode[channel] & MODE_DOWN) != 0;
    }

    synchronized boolean verifies(int channel) {
        return (mode[channel] & MODE_TRANSFER) == MODE_VERIFY;
    }

    /// Goes on by `units`, no more than [#run] said.
    ///
    /// @return whether that is terminal count
    synchronized boolean moved(int channel, int units) {
        boolean last = units > count[channel];
        address[channel] = address[channel] + (down(channel) ? -units : units) & WORD;
        count[channel] = count[channel] - units & WORD;
        if (last) {
            reached |= 1 << channel;
            requests &= ~(1 << channel);
            if ((mode[channel] & MODE_AUTO) != 0) {
                address[channel] = baseAddress[channel];
                count[channel] = baseCount[channel];
            } else {
                mask |= 1 << channel;
            }
        }
        return last;
    }

    // ---- life ----

    /// The reset pin clears what a master clear does. Addresses, counts and modes are what they happen to be on the
    /// chip, and 0 here.
    @Override
    public synchronized void reset() {
        clear();
        for (int n = 0; n < CHANNELS; n++) {
            baseAddress[n] = 0;
            baseCount[n] = 0;
            address[n] = 0;
            count[n] = 0;
            mode[n] = 0;
        }
    }

    @Override
    public synchronized State save() {
        return new State(baseAddress, baseCount, address, count, mode, command, mask, reached, requests, upper);
    }

    @Override
    public synchronized void load(State state) {
        System.arraycopy(state.baseAddress, 0, baseAddress, 0, CHANNELS);
        System.arraycopy(state.baseCount, 0, baseCount, 0, CHANNELS);
        System.arraycopy(state.address, 0, address, 0, CHANNELS);
        System.arraycopy(state.count, 0, count, 0, CHANNELS);
        System.arraycopy(state.mode, 0, mode, 0, CHANNELS);
        command = state.command;
        mask = state.mask;
        reached = state.reached;
        requests = state.requests;
        upper = state.upper;
    }
}
