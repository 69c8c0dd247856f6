// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.javisor.translator.HostTranslatorProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Random programs do the same as host code and interpreted: every register, flag, fault and byte of memory.
///
/// A difference is printed with the smallest part of the program that still shows it. `-Djavisor.seed=N` begins with
/// the program that seed N makes; `-Djavisor.programs=N` says how many there are.
class RandomProgramsTest {
    private static final int PROGRAMS_A_GUEST = 100, STATES = 3;
    private static final long PATIENCE_NANOS = 500_000_000L, MORE_PATIENCE_NANOS = 20 * PATIENCE_NANOS;
    private static final long CODE_BYTES = 64 << 20;

    private final CpuidModel cpuid = CpuidModel.builder().build();
    private final int programs = Integer.getInteger("javisor.programs", 600);
    private final long firstSeed = Long.getLong("javisor.seed", System.nanoTime());

    @Test
    void translatedProgramsDoWhatInterpretedOnesDo() throws InterruptedException {
        compare(programs, false);
    }

    @Test
    void programsPassInLockStep() throws InterruptedException {
        compare(programs / 4, true);
    }

    /// NMIs, SMIs, interrupts, kicks and single steps leave no trace, wherever they come.
    @Test
    void programsThatAreInterruptedDoWhatOthersDo() throws InterruptedException {
        AtomicReference<ProgramGuest> victim = new AtomicReference<>();
        Thread disturber = Thread.ofPlatform().daemon().start(() -> disturb(victim));
        try {
            disturbed = victim;
            compare(programs / 4, false);
        } finally {
            disturber.interrupt();
            disturber.join();
        }
    }

    private static void disturb(AtomicReference<ProgramGuest> victim) {
        for (int n = 0; !Thread.interrupted(); n++) {
            ProgramGuest guest = victim.get();
            if (guest != null) {
                guest.disturb(n);
            }
            LockSupport.parkNanos(20_000);
        }
    }

    @Test
    @Tag("slow")
    void translatedProgramsDoWhatInterpretedOnesDoAtLength() throws InterruptedException {
        compare(100 * programs, false);
    }

    /// Whom to disturb, or null.
    private AtomicReference<ProgramGuest> disturbed;
    private int smis;

    private void compare(int count, boolean inLockStep) throws InterruptedException {
        int done = 0;
        int endless = 0;
        while (done < count) {
            long seed = firstSeed + done;
            try (Pair pair = new Pair(inLockStep)) {
                for (long n = seed; n < seed + PROGRAMS_A_GUEST && done < count && !pair.damaged; n++, done++) {
                    check(pair, n, inLockStep);
                }
                endless += pair.damaged ? 1 : 0;
            }
        }
        System.out.printf("%d programs from seed %d, of which %d did not end, with %d SMIs%n", done, firstSeed,
                endless, smis);
        assertTrue(10 * endless <= done, "too many programs do not end");
    }

    private void check(Pair pair, long seed, boolean inLockStep) throws InterruptedException {
        Random random = new Random(seed);
        int codeBits = random.nextInt(3) == 0 ? 32 : 64;
        RandomProgram program = new ProgramGenerator(random, pair.decoder(), codeBits).next();
        assertTrue(program.valid(), () -> "seed " + seed + " makes an invalid program");
        int translateAt = random.nextInt(3) == 0 ? 1 : 2 + random.nextInt(6);
        String difference = pair.difference(program, seed, translateAt);
        if (difference != null) {
            RandomProgram smallest = program.shrunk(candidate -> fails(candidate, seed, translateAt, inLockStep));
            fail(difference + "\n" + report(smallest, seed, translateAt, inLockStep));
        }
    }

    private boolean fails(RandomProgram program, long seed, int translateAt, boolean inLockStep) {
        try (Pair pair = new Pair(inLockStep)) {
            return pair.difference(program, seed, translateAt) != null;
        }
    }

    private String report(RandomProgram program, long seed, int translateAt, boolean inLockStep) {
        try (Pair pair = new Pair(inLockStep); Pair checked = new Pair(true)) {
            String difference = pair.difference(program, seed, translateAt);
            String first = checked.difference(program, seed, translateAt);
            pair.wanted.start(program, seed);
            return "-Djavisor.seed=" + seed + ", translated at execution " + translateAt + "\n" + difference
                    + "\nbegins with"
                    + pair.wanted.registers() + program.print(pair.decoder()) + "\nin lock-step: " + first;
        }
    }

    /// One that interprets, and one that translates.
    private final class Pair implements AutoCloseable {
        private final ProgramGuest wanted = new ProgramGuest(cpuid, null, false);
        private final ProgramGuest guest;
        /// Whether a program has overwritten what is not its own: there is no telling what happens now.
        private boolean damaged;
        private final BlockTranslator translator = new HostTranslatorProvider().create(CODE_BYTES);

        Pair(boolean inLockStep) {
            assumeTrue(translator != null, "this host runs no translated code");
            guest = new ProgramGuest(cpuid, translator, inLockStep);
        }

        InstructionDecoder decoder() {
            return new InstructionDecoder(wanted.cpu);
        }

        /// Runs the program a few times from different states.
        String difference(RandomProgram program, long seed, int translateAt) {
            guest.cpu.group.translateAt(translateAt);
            for (int n = 0; n < STATES && !damaged; n++) {
                long state = seed + (long) n << 32 ^ n;
                wanted.start(program, state);
                guest.start(program, state);
                String difference = run();
                if (difference != null) {
                    return "state " + n + ", " + difference;
                }
            }
            return null;
        }

        private String run() {
            while (true) {
                Boolean wantedMore = null;
                try {
                    wantedMore = patiently(wanted, PATIENCE_NANOS);
                } catch (AssertionError e) {
                    return "interpreted: " + e.getMessage() + trace(e.getCause());
                }
                if (wantedMore == null) {
                    damaged = true;
                    return null;
                }
                Boolean more;
                try {
                    more = patiently(guest, MORE_PATIENCE_NANOS);
                } catch (AssertionError e) {
                    return e.getMessage() + trace(e.getCause());
                }
                if (more == null) {
                    return "shut down, or never stops, at " + Long.toHexString(guest.cpu.rip());
                }
                String difference = guest.difference(wanted);
                if (difference != null || !wantedMore) {
                    return difference;
                }
            }
        }

        private static String trace(Throwable cause) {
            if (cause == null || cause instanceof IllegalStateException) {
                return "";
            }
            StringBuilder text = new StringBuilder();
            for (StackTraceElement element : cause.getStackTrace()) {
                text.append("\n    at ").append(element);
            }
            return text.toString();
        }

        private Boolean patiently(ProgramGuest runner, long nanos) {
            Watchdog.watch(runner, nanos);
            try {
                disturb(runner);
                return runner.next();
            } finally {
                disturb(null);
                Watchdog.rest();
            }
        }

        private void disturb(ProgramGuest runner) {
            if (disturbed != null && runner != wanted) {
                disturbed.set(runner);
            }
        }

        @Override
        public void close() {
            smis += guest.smis();
            wanted.close();
            guest.close();
        }
    }
}
