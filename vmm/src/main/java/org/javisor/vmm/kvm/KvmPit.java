// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.ChipLayout.PIT_BCD;
import static org.javisor.vmm.kvm.ChipLayout.PIT_CHANNEL_BYTES;
import static org.javisor.vmm.kvm.ChipLayout.PIT_COUNT;
import static org.javisor.vmm.kvm.ChipLayout.PIT_COUNT_LATCHED;
import static org.javisor.vmm.kvm.ChipLayout.PIT_COUNT_LOAD_TIME;
import static org.javisor.vmm.kvm.ChipLayout.PIT_FLAGS;
import static org.javisor.vmm.kvm.ChipLayout.PIT_FLAGS_SPEAKER_ON;
import static org.javisor.vmm.kvm.ChipLayout.PIT_GATE;
import static org.javisor.vmm.kvm.ChipLayout.PIT_LATCHED_COUNT;
import static org.javisor.vmm.kvm.ChipLayout.PIT_MODE;
import static org.javisor.vmm.kvm.ChipLayout.PIT_READ_STATE;
import static org.javisor.vmm.kvm.ChipLayout.PIT_RW_MODE;
import static org.javisor.vmm.kvm.ChipLayout.PIT_STATUS;
import static org.javisor.vmm.kvm.ChipLayout.PIT_STATUS_LATCHED;
import static org.javisor.vmm.kvm.ChipLayout.PIT_WRITE_LATCH;
import static org.javisor.vmm.kvm.ChipLayout.PIT_WRITE_STATE;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.javisor.vmm.irq.I8254;
import org.javisor.vmm.irq.PitChannel;

/// KVM's PIT as ours, and back.
///
/// A count begins anew when KVM is given it: where in a period the guest was is lost, as in every move of a machine
/// with KVM's.
final class KvmPit {
    private static final int CHANNELS = 3, SPEAKER_CHANNEL = 2;
    /// What KVM says of a counter that has never been told a mode, and what ours has then: both bytes, square wave.
    private static final byte NO_MODE = -1;
    private static final int POWER_ON_CONTROL = 0x36;
    private static final int BOTH_BYTES = 3, SECOND_BYTE = 4;
    // Port 0x61
    private static final int GATE2 = 1, SPEAKER = 2;

    private KvmPit() { }

    /// @param nanos     the machine's time now
    /// @param hostNanos the host's monotonic time now, which KVM notes
    static I8254.State read(byte[] raw, long nanos, long hostNanos) {
        ByteBuffer pit = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        long now = I8254.ticks(nanos);
        List<PitChannel.State> channels = new ArrayList<>();
        for (int n = 0; n < CHANNELS; n++) {
            ByteBuffer channel = pit.slice(n * PIT_CHANNEL_BYTES, PIT_CHANNEL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            channels.add(channel(channel, now, hostNanos));
        }
        int speaker = (channels.get(SPEAKER_CHANNEL).gate() ? GATE2 : 0)
                | ((pit.getInt(PIT_FLAGS) & PIT_FLAGS_SPEAKER_ON) != 0 ? SPEAKER : 0);
        return I8254.stateAt(now, channels, speaker);
    }

    private static PitChannel.State channel(ByteBuffer raw, long now, long hostNanos) {
        boolean programmed = raw.get(PIT_MODE) != NO_MODE;
        int control = !programmed ? POWER_ON_CONTROL
                : (raw.get(PIT_RW_MODE) & 3) << 4 | (raw.get(PIT_MODE) & 7) << 1 | raw.get(PIT_BCD) & 1;
        int count = programmed ? Math.clamp(raw.getInt(PIT_COUNT), 0, 0x10000) : 0;
        // Of the first counter KVM does not note it: that is a timer of the host's.
        long loadedAt = raw.getLong(PIT_COUNT_LOAD_TIME);
        long elapsed = count == 0 || loadedAt == 0 ? 0 : I8254.ticks(Math.max(0, hostNanos - loadedAt));
        boolean gate = raw.get(PIT_GATE) != 0;
        boolean second = raw.get(PIT_WRITE_STATE) == SECOND_BYTE;
        return new PitChannel.State(control, count, false, Long.MAX_VALUE, count, now, elapsed, count != 0 && gate,
                gate, raw.get(PIT_WRITE_LATCH) & 0xff, second, raw.get(PIT_READ_STATE) == SECOND_BYTE,
                raw.get(PIT_COUNT_LATCHED) != 0 ? raw.getShort(PIT_LATCHED_COUNT) & 0xffff : -1,
                raw.get(PIT_STATUS_LATCHED) != 0 ? raw.get(PIT_STATUS) & 0xff : -1);
    }

    /// @param raw what the chip holds, which is changed
    static void write(I8254.State state, byte[] raw) {
        ByteBuffer pit = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        for (int n = 0; n < CHANNELS; n++) {
            ByteBuffer channel = pit.slice(n * PIT_CHANNEL_BYTES, PIT_CHANNEL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            write(state.channels().get(n), channel);
        }
        boolean sounds = (state.speaker() & SPEAKER) != 0;
        int others = pit.getInt(PIT_FLAGS) & ~PIT_FLAGS_SPEAKER_ON;
        pit.putInt(PIT_FLAGS, others | (sounds ? PIT_FLAGS_SPEAKER_ON : 0));
    }

    private static void write(PitChannel.State state, ByteBuffer raw) {
        int access = state.control() >> 4;
        raw.putInt(PIT_COUNT, state.written() != 0 ? state.written() : state.count());
        raw.putShort(PIT_LATCHED_COUNT, (short) Math.max(0, state.latch()));
        raw.put(PIT_COUNT_LATCHED, (byte) (state.latch() < 0 ? 0 : access));
        raw.put(PIT_STATUS, (byte) Math.max(0, state.status()));
        raw.put(PIT_STATUS_LATCHED, (byte) (state.status() < 0 ? 0 : 1));
        raw.put(PIT_READ_STATE, (byte) (access == BOTH_BYTES && state.secondRead() ? SECOND_BYTE : access));
        raw.put(PIT_WRITE_STATE, (byte) (access == BOTH_BYTES && state.second() ? SECOND_BYTE : access));
        raw.put(PIT_WRITE_LATCH, (byte) state.lowByte());
        raw.put(PIT_RW_MODE, (byte) access);
        boolean programmed = state.control() != POWER_ON_CONTROL || state.written() != 0 || state.second();
        raw.put(PIT_MODE, programmed ? (byte) (state.control() >> 1 & 7) : NO_MODE);
        raw.put(PIT_BCD, (byte) (state.control() & 1));
        raw.put(PIT_GATE, (byte) (state.gate() ? 1 : 0));
    }
}
