// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.CpuLayout.RAX;
import static org.javisor.cpu.CpuLayout.RCX;
import static org.javisor.cpu.CpuLayout.RDI;
import static org.javisor.cpu.CpuLayout.RSI;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class StringsTest {
    private static final long SEED = Long.getLong("javisor.seed", new Random().nextLong());
    private static final TestMachine MACHINE = TestMachine.in64BitMode();
    private static final int AREA = 3 * 4096;
    private static final int REPE = 0xf3, REPNE = 0xf2;

    private final Cpu cpu = MACHINE.cpu;
    private final Random random = new Random(SEED);
    private final byte[] area = new byte[AREA];

    @AfterAll
    static void close() {
        MACHINE.close();
    }

    @Test
    void repeatedMovesGoElementByElementWhateverOverlaps() {
        for (int i = 0; i < 3000; i++) {
            int bytes = prepare();
            int count = random.nextInt(400);
            boolean down = random.nextBoolean();
            int source = place(count, bytes, down);
            boolean anywhere = random.nextInt(3) == 0;
            int target = anywhere ? place(count, bytes, down) : near(source, count, bytes, down);
            int step = down ? -bytes : bytes;
            for (int n = 0; n < count; n++) {
                byte[] element = new byte[bytes];
                System.arraycopy(area, source + n * step, element, 0, bytes);
                System.arraycopy(element, 0, area, target + n * step, bytes);
            }

            run(0xa4, bytes, REPE, source, target, count, down);

            String what = what(bytes, source, target, count, down);
            assertArrayEquals(area, memory(), what);
            checkRegisters(source + count * step, target + count * step, 0, what);
        }
    }

    @Test
    void repeatedStoresFillElementByElement() {
        for (int i = 0; i < 1000; i++) {
            int bytes = prepare();
            int count = random.nextInt(700);
            boolean down = random.nextBoolean();
            int target = place(count, bytes, down);
            int step = down ? -bytes : bytes;
            long value = random.nextBoolean() ? random.nextLong()
                    : (random.nextInt() & 0xff) * 0x0101_0101_0101_0101L;
            cpu.reg64(RAX, value);
            for (int n = 0; n < count * bytes; n++) {
                area[target + (down ? -(count - 1) * bytes : 0) + n] = (byte) (value >>> n % bytes * 8);
            }

            run(0xaa, bytes, random.nextBoolean() ? REPE : REPNE, 0, target, count, down);

            String what = what(bytes, 0, target, count, down);
            assertArrayEquals(area, memory(), what);
            checkRegisters(0, target + count * step, 0, what);
        }
    }

    @Test
    void comparisonsAndScansStopBehindTheElementThatDecides() {
        for (int i = 0; i < 3000; i++) {
            int bytes = prepare();
            int count = random.nextInt(200) + 1;
            boolean down = random.nextBoolean();
            boolean whileEqual = random.nextBoolean();
            boolean scan = random.nextBoolean();
            int source = place(count, bytes, down);
            int target = place(count, bytes, down);
            int step = down ? -bytes : bytes;
            long accumulator = random.nextLong();
            int decisive = random.nextInt(count + 1);
            for (int n = 0; n < count; n++) {
                boolean equal = n == decisive != whileEqual;
                for (int k = 0; k < bytes; k++) {
                    byte b = scan ? (byte) (accumulator >>> 8 * k) : area[source + n * step + k];
                    area[target + n * step + k] = equal ? b : (byte) ~b;
                }
            }
            // The areas may overlap: what happens is to be read off the bytes.
            int done = 0;
            boolean equal = false;
            do {
                equal = true;
                for (int k = 0; k < bytes; k++) {
                    byte b = scan ? (byte) (accumulator >>> 8 * k) : area[source + done * step + k];
                    equal &= area[target + done * step + k] == b;
                }
                done++;
            } while (done < count && equal == whileEqual);
            store();
            cpu.reg64(RAX, accumulator);

            run(scan ? 0xae : 0xa6, bytes, whileEqual ? REPE : REPNE, source, target, count, down);

            String what = what(bytes, source, target, count, down);
            assertEquals(equal, Conditions.e(cpu), what);
            checkRegisters(scan ? source : source + done * step, target + done * step, count - done, what);
        }
    }

    @Test
    void aFaultLeavesTheRegistersBehindTheLastWholeElement() {
        prepare();
        cpu.systemFlags(cpu.systemFlags() & ~Flags.DF);
        cpu.reg64(RSI, TestMachine.DATA);
        cpu.reg64(RDI, TestMachine.UNMAPPED - 8 * 700 - 3);
        cpu.reg64(RCX, 1000);
        cpu.rip(TestMachine.CODE);

        int vector = MACHINE.execute(0xf3, 0x48, 0xa5);

        assertEquals(GuestFault.PF, vector);
        assertEquals(TestMachine.UNMAPPED, cpu.cr2());
        assertEquals(TestMachine.CODE, cpu.rip());
        assertEquals(300, cpu.reg64(RCX));
        assertEquals(TestMachine.DATA + 8 * 700, cpu.reg64(RSI));
        assertEquals(TestMachine.UNMAPPED - 3, cpu.reg64(RDI));
    }

    @Test
    void aRequestStopsARepeatedInstructionBetweenRuns() {
        prepare();
        cpu.reg64(RDI, TestMachine.DATA);
        cpu.reg64(RCX, 100_000);
        cpu.rip(TestMachine.CODE);
        cpu.request(Requests.KICK);

        MACHINE.execute(0xf3, 0xaa);

        assertEquals(TestMachine.CODE, cpu.rip());
        long done = 100_000 - cpu.reg64(RCX);
        assertEquals(TestMachine.DATA + done, cpu.reg64(RDI));
        assertEquals(true, done > 0 && done <= 4096);
        cpu.cancel(Requests.KICK);
    }

    @Test
    void aCountOfZeroTouchesNothing() {
        prepare();
        cpu.reg64(RCX, 0xffff_ffff_0000_0000L);
        cpu.reg64(RDI, -1L >>> 1);

        // STOS with 32-bit addresses: ECX counts.
        assertEquals(-1, MACHINE.execute(0x67, 0xf3, 0xaa));

        assertEquals(0xffff_ffff_0000_0000L, cpu.reg64(RCX));
        assertEquals(-1L >>> 1, cpu.reg64(RDI));
    }

    /// An interrupted one goes on with RF set, which asks for no trap between elements.
    @Test
    void onlyTfStepsThroughElements() {
        try (TestBoard board = new TestBoard()) {
            assertTrue(movsInstructions(board, Flags.RF) < 20);
            assertEquals(10_000, movsInstructions(board, Flags.TF));
        }
    }

    /// How many instructions a REP MOVSB of 10,000 bytes counts as.
    private static long movsInstructions(TestBoard board, int flag) {
        Cpu mover = board.cpu;
        board.longMode(mover, TestBoard.CODE);
        // A single-step trap leads nowhere but to RESET: a shutdown for each.
        board.code(TestBoard.CODE, "f3a4 f4");
        mover.reg64(RSI, TestMachine.DATA);
        mover.reg64(RDI, TestMachine.DATA + 0x8000);
        mover.reg64(RCX, 10_000);
        mover.rflags(2 | flag);
        mover.modeChanged();
        long before = mover.instructions();
        while (mover.reg64(RCX) != 0) {
            mover.run();
            mover.systemFlags(mover.systemFlags() | flag);
            mover.modeChanged();
        }
        return mover.instructions() - before;
    }

    @Test
    void sixteenBitIndexesWrapAround() {
        try (TestMachine machine = TestMachine.inRealMode()) {
            Cpu small = machine.cpu;
            small.reg64(RAX, 0x5a);
            small.reg64(RDI, 0xfffe);
            small.reg64(RCX, 4);

            assertEquals(-1, machine.execute(0xf3, 0xaa));

            assertEquals(2, small.reg16(RDI));
            assertEquals(0x5a5a, machine.memory().loadShort(0xfffe) & 0xffff);
            assertEquals(0x5a5a, machine.memory().loadShort(0) & 0xffff);
            assertEquals(0, machine.memory().loadByte(0x1_0000));
        }
    }

    // ---- the area under test: three pages at DATA ----

    /// Random contents, and a random element size.
    private int prepare() {
        random.nextBytes(area);
        store();
        return 1 << random.nextInt(4);
    }

    private void store() {
        MACHINE.memory().store(TestMachine.DATA, area);
    }

    private byte[] memory() {
        byte[] bytes = new byte[AREA];
        MACHINE.memory().load(TestMachine.DATA, bytes, 0, AREA);
        return bytes;
    }

    /// Where the first of `count` elements may be.
    private int place(int count, int bytes, boolean down) {
        int lowest = random.nextInt(AREA - Math.max(1, count) * bytes + 1);
        return down ? lowest + Math.max(0, count - 1) * bytes : lowest;
    }

    private int near(int other, int count, int bytes, boolean down) {
        int lowest = down ? Math.max(0, count - 1) * bytes : 0;
        int highest = AREA - (down ? bytes : Math.max(1, count) * bytes);
        return Math.clamp(other + random.nextInt(81) - 40L, lowest, highest);
    }

    private void run(int opcode, int bytes, int prefix, int source, int target, int count, boolean down) {
        cpu.systemFlags(down ? cpu.systemFlags() | Flags.DF : cpu.systemFlags() & ~Flags.DF);
        cpu.reg64(RSI, TestMachine.DATA + source);
        cpu.reg64(RDI, TestMachine.DATA + target);
        cpu.reg64(RCX, count);
        int vector = switch (bytes) {
            case 1 -> MACHINE.execute(prefix, opcode);
            case 2 -> MACHINE.execute(0x66, prefix, opcode + 1);
            case 4 -> MACHINE.execute(prefix, opcode + 1);
            default -> MACHINE.execute(prefix, 0x48, opcode + 1);
        };
        assertEquals(-1, vector);
    }

    private void checkRegisters(int source, int target, int count, String what) {
        assertEquals(TestMachine.DATA + source, cpu.reg64(RSI), what);
        assertEquals(TestMachine.DATA + target, cpu.reg64(RDI), what);
        assertEquals(count, cpu.reg64(RCX), what);
    }

    private static String what(int bytes, int source, int target, int count, boolean down) {
        return String.format("seed %d: %d elements of %d from %x to %x%s", SEED, count, bytes, source, target,
                down ? " downwards" : "");
    }
}
