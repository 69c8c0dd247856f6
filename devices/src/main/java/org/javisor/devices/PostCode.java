// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.Arrays;
import org.javisor.memory.Chip;

/// Ports 0x80 to 0x8f beside the DMA page registers' real use: the first holds the power-on self-test's
/// progress code, and any access to it serves as a delay of one bus cycle. All sixteen keep what is written
/// to them.
public final class PostCode implements EightBitDevice, Chip<PostCode.State> {
    public static final int PORT = 0x80, PORTS = 16;

    /// The sixteen latches.
    public record State(byte[] latches) {
        public State {
            if (latches.length != PORTS) {
                throw new IllegalArgumentException("POST code with " + latches.length + " latches");
            }
            latches = latches.clone();
        }
    }

    // Plain bytes without a lock: each access is one byte, and guests that race here expect no order.
    private final byte[] latches = new byte[PORTS];

    /// The last progress code written.
    public int code() {
        return latches[0] & 0xff;
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
