// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.javisor.vmm.irq.I8254;
import org.javisor.vmm.irq.I8259;
import org.javisor.vmm.irq.IoApic;
import org.javisor.vmm.irq.PitChannel;
import org.junit.jupiter.api.Test;

/// What KVM's chips hold as what ours hold, and back.
class KvmChipStateTest {
    private static final long SEED = Long.getLong("javisor.seed", 20_251_121);
    private static final int ROUNDS = 200;

    private final Random random = new Random(SEED);

    private int bits(int mask) {
        return random.nextInt() & mask;
    }

    private I8259.State pic() {
        int elcr = bits(0xff);
        int step = random.nextInt(4);
        return new I8259.State(bits(0xff), bits(0xff & ~elcr), bits(0xff), bits(0xff), elcr, bits(0xf8), bits(7),
                step == 0 ? 0 : step + 1, false, random.nextBoolean(), random.nextBoolean(), random.nextBoolean(),
                random.nextBoolean(), random.nextBoolean(), random.nextBoolean(), random.nextBoolean());
    }

    @Test
    void aPicIsTheSameThereAndBack() {
        for (int round = 0; round < ROUNDS; round++) {
            I8259.State state = pic();
            byte[] raw = new byte[16];
            raw[ChipLayout.PIC_ELCR_MASK] = (byte) 0xff;

            KvmPic.write(state, raw);

            assertEquals(state, KvmPic.read(raw), "seed " + SEED);
        }
    }

    @Test
    void aPicsLevelsAreRequestsInKvm() {
        I8259.State state = new I8259.State(0b0101, 0b0001, 0, 0, 0b0100, 0x20, 7, 0, false, false, false, false,
                false, false, false, false);
        byte[] raw = new byte[16];
        raw[ChipLayout.PIC_ELCR_MASK] = (byte) 0xf8;

        KvmPic.write(state, raw);

        assertEquals(0b0101, raw[ChipLayout.PIC_IRR]);
        assertEquals(0b0101, raw[ChipLayout.PIC_LAST_IRR]);
        assertEquals(0, raw[ChipLayout.PIC_PRIORITY_ADD], "input 0 comes first");
        assertEquals(0, raw[ChipLayout.PIC_ELCR], "that input is edge-triggered for ever");
    }

    @Test
    void anIoApicIsTheSameThereAndBack() {
        for (int round = 0; round < ROUNDS; round++) {
            List<Long> table = IntStream.range(0, IoApic.PINS).mapToObj(_ -> random.nextLong()).toList();
            IoApic.State state = new IoApic.State(bits(0xff), bits(0xf) << 24, bits((1 << IoApic.PINS) - 1), table);
            byte[] raw = new byte[512];

            KvmIoApic.write(state, raw);

            assertEquals(state, KvmIoApic.read(raw), "seed " + SEED);
        }
    }

    @Test
    void aTimersCountGoesOnAtTheTimeItHasThere() {
        byte[] raw = new byte[ChipLayout.PIT_BYTES];
        ByteBuffer second = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN)
                .slice(ChipLayout.PIT_CHANNEL_BYTES, ChipLayout.PIT_CHANNEL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int channel = 0; channel < 3; channel++) {
            raw[channel * ChipLayout.PIT_CHANNEL_BYTES + ChipLayout.PIT_MODE] = -1;
        }
        second.putInt(ChipLayout.PIT_COUNT, 0x1234);
        second.put(ChipLayout.PIT_RW_MODE, (byte) 3);
        second.put(ChipLayout.PIT_MODE, (byte) 2);
        second.put(ChipLayout.PIT_GATE, (byte) 1);
        second.putLong(ChipLayout.PIT_COUNT_LOAD_TIME, 5_000_000_000L);

        I8254.State read = KvmPit.read(raw, 70_000_000, 5_001_000_000L);

        PitChannel.State counting = read.channels().get(1);
        assertEquals(0x34, counting.control());
        assertEquals(0x1234, counting.written());
        assertEquals(I8254.ticks(1_000_000), counting.counted(), "a millisecond");
        assertEquals(I8254.ticks(70_000_000), counting.since());
        assertEquals(0, read.channels().getFirst().written(), "never told anything");
        assertEquals(0x36, read.channels().getFirst().control());
    }

    @Test
    void aTimerIsTheSameThereAndBackButForItsPhase() {
        for (int round = 0; round < ROUNDS; round++) {
            int count = 1 + random.nextInt(0x10000);
            boolean latched = random.nextBoolean();
            boolean gate = random.nextBoolean();
            PitChannel.State one = new PitChannel.State(3 << 4 | random.nextInt(6) << 1, count, false, Long.MAX_VALUE,
                    count, 0, 0, gate, gate, bits(0xff), random.nextBoolean(), random.nextBoolean(),
                    latched ? bits(0xffff) : -1, latched ? bits(0xff) : -1);
            I8254.State state = I8254.stateAt(0, List.of(one, one, one), gate ? 1 : 0);
            byte[] raw = new byte[ChipLayout.PIT_BYTES];

            KvmPit.write(state, raw);

            assertEquals(state, KvmPit.read(raw, 0, 0), "seed " + SEED);
        }
    }
}
