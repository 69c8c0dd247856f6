// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.dma;

import java.util.Arrays;
import org.javisor.devices.EightBitDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.GuestMemory.OutOfRangeException;
import org.javisor.memory.IoBus;

/// The two 8237As of an AT and the pages that make their addresses longer. Channels 0 to 3 move bytes, 5 to 7 words;
/// channel 4 is where the first controller hangs on the second.
///
/// Addresses reach 16 MiB. What has no memory there reads as ones, and is lost when written. The registers of the
/// second controller are at even ports.
///
/// @datasheet Intel ICH9 "DMA I/O Registers"
public final class DmaControllers implements Chip<DmaControllers.State> {
    public static final int CHANNELS = 8;
    private static final int FIRST_PORT = 0, SECOND_PORT = 0xc0, CASCADE = 0;

    /// What both hold; the pages are a chip of their own.
    public record State(I8237.State first, I8237.State second) { }

    private final GuestMemory memory;
    private final DmaPages pages;
    private final I8237 first = new I8237(this::changed);
    private final I8237 second = new I8237(this::changed);
    private final Channel[] channels = new Channel[CHANNELS];

    public DmaControllers(GuestMemory memory, DmaPages pages) {
        this.memory = memory;
        this.pages = pages;
        for (int n = 0; n < CHANNELS; n++) {
            channels[n] = new Channel(n);
        }
    }

    /// Claims the ports of both.
    public void attach(IoBus ports) {
        ports.attach(FIRST_PORT, I8237.REGISTERS, first, "DMA controller 1");
        ports.attach(SECOND_PORT, 2 * I8237.REGISTERS, new EightBitDevice() {
            @Override
            public int readByte(int offset) {
                return (offset & 1) == 0 ? second.readByte(offset >> 1) : 0xff;
            }

            @Override
            public void writeByte(int offset, int value) {
                if ((offset & 1) == 0) {
                    second.writeByte(offset >> 1, value);
                }
            }
        }, "DMA controller 2");
    }

    /// Has the second controller let the first one through, as firmware does.
    public void cascade() {
        second.writeByte(I8237.MODE, I8237.MODE_CASCADE | CASCADE);
        second.writeByte(I8237.MASK_ONE, CASCADE);
    }

    /// Channel 0 to 7, but 4, for the device at its end.
    public DmaChannel channel(int number) {
        if (number < 0 || number >= CHANNELS || number == CHANNELS / 2) {
            throw new IllegalArgumentException("no device can be at DMA channel " + number);
        }
        return channels[number];
    }

    private void changed() {
        for (Channel channel : channels) {
            channel.wake();
        }
    }

    private final class Channel implements DmaChannel {
        private final int number;
        private final I8237 chip;
        private final int within;
        private final int unitBytes;
        private volatile Runnable listener = () -> { };
        private boolean terminalCount;

        Channel(int number) {
            this.number = number;
            this.chip = number < I8237.CHANNELS ? first : second;
            this.within = number % I8237.CHANNELS;
            this.unitBytes = number < I8237.CHANNELS ? 1 : 2;
        }

        @Override
        public void request(boolean level) {
            chip.request(within, level);
        }

        @Override
        public void onReady(Runnable newListener) {
            listener = newListener;
        }

        void wake() {
            if (chip.requested(within) && (ready(I8237.MODE_TO_MEMORY) || ready(I8237.MODE_FROM_MEMORY))) {
                listener.run();
            }
        }

        private boolean ready(int transfer) {
            return chip.ready(within, transfer) && (chip == second || second.cascades(CASCADE));
        }

        @Override
        public boolean terminalCount() {
            return terminalCount;
        }

        @Override
        public int store(byte[] bytes, int from, int count) {
            return move(I8237.MODE_TO_MEMORY, bytes, from, count);
        }

        @Override
        public int load(byte[] bytes, int from, int count) {
            return move(I8237.MODE_FROM_MEMORY, bytes, from, count);
        }

        private int move(int transfer, byte[] bytes, int from, int count) {
            int done = 0;
            terminalCount = false;
            while (!terminalCount && count - done >= unitBytes && ready(transfer)) {
                int units = Math.min(chip.run(within), (count - done) / unitBytes);
                copy(transfer, bytes, from + done, units);
                terminalCount = chip.moved(within, units);
                done += units * unitBytes;
            }
            return done;
        }

        private void copy(int transfer, byte[] bytes, int from, int units) {
            boolean toMemory = transfer == I8237.MODE_TO_MEMORY;
            long gpa = gpa();
            if (chip.verifies(within)) {
                idle(toMemory, bytes, from, units * unitBytes);
            } else if (!chip.down(within)) {
                copy(toMemory, gpa, bytes, from, units * unitBytes);
            } else {
                for (int n = 0; n < units; n++) {
                    copy(toMemory, gpa - (long) n * unitBytes, bytes, from + n * unitBytes, unitBytes);
                }
            }
        }

        /// The lowest bit of a page is no address line where words are moved.
        private long gpa() {
            long page = pages.page(number) & -unitBytes;
            return page << 16 | (long) chip.address(within) * unitBytes;
        }

        private void copy(boolean toMemory, long gpa, byte[] bytes, int from, int count) {
            try {
                if (toMemory) {
                    memory.store(gpa, bytes, from, count);
                } else {
                    memory.load(gpa, bytes, from, count);
                }
            } catch (OutOfRangeException _) {
                idle(toMemory, bytes, from, count);
            }
        }

        /// Nobody drives the bus.
        private void idle(boolean toMemory, byte[] bytes, int from, int count) {
            if (!toMemory) {
                Arrays.fill(bytes, from, from + count, (byte) 0xff);
            }
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        first.reset();
        second.reset();
    }

    @Override
    public State save() {
        return new State(first.save(), second.save());
    }

    @Override
    public void load(State state) {
        first.load(state.first);
        second.load(state.second);
    }
}
