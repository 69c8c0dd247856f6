// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.firmware;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.javisor.memory.Chip;

/// How firmware and board agree on what a write to the SMI command port does: three files of the configuration device.
/// The firmware reads what there is, writes what it wants, and reads whether it gets that; then it is settled until the
/// next reset.
///
/// @qemu docs/specs: "etc/smi/supported-features", "etc/smi/requested-features", "etc/smi/features-ok"
public final class SmiFeatures implements Chip<SmiFeatures.State> {
    /// The interrupt goes to all processors.
    private static final long BROADCAST = 1;
    private static final long SUPPORTED = BROADCAST;

    /// @param requested  what firmware has written last
    /// @param negotiated what is in force
    public record State(long requested, long negotiated, boolean settled) {
        public State {
            if ((negotiated & ~SUPPORTED) != 0 || !settled && negotiated != 0) {
                throw new IllegalArgumentException("SMI features that were never agreed on");
            }
        }
    }

    /// What firmware writes into.
    private final byte[] requested = new byte[Long.BYTES];
    private long negotiated;
    private boolean settled;

    public void addTo(FwCfg configuration) {
        configuration.file("etc/smi/supported-features", bytes(SUPPORTED));
        configuration.writableFile("etc/smi/requested-features", requested);
        configuration.liveFile("etc/smi/features-ok", this::settle);
    }

    private static byte[] bytes(long features) {
        return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(features).array();
    }

    private long wanted() {
        return ByteBuffer.wrap(requested).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private synchronized byte[] settle(boolean forGood) {
        boolean possible = settled || (wanted() & ~SUPPORTED) == 0;
        if (possible && !settled && forGood) {
            negotiated = wanted();
            settled = true;
        }
        return new byte[] {(byte) (possible ? 1 : 0)};
    }

    public synchronized boolean broadcast() {
        return (negotiated & BROADCAST) != 0;
    }

    // ---- life ----

    @Override
    public void reset() {
        load(new State(0, 0, false));
    }

    @Override
    public synchronized State save() {
        return new State(wanted(), negotiated, settled);
    }

    @Override
    public synchronized void load(State state) {
        System.arraycopy(bytes(state.requested), 0, requested, 0, requested.length);
        negotiated = state.negotiated;
        settled = state.settled;
    }
}
