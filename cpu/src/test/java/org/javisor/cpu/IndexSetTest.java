// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IndexSetTest {
    private static final int SIZE = 16_384;

    @Test
    void itHoldsWhatABitSetHolds() {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("index set: seed " + seed + " (repeat with -Djavisor.seed=" + seed + ")");
        Random random = new Random(seed);
        IndexSet set = new IndexSet(SIZE);
        BitSet model = new BitSet();
        for (int round = 0; round < 2_000; round++) {
            int index = random.nextInt(4) == 0
                    ? random.nextInt(SIZE) : random.nextInt(SIZE / 64) * 64 - random.nextInt(2)
                    & SIZE - 1;
            if (random.nextInt(300) == 0) {
                set.clear();
                model.clear();
            } else if (random.nextBoolean()) {
                set.add(index);
                model.set(index);
            } else {
                set.remove(index);
                model.clear(index);
            }
            assertSame(model, set);
        }
    }

    private static void assertSame(BitSet model, IndexSet set) {
        BitSet found = new BitSet();
        for (int i = set.first(); i >= 0; i = set.next(i)) {
            found.set(i);
        }
        assertEquals(model, found);
    }
}
