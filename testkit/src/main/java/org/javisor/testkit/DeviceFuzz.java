// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// Whatever a guest does to devices, for as long as one likes: nothing throws, nothing hangs, every state that is saved
/// can be loaded, and the device that loads it behaves as the one that saved it.
///
/// A subclass names devices, a row each. `-Djavisor.fuzz=REGEX` chooses among them; under the tag `slow` they take
/// `-Djavisor.minutes=N` together, an hour by default.
public abstract class DeviceFuzz {
    private static final int ROUNDS = 12, STEPS = 1500, TWIN_STEPS = 500;
    private static final int DEFAULT_MINUTES = 60;
    /// A round takes far less than a second on any machine that does anything at all.
    private static final Duration HANGS = Duration.ofMinutes(2);

    /// The devices by name, each with what puts it on a rig. Nothing may be shared between rigs.
    protected abstract Map<String, Consumer<FuzzRig>> devices();

    @TestFactory
    Stream<DynamicTest> aFewSeconds() {
        return tests(name -> {
            int[] round = {0};
            return () -> round[0]++ < ROUNDS;
        });
    }

    @TestFactory
    @Tag("slow")
    Stream<DynamicTest> aLongTime() {
        long all = TimeUnit.MINUTES.toNanos(Integer.getInteger("javisor.minutes", DEFAULT_MINUTES));
        long nanos = all / Math.max(1, chosen().count());
        return tests(name -> {
            long end = System.nanoTime() + nanos;
            return () -> System.nanoTime() < end;
        });
    }

    @FunctionalInterface
    private interface Extent {
        /// Says, again and again, whether another round is wanted; time counts from now.
        BooleanSupplier begin(String name);
    }

    private Stream<Map.Entry<String, Consumer<FuzzRig>>> chosen() {
        String wanted = System.getProperty("javisor.fuzz", ".*");
        return devices().entrySet().stream().filter(row -> row.getKey().matches(wanted));
    }

    private Stream<DynamicTest> tests(Extent extent) {
        return chosen().map(row -> DynamicTest.dynamicTest(row.getKey(), () -> {
                    SplittableRandom random = Seeds.random("fuzz of " + row.getKey());
                    BooleanSupplier more = extent.begin(row.getKey());
                    while (more.getAsBoolean()) {
                        SplittableRandom own = random.split();
                        assertTimeoutPreemptively(HANGS, () -> round(row.getValue(), own));
                    }
                }));
    }

    private static void round(Consumer<FuzzRig> build, SplittableRandom random) {
        try (FuzzRig rig = new FuzzRig(random.nextLong(1L << 40)).with(build)) {
            for (int n = random.nextInt(STEPS); n > 0; n--) {
                rig.step(random.nextLong());
            }
            try (FuzzRig twin = new FuzzRig(rig.clock.nanos()).with(build)) {
                twin.become(rig);
                assertSameState(rig, twin, "after loading");
                for (int n = 0; n < TWIN_STEPS; n++) {
                    long seed = random.nextLong();
                    long seen = rig.step(seed);
                    assertEquals(seen, twin.step(seed), () -> rig.last() + "; the other: " + twin.last());
                }
                assertSameState(rig, twin, "in the end");
                assertArrayEquals(rig.content(), twin.content(), "memory");
            }
        }
    }

    private static void assertSameState(FuzzRig one, FuzzRig other, String when) {
        List<Record> ones = one.save();
        List<Record> others = other.save();
        for (int n = 0; n < ones.size(); n++) {
            assertEquals(Records.text(ones.get(n)), Records.text(others.get(n)), when);
        }
    }
}
