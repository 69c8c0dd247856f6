// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.DATA;
import static org.javisor.cpu.SystemGuest.GDT;
import static org.javisor.cpu.SystemGuest.IDT;
import static org.javisor.cpu.SystemGuest.LDT;
import static org.javisor.cpu.SystemGuest.TSS;
import static org.javisor.cpu.SystemGuest.TSS2;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.SplittableRandom;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// System instructions in random order on descriptor tables with random damage: whatever happens, it happens
/// to the guest.
class RandomSystemCodeTest {
    private static final int ROUNDS_A_GUEST = 50, INSTRUCTIONS = 60, RUNS = 4;

    /// Instructions that get at tables, modes and privileges, as their first bytes; ModRM and the rest are
    /// random.
    private static final int[][] OPCODES = {
        {0xcd}, {0xcc}, {0xce}, {0xf1}, {0xcf}, {0x48, 0xcf}, {0x66, 0xcf}, {0xca, 0, 0}, {0xcb},
                {0x48, 0xcb},
        {0x9a}, {0xea}, {0xff}, {0x8e}, {0x8c}, {0x0f, 0x00}, {0x0f, 0x01}, {0x0f, 0x02}, {0x0f, 0x03},
        {0x0f, 0x05},
        {0x0f, 0x06}, {0x0f, 0x07}, {0x0f, 0x20}, {0x0f, 0x21}, {0x0f, 0x22}, {0x0f, 0x23}, {0x0f, 0x30},
        {0x0f, 0x32}, {0x0f, 0x34}, {0x0f, 0x35}, {0x0f, 0xa2}, {0x0f, 0xae}, {0x0f, 0xc7}, {0x0f, 0xb2},
        {0x0f, 0xb4}, {0x0f, 0xa9}, {0x07}, {0x17}, {0x1f}, {0x9c}, {0x9d}, {0xfa}, {0xfb}, {0x63}, {0xc4},
        {0xc5},
        {0x6c}, {0x6e}, {0xf3, 0x6e}, {0xe4}, {0xe7}, {0x66, 0x0f, 0x38, 0x82}, {0x06}, {0x16}, {0x0f, 0x0b},
    };
    /// Selectors with something behind them, and registers' values that mean something.
    private static final int[] VALUES = {0, 8, 0x10, 0x1b, 0x23, 0x28, 0x39, 0x42, 0x4b, 0x80, 0x88, 0x93,
            0x9b, 0xa4,
        Msrs.EFER & 0xffff, TSS, DATA, CODE, 3, 0x11, 0x20, 0x80000011, 0xe0000011, 0x100, 0x1000, -1};

    private final SplittableRandom random = Seeds.random("random system code");

    SystemGuest in64BitMode() {
        return SystemGuest.in64BitMode();
    }

    @Test
    void nothingThatAGuestDoesIsAnErrorOfTheProcessors() throws InterruptedException {
        survive(4_000);
    }

    @Test
    @Tag("slow")
    void nothingThatAGuestDoesInAMinuteIsAnErrorOfTheProcessors() throws InterruptedException {
        survive(60_000);
    }

    private void survive(long milliseconds) {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        while (System.nanoTime() - end < 0) {
            int mode = random.nextInt(3);
            try (SystemGuest guest = mode == 0 ? SystemGuest.inRealMode()
                    : mode == 1 ? SystemGuest.inProtectedMode() : in64BitMode()) {
                guest.hypercalls = random.nextBoolean();
                for (int round = 0; round < ROUNDS_A_GUEST; round++) {
                    runOnce(guest);
                }
            }
        }
    }

    private void runOnce(SystemGuest guest) {
        Cpu cpu = guest.cpu;
        damage(guest);
        writeCode(guest);
        for (int reg = 0; reg < 16; reg++) {
            cpu.reg64(reg, random.nextInt(4) == 0 ? random.nextLong()
                    : VALUES[random.nextInt(VALUES.length)]);
        }
        cpu.reg64(CpuLayout.RSP, SystemGuest.STACK - random.nextInt(64));
        cpu.rip(cpu.mode.eightySixStyle() ? 0 : CODE);
        cpu.rflags(cpu.rflags() ^ random.nextInt() & (Flags.TF | Flags.IOPL | Flags.NT | Flags.IF
                | Flags.AC));
        if (random.nextInt(4) == 0) {
            guest.interrupt(random.nextInt(256));
        }
        String what = cpu.mode + " at CPL " + cpu.cpl;
        for (int i = 0; i < RUNS; i++) {
            // Endless loops end here.
            cpu.request(random.nextInt(8) == 0 ? Requests.NMI : 0);
            Thread kicker = Thread.ofVirtual().start(() -> kickSoon(cpu));
            String exit = guest.run();
            kicker.interrupt();
            if (exit.equals("INTERNAL_ERROR") && cpu.failureCause() != null) {
                throw new AssertionError(what, cpu.failureCause());
            }
            assertNotEquals("INTERNAL_ERROR", exit, () -> what + ": " + cpu.failure());
        }
    }

    private static void kickSoon(Cpu cpu) {
        try {
            Thread.sleep(3);
            cpu.request(Requests.KICK);
        } catch (InterruptedException _) {
            // It stopped by itself.
        }
    }

    /// Overwrites a few bytes of tables and segments' stacks.
    private void damage(SystemGuest guest) {
        int[] places = {GDT, IDT, TSS, TSS2, LDT, SystemGuest.STACK - 64};
        int[] sizes = {0x100, 0x1000, 0x100, 0x68, 0x100, 128};
        for (int i = random.nextInt(4); i > 0; i--) {
            int n = random.nextInt(places.length);
            guest.memory.storeByte(places[n] + random.nextInt(sizes[n]), (byte) random.nextInt());
        }
        if (random.nextInt(3) == 0) {
            int types = random.nextInt(16) | (random.nextInt(4) << 5) | 0x80 | random.nextInt(2) << 4;
            guest.descriptor(0x80 + 8 * random.nextInt(4), TSS2, random.nextInt(0x200), types,
                    random.nextInt(16));
        }
        for (int i = 0; i < 12; i++) {
            guest.memory.storeInt(SystemGuest.STACK - 64 + 8 * i, VALUES[random.nextInt(VALUES.length)]);
        }
    }

    private void writeCode(SystemGuest guest) {
        int at = CODE;
        for (int i = 0; i < INSTRUCTIONS; i++) {
            for (int b : OPCODES[random.nextInt(OPCODES.length)]) {
                guest.memory.storeByte(at++, (byte) b);
            }
            guest.memory.storeByte(at++,
                    (byte) (random.nextBoolean() ? 0xc0 | random.nextInt(64) : random.nextInt()));
            for (int n = random.nextInt(5); n > 0; n--) {
                guest.memory.storeByte(at++, (byte) VALUES[random.nextInt(VALUES.length)]);
            }
        }
    }
}
