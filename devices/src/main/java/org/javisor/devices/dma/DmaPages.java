// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.dma;

import java.util.Arrays;
import org.javisor.devices.EightBitDevice;
import org.javisor.memory.Chip;

/// Ports 0x80 to 0x8f: sixteen latches that keep what is written to them. Seven are the upper address bits of the DMA
/// channels. The first is none of theirs: it holds the power-on self-test's progress code, and any access to it serves
/// as a delay of one bus cycle.
///
/// @datasheet Intel ICH9 "DMA Memory Low Page Register"
public final class DmaPages implements EightBitDevice, Chip<DmaPages.State> {
    public static final int PORT = 0x80, PORTS = 16;

    /// Which latch is which channel's. Channel 4, which cascades, has that of memory refresh.
    private static final int[] OF_CHANNEL = {7, 3, 1, 2, 0xf, 0xb, 9, 0xa};

    /// The sixteen latches.
    public record State(byte[] latches) {
        public State {
            if (latches.length != PORTS) {
                throw new IllegalArgumentException("DMA pages with " + latches.length + " latches");
            }
            latches = latches.clone();
        }
    }

    // Plain bytes without a lock: each access is one byte, and guests that race here expect no order.
    private final byte[] latches = new byte[PORTS];

    /// The last progress code written.
    public int postCode() {
        return latches[0] & 0xff;
    }

    /// Bits 23:16 of a channel's address.
    int page(int channel) {
        return latches[OF_CHANNEL[channel]] & 0xff;
    }

    @Override
    public int readByte(int offset) {
        return latches[offset & PORTS - 1] & 0xff;
    }

    @Override
    public void writeByte(int offset, int value) {
        latches[offset & PORTS - 1] = (byte) value;
    }

    @Override
    public void reset() {
        Arrays.fill(latches, (byte) 0);
    }

    @Override
    public State save() {
        return new State(latches);
    }

    @Override
    public void load(State state) {
        System.arraycopy(state.latches, 0, latches, 0, PORTS);
    }
}
