// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import org.javisor.devices.ByteSink;
import org.javisor.machine.MachineConfig.SerialOutput;

/// Hands a serial port's bytes on, one array for all of them.
final class SerialSink implements ByteSink {
    private final SerialOutput output;
    private final byte[] one = new byte[1];

    SerialSink(SerialOutput output) {
        this.output = output;
    }

    @Override
    public void accept(int value) {
        one[0] = (byte) value;
        output.write(one, 0, 1);
    }

    @Override
    public void accept(byte[] bytes, int from, int count) {
        output.write(bytes, from, count);
    }
}
