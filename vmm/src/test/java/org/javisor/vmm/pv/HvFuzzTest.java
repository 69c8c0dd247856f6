// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Whatever a guest writes into registers and memory and calls, nothing throws or hangs, time goes on, and what is
/// saved can be loaded.
class HvFuzzTest {
    private static final int FIRST = 0x4000_0000, COUNT = 0x120, STEPS = 3_000, ROUNDS = 15;
    private static final int[] CODES = {2, 3, 8, 0xb, 0x13, 0x14, 0x15, 0x5c, 0x5d, 0x8001};

    @Test
    void aFewSeconds() {
        SplittableRandom random = Seeds.random("HvFuzzTest");
        for (int n = 0; n < ROUNDS; n++) {
            round(random.split());
        }
    }

    @Test
    @Tag("slow")
    void aLongTime() {
        SplittableRandom random = Seeds.random("HvFuzzTest, long");
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(Integer.getInteger("javisor.minutes", 60));
        while (System.nanoTime() < end) {
            round(random.split());
        }
    }

    private static void round(SplittableRandom random) {
        assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            try (HvRig rig = new HvRig()) {
                connect(rig);
                long time = 0;
                for (int n = 0; n < STEPS; n++) {
                    step(rig, random);
                    long now = rig.read(HvProcessor.TIME_REF_COUNT);
                    assertTrue(now >= time, now + " after " + time);
                    time = now;
                }
                HvPartition.State partition = rig.partition.save();
                HvProcessor.State processor = rig.processor.save();
                rig.partition.load(partition);
                rig.processor.load(processor);
                assertEquals(processor, rig.processor.save());
            }
        });
    }

    private static void connect(HvRig rig) {
        rig.partition.connections().connect(1, rig.partition.messagePort(0, 2));
        rig.partition.connections().connect(2, rig.partition.messagePort(1, 3));
        rig.partition.connections().connect(3, rig.partition.eventPort(0, 4, 2047));
    }

    private static void step(HvRig rig, SplittableRandom random) {
        switch (random.nextInt(16)) {
            case 0 -> rig.clock().advance(random.nextLong(1L << random.nextInt(1, 24)));
            case 1 -> rig.memory().storeLong(random.nextLong(0x8000) & ~7, interesting(random));
            case 2 -> rig.calls.call(new HvRig.Numbers(rig.memory(), interesting(random), interesting(random),
                    interesting(random), halves(random)));
            case 3, 4, 5 -> call(rig, random);
            case 6 -> rig.it.synthetic.ended(random.nextInt(256));
            case 7 -> rig.read(FIRST + random.nextInt(COUNT));
            case 8 -> {
                rig.it.tscOffset = random.nextInt(3) == 0 ? random.nextLong(1L << 60) : 0;
                rig.processor.tscChanged();
            }
            case 9 -> rig.enableSynic();
            default -> {
                int msr = FIRST + random.nextInt(COUNT);
                boolean second = random.nextInt(4) == 0;
                (second ? rig.secondProcessor() : rig.it).write(msr, interesting(random));
            }
        }
        rig.it.asked.clear();
    }

    private static void call(HvRig rig, SplittableRandom random) {
        long control = CODES[random.nextInt(CODES.length)] | random.nextLong(2) << 16
                | (random.nextInt(3) == 0 ? random.nextLong(70) << 17 : 0)
                | (random.nextInt(3) == 0 ? random.nextLong(0x1000) << 32 : 0)
                | (random.nextInt(8) == 0 ? random.nextLong(0x1000) << 48 : 0);
        rig.calls.call(new HvRig.Numbers(rig.memory(), control, random.nextInt(3) == 0 ? interesting(random)
                : random.nextLong(0x8000) & ~7, interesting(random), halves(random)));
    }

    private static long[] halves(SplittableRandom random) {
        return LongStream.generate(() -> interesting(random)).limit(HvCall.XMM_HALVES).toArray();
    }

    /// Numbers of any size, small ones and those near the end of memory more often.
    private static long interesting(SplittableRandom random) {
        return switch (random.nextInt(5)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextLong(256);
            case 2 -> random.nextLong(FakeMachine.RAM_BYTES) | 1;
            case 3 -> FakeMachine.RAM_BYTES + random.nextLong(-300, 300);
            default -> 1L << random.nextInt(64);
        };
    }
}
