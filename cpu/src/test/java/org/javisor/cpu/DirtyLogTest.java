// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.TestBoard.CODE;
import static org.javisor.cpu.TestBoard.RDI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A dirty log names every page that a running guest has written.
@Timeout(60)
class DirtyLogTest {
    private static final long PAGES_AT = 0x80_0000;
    private static final int PAGES = 64;

    private final TestBoard board = new TestBoard();
    private final Cpu cpu = board.cpu;
    private final GuestMemory memory = board.memory();

    @AfterEach
    void close() {
        board.close();
    }

    private static boolean isDirty(long[] log, long gpa) {
        return (log[(int) (gpa >>> 18)] >>> (gpa >>> 12 & 63) & 1) != 0;
    }

    @Test
    void pagesAlreadyInTheTlbAreLoggedAgainAfterEachTake() {
        // mov byte [rdi], 1; hlt
        board.code(CODE, "c60701 f4");
        memory.startDirtyLog(0);
        memory.takeDirtyLog(0);
        for (int i = 0; i < 3; i++) {
            board.longMode(cpu, CODE);
            cpu.reg64(RDI, PAGES_AT + 5);
            memory.takeDirtyLog(0);
            assertEquals(CpuExit.HALT, cpu.run());
            long[] log = memory.takeDirtyLog(0);
            assertTrue(isDirty(log, PAGES_AT));
            assertEquals(0, log[(int) (PAGES_AT >>> 18) + 1]);
        }
    }

    @Test
    void noWriteIsLostBetweenTheLogsThatAreTakenMeanwhile() throws InterruptedException {
        // outer: mov edi, PAGES_AT; mov ecx, 64; inner: inc dword [rdi]; add edi, 4096; dec ecx; jnz inner; jmp outer
        board.code(CODE, "bf00008000 b940000000 ff07 81c700100000 ffc9 75f4 ebe8");
        board.longMode(cpu, CODE);
        memory.startDirtyLog(0);
        Thread guest = new Thread(cpu::run);
        guest.start();
        int[] before = new int[PAGES];
        int[] after = new int[PAGES];
        for (int round = 0; round < 50; round++) {
            memory.takeDirtyLog(0);
            read(before);
            do {
                read(after);
            } while (after[PAGES - 1] == before[PAGES - 1]);
            long[] log = memory.takeDirtyLog(0);
            // A store that was under way when the log was taken may be in the next.
            long[] next = memory.takeDirtyLog(0);
            for (int i = 0; i < PAGES; i++) {
                long page = PAGES_AT + 4096L * i;
                boolean written = before[i] != after[i];
                assertTrue(!written || isDirty(log, page) || isDirty(next, page), "page " + i + ", round " + round);
            }
        }
        cpu.request(Requests.KICK);
        guest.join();
    }

    private void read(int[] counters) {
        for (int i = 0; i < PAGES; i++) {
            counters[i] = memory.loadIntAcquire(PAGES_AT + 4096L * i);
        }
    }
}
