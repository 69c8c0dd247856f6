// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.Chip;

/// A port whose bytes go to the host: 0xe9, where Bochs put its debug console, and 0x402, where SeaBIOS
/// writes its log. A read gives 0xe9, by which guests find it.
public final class DebugPort implements EightBitDevice, Chip<DebugPort.State> {
    public static final int BOCHS_PORT = 0xe9, SEABIOS_PORT = 0x402;

    private static final int PRESENT = 0xe9;

    /// It remembers nothing.
    public record State() { }

    private final ByteSink sink;

    public DebugPort(ByteSink sink) {
        this.sink = sink;
    }

    @Override
    public int readByte(int offset) {
        return PRESENT;
    }

    @Override
    public void writeByte(int offset, int value) {
        sink.accept(value);
    }

    @Override
    public void reset() { }

    @Override
    public State save() {
        return new State();
    }

    @Override
    public void load(State state) { }
}
