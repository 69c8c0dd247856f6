// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.TreeSet;
import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CodeEntriesTest {
    private static final long RIP = 0xffff_ffff_8100_1230L, OTHER_PAGE = RIP + 4096;

    private static final long SEED = Long.getLong("javisor.seed", System.nanoTime());

    private final Mapping mapping = Mapping.anonymous(CodeEntries.BYTES + PageMarks.BYTES);
    private final CodeEntries entries = new CodeEntries(mapping.hva(),
            new PageMarks(mapping.hva() + CodeEntries.BYTES));

    @AfterEach
    void free() {
        mapping.close();
    }

    /// As translated code looks.
    private long entry(long rip) {
        int first = EntryCache.offset(rip);
        int second = (first ^ (int) (rip >>> EntryCache.SECOND_SHIFT)) & EntryCache.OFFSET_MASK;
        return entry(rip, first) != 0 ? entry(rip, first) : entry(rip, second);
    }

    private long entry(long rip, int offset) {
        long at = mapping.hva() + offset;
        return HostMemory.loadLong(at + EntryCache.TAG) == rip ? HostMemory.loadLong(at + EntryCache.ENTRY) : 0;
    }

    private void enter(long rip, long entry, boolean global) {
        entries.put(rip, new Block(new Insn[1], 0, new byte[1], 64, null), global);
        entries.enter(rip, entry);
    }

    @Test
    void nothingIsFoundInAnEmptyOne() {
        assertEquals(0, entry(0));
        assertEquals(0, entry(RIP));
    }

    @Test
    void twoThatHaveTheSameFirstPlaceAreBothFound() {
        long other = RIP + EntryCache.BYTES;
        assertEquals(EntryCache.offset(RIP), EntryCache.offset(other));
        enter(RIP, 1, true);
        enter(other, 2, true);
        assertEquals(1, entry(RIP));
        assertEquals(2, entry(other));

        enter(RIP, 3, true);
        assertEquals(3, entry(RIP));
        assertEquals(2, entry(other));

        entries.forget(RIP & -4096, 12);
        assertEquals(0, entry(RIP));
        assertEquals(2, entry(other));
        entries.clear();
        assertEquals(0, entry(other));
    }

    @Test
    void whatIsNotGlobalGoesAloneUnlessThereIsSomethingLocal() {
        enter(RIP, 1, true);
        entries.clearNonGlobal();
        assertEquals(1, entry(RIP));

        enter(OTHER_PAGE, 2, false);
        entries.clearNonGlobal();
        assertEquals(0, entry(OTHER_PAGE));
    }

    @Test
    void aPageIsForgottenAloneAndALargePageWithAllThatIsInIt() {
        enter(RIP, 1, true);
        enter(OTHER_PAGE, 2, true);

        entries.forget(RIP & -4096, 12);
        assertEquals(0, entry(RIP));
        assertEquals(2, entry(OTHER_PAGE));

        entries.forget(RIP, 22);
        assertEquals(0, entry(OTHER_PAGE));
    }

    /// Regions of few entries are forgotten in another way than others.
    @Test
    void nothingIsFoundOfWhatWasForgotten() {
        Random random = new Random(SEED);
        TreeSet<Long> rips = new TreeSet<>();
        for (int n = 0; n < 100_000; n++) {
            long rip = RIP + ((long) random.nextInt(3) << 22) + (random.nextInt(4) << 12) + 16 * random.nextInt(4);
            if (random.nextInt(4) != 0) {
                enter(rip, n + 1, random.nextBoolean());
                rips.add(rip);
                assertEquals(n + 1, entry(rip), "seed " + SEED);
                continue;
            }
            int shift = random.nextInt(50) == 0 ? 30 : random.nextBoolean() ? 12 : 22;
            entries.forget(rip, shift);
            for (long known : rips) {
                if ((known ^ rip) >>> shift == 0) {
                    assertEquals(0, entry(known), "seed " + SEED);
                    assertNull(entries.jumps.find(known), "seed " + SEED);
                }
            }
            rips.removeIf(known -> (known ^ rip) >>> shift == 0);
        }
    }

    @Test
    void anInstructionInTwoPagesIsForgottenWithEither() {
        long last = (RIP | 4095) - 6, between = OTHER_PAGE | 0x3f_ffff;
        for (long forgotten : new long[] {last, last + 4096, OTHER_PAGE + 4096, between, between + 4096}) {
            for (int shift : new int[] {12, 22, 30}) {
                for (long rip : new long[] {last, between}) {
                    Block block = new Block(new Insn[1], 0, new byte[1], 64, null);
                    entries.putAcross(rip, block, true);
                    entries.enter(rip, 1);
                    enter(OTHER_PAGE + 8192, 2, true);
                    entries.forget(forgotten, shift);
                    boolean concerned = (rip ^ forgotten) >>> shift == 0 || (rip + 4096 ^ forgotten) >>> shift == 0;
                    assertEquals(concerned ? 0 : 1, entry(rip));
                    assertEquals(concerned ? null : block, entries.jumps.find(rip));
                    entries.clear();
                }
            }
        }
    }

    @Test
    void aFilterKnowsEveryPageThatWasAddedAndNotAllOthers() {
        PageFilter filter = new PageFilter(12);
        for (long page = 0; page < 16; page++) {
            filter.add(RIP + (page << 12));
        }
        for (long page = 0; page < 16; page++) {
            assertTrue(filter.mayContain((RIP & -4096) + (page << 12)));
        }
        assertFalse(filter.mayContain(RIP + (16 << 12)));
        filter.clear();
        assertFalse(filter.mayContain(RIP));
    }

    @Test
    void anIndexSetIsGoneThroughInOrder() {
        Random random = new Random(SEED);
        IndexSet set = new IndexSet(256);
        TreeSet<Integer> wanted = new TreeSet<>();
        for (int i = 0; i < 100; i++) {
            int index = random.nextInt(256);
            set.add(index);
            wanted.add(index);
        }
        set.add(63);
        set.add(255);
        wanted.add(63);
        wanted.add(255);
        set.remove(64);
        wanted.remove(64);

        TreeSet<Integer> found = new TreeSet<>();
        for (int i = set.first(); i >= 0; i = set.next(i)) {
            assertTrue(found.isEmpty() || i > found.last(), "seed " + SEED);
            found.add(i);
        }
        assertEquals(wanted, found, "seed " + SEED);
        assertNotEquals(-1, set.first());
        set.clear();
        assertEquals(-1, set.first());
    }
}
