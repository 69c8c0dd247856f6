// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.nio.charset.StandardCharsets;
import org.javisor.machine.MachineConfig.SerialOutput;

/// The last bytes of an output that is only wanted when something went wrong.
final class ByteRing implements SerialOutput {
    private final byte[] ring;
    private long written;

    ByteRing(int capacity) {
        ring = new byte[capacity];
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int count) {
        for (int i = 0; i < count; i++) {
            ring[(int) (written++ % ring.length)] = bytes[from + i];
        }
    }

    synchronized String text() {
        int count = (int) Math.min(written, ring.length);
        byte[] last = new byte[count];
        for (int i = 0; i < count; i++) {
            last[i] = ring[(int) ((written - count + i) % ring.length)];
        }
        return new String(last, StandardCharsets.UTF_8);
    }
}
