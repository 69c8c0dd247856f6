// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.Arrays;
import java.util.HexFormat;

/// A message as it lies in a slot of a processor's message page, behind whose header of 16 bytes the payload is:
///
/// ```
///  0    4              5      6         8                 16
///  type payload size   flags  reserved  port or sender    payload
/// ```
///
/// @param type    0 is none
/// @param port    that it came through
/// @param payload at most [#PAYLOAD_BYTES]
///
/// @hyperv "SynIC Message Format"
public record HvMessage(int type, long port, byte[] payload) {
    public static final int PAYLOAD_BYTES = 240;
    static final int SLOT_BYTES = 256;
    static final int NONE = 0, TIMER_EXPIRED = 0x8000_0010;
    static final int SIZE = 4, FLAGS = 5, PORT = 8, PAYLOAD = 16;
    /// Of the flags: another message waits for the slot.
    static final int PENDING = 1;

    public HvMessage {
        if (type == NONE || payload.length > PAYLOAD_BYTES) {
            throw new IllegalArgumentException("no message: type " + type + ", " + payload.length + " bytes");
        }
        payload = payload.clone();
    }

    @Override
    public byte[] payload() {
        return payload.clone();
    }

    /// Writes it into a slot that is empty; the type, by which the guest knows, at last.
    void store(GuestArea slot, boolean morePending) {
        slot.store(PAYLOAD, payload);
        slot.store(PORT, 8, port);
        slot.store(SIZE, 4, payload.length | (morePending ? PENDING << 8 : 0));
        slot.storeRelease(0, type);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HvMessage that && type == that.type && port == that.port
                && Arrays.equals(payload, that.payload);
    }

    @Override
    public int hashCode() {
        return 31 * type + Arrays.hashCode(payload);
    }

    @Override
    public String toString() {
        return String.format("HvMessage[type=0x%x, port=%d, payload=%s]", type, port,
                HexFormat.of().formatHex(payload));
    }
}
