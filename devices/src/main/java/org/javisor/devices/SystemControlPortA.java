// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.function.Consumer;
import org.javisor.memory.Chip;

/// System control port A, port 0x92: the fast A20 gate and the fast processor reset of the PS/2.
///
/// @datasheet Intel ICH9 "PORT92—Fast A20 and Init Register"
public final class SystemControlPortA implements EightBitDevice, Chip<SystemControlPortA.State> {
    public static final int PORT = 0x92;

    static final int INIT_NOW = 1, ALT_A20_GATE = 2;

    /// The two bits.
    public record State(int port) {
        public State {
            if ((port & ~(INIT_NOW | ALT_A20_GATE)) != 0) {
                throw new IllegalArgumentException("port 0x92 holds " + port);
            }
        }
    }

    private final A20Gate a20;
    private final Consumer<ResetKind> onReset;
    private int port;

    public SystemControlPortA(A20Gate a20, Consumer<ResetKind> onReset) {
        this.a20 = a20;
        this.onReset = onReset;
    }

    @Override
    public synchronized int readByte(int offset) {
        return port;
    }

    @Override
    public void writeByte(int offset, int value) {
        boolean rises;
        synchronized (this) {
            rises = (value & ~port & INIT_NOW) != 0;
            port = value & (INIT_NOW | ALT_A20_GATE);
        }
        a20.port92((value & ALT_A20_GATE) != 0);
        if (rises) {
            onReset.accept(ResetKind.INIT);
        }
    }

    @Override
    public void reset() {
        load(new State(0));
    }

    @Override
    public synchronized State save() {
        return new State(port);
    }

    @Override
    public void load(State state) {
        synchronized (this) {
            port = state.port;
        }
        a20.port92((state.port & ALT_A20_GATE) != 0);
    }
}
