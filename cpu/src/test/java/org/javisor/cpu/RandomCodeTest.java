// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.isa.Instruction.CS;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.SplittableRandom;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Whatever bytes are executed, in whatever mode and state, the processor stays within its architecture.
class RandomCodeTest {
    private static final int LOW_MEMORY = 0x10_0000;
    private static final long CODE = 0x2_0000;

    private final TestBoard board = new TestBoard(16 << 20, false, translator());
    private final Cpu cpu = board.cpu;
    private final byte[] bytes = new byte[LOW_MEMORY];

    /// What translates, or null.
    BlockTranslator translator() {
        return null;
    }

    @Test
    void randomBytesAreSurvived() throws InterruptedException {
        survive(2_000);
    }

    @Test
    @Tag("slow")
    void randomBytesAreSurvivedForAMinute() throws InterruptedException {
        survive(60_000);
    }

    private void survive(long milliseconds) throws InterruptedException {
        SplittableRandom random = Seeds.random("random code");
        Thread kicker = new Thread(this::kickRepeatedly);
        kicker.setDaemon(true);
        kicker.start();
        try {
            long end = System.nanoTime() + milliseconds * 1_000_000;
            for (int round = 0; System.nanoTime() - end < 0; round++) {
                if (round % 64 == 0) {
                    random.nextBytes(bytes);
                    board.memory().store(0, bytes);
                }
                runOnce(random, round);
            }
        } finally {
            kicker.interrupt();
            kicker.join();
            board.close();
        }
    }

    /// An endless loop is left every few milliseconds.
    private void kickRepeatedly() {
        try {
            while (true) {
                Thread.sleep(2);
                cpu.request(Requests.KICK);
            }
        } catch (InterruptedException _) {
            // The test is over.
        }
    }

    private void runOnce(SplittableRandom random, int round) {
        long start = CODE + random.nextInt(0x1_0000);
        int mode = random.nextInt(6);
        switch (mode) {
            case 0 -> {
                TestBoard.realMode(cpu, start & 0xffff);
                cpu.segments.base[CS] = CODE;
            }
            case 1 -> TestBoard.protectedMode(cpu, start, 16);
            case 2 -> TestBoard.protectedMode(cpu, start, 32);
            case 3 -> {
                TestBoard.protectedMode(cpu, start & 0xffff, 32);
                cpu.cpl = 3;
                cpu.systemFlags(cpu.systemFlags() | Flags.VM);
            }
            default -> board.longMode(cpu, start);
        }
        if (mode == 5) {
            cpu.segments.attributes[CS] ^= Segments.L | Segments.D;
            cpu.cpl = 3 * random.nextInt(2);
        }
        for (int reg = 0; reg < 16; reg++) {
            cpu.reg64(reg, random.nextInt(3) == 0 ? random.nextLong() : random.nextInt(1 << 24));
        }
        cpu.cr4 |= ControlBits.CR4_OSXSAVE;
        cpu.system.xcr0 = cpu.cpuid.xcr0Supported();
        cpu.systemFlags(cpu.systemFlags() | random.nextInt() & (Flags.TF | Flags.IF | Flags.DF | Flags.AC | Flags.NT));
        cpu.modeChanged();
        String what = "mode " + mode + ", round " + round + ", from " + Long.toHexString(start);
        for (int i = 0; i < 3; i++) {
            int exit = cpu.run();
            if (exit == CpuExit.INTERNAL_ERROR && cpu.failureCause() != null) {
                throw new AssertionError(what + ", at " + Long.toHexString(cpu.rip()), cpu.failureCause());
            }
            assertNotEquals("INTERNAL_ERROR", CpuExit.name(exit), () -> what + ": " + cpu.failure());
        }
    }
}
