// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import java.util.function.Consumer;
import org.javisor.memory.Chip;

/// The reset control register of Intel's chipsets, port 0xcf9: a rising RST_CPU resets as SYS_RST and
/// FULL_RST say.
///
/// The port lies inside the PCI configuration address register, which is only reached by 32-bit accesses; the
/// PCI host bridge hands byte accesses on to here.
///
/// @datasheet Intel ICH9 "RST_CNT—Reset Control Register"
public final class ResetControl implements EightBitDevice, Chip<ResetControl.State> {
    public static final int PORT = 0xcf9;

    static final int SYS_RST = 2, RST_CPU = 4, FULL_RST = 8;

    /// The register; RST_CPU reads as it was last written.
    public record State(int control) {
        public State {
            if ((control & ~(SYS_RST | RST_CPU | FULL_RST)) != 0) {
                throw new IllegalArgumentException("reset control " + control);
            }
        }
    }

    private final Consumer<ResetKind> onReset;
    private int control;

    public ResetControl(Consumer<ResetKind> onReset) {
        this.onReset = onReset;
    }

    @Override
    public synchronized int readByte(int offset) {
        return control;
    }

    @Override
    public void writeByte(int offset, int value) {
        ResetKind kind = store(value);
        if (kind != null) {
            onReset.accept(kind);
        }
    }

    private synchronized ResetKind store(int value) {
        boolean rises = (value & ~control & RST_CPU) != 0;
        control = value & (SYS_RST | RST_CPU | FULL_RST);
        if (!rises) {
            return null;
        }
        if ((value & SYS_RST) == 0) {
            return ResetKind.INIT;
        }
        return (value & FULL_RST) != 0 ? ResetKind.POWER_CYCLE : ResetKind.HARD;
    }

    @Override
    public synchronized void reset() {
        control = 0;
    }

    @Override
    public synchronized State save() {
        return new State(control);
    }

    @Override
    public synchronized void load(State state) {
        control = state.control;
    }
}
