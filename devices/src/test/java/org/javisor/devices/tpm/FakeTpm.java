// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.tpm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// A TPM that answers each command with its own bytes, and fails at those whose last byte is 0xee. It remembers
/// nothing.
public final class FakeTpm implements TpmBackend {
    static final int FAILS = 0xee;

    int powerOns;
    int executed;
    int cancels;

    @Override
    public void powerOn(int bufferBytes) {
        powerOns++;
    }

    @Override
    public byte[] execute(byte[] command) throws IOException {
        executed++;
        if (command[command.length - 1] == (byte) FAILS) {
            throw new IOException("told to fail");
        }
        byte[] response = Arrays.copyOf(command, command.length);
        ByteBuffer.wrap(response).putInt(6, 0);
        return response;
    }

    @Override
    public void cancel() {
        cancels++;
    }

    @Override
    public boolean established() {
        return false;
    }

    @Override
    public void giveUp() { }

    @Override
    public void close() { }
}
