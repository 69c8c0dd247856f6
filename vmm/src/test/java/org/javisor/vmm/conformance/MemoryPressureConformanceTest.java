// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.javisor.memory.DirtyLogging;
import org.javisor.memory.DirtyRing;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.InvalidSlotException;
import org.javisor.memory.Ram;
import org.javisor.vmm.EnabledCaps;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Slots that come, go and move, and logs that are read, while processors use the memory.
@Timeout(60)
class MemoryPressureConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int PAGE = GuestMemory.PAGE_BYTES, PAGES = 256, RING = 1024;
    private static final long HIGH = 0x10_0000;
    private static final int IN_MEMORY = 0x5a5a_5a5a, ELSEWHERE = 0x1234_5678;
    private static final int SEEN_IN_MEMORY = 0x2000, SEEN_ELSEWHERE = 0x2004, WRITES = 0x2000;
    /// Reads 1 MiB, and counts which of two values it has read.
    private static final String READ = """
            b8ffff          mov ax, 0xffff
            8ed8            mov ds, ax
            31c9            xor cx, cx
            8ec1            mov es, cx
            66a11000        again: mov eax, [0x10]
            663d5a5a5a5a    cmp eax, 0x5a5a5a5a
            7508            jne other
            2666ff060020    inc dword [es:0x2000]
            ebec            jmp again
            663d78563412    other: cmp eax, 0x12345678
            7508            jne bad
            2666ff060420    inc dword [es:0x2004]
            ebdc            jmp again
            e6e1            bad: out 0xe1, al
            """;
    /// Adds one to a word of one of 256 pages from 1 MiB on, another one each time, and counts that; 32-bit code.
    private static final String WRITE = """
            69c06d4ec641    again: imul eax, eax, 1103515245
            0539300000      add eax, 12345
            89c3            mov ebx, eax
            c1eb10          shr ebx, 16
            81e3ff000000    and ebx, 0xff
            c1e30c          shl ebx, 12
            ff8300001000    inc dword [ebx + 0x100000]
            ff0500200000    inc dword [0x2000]
            ebd9            jmp again
            """;

    private static boolean answered(Guest guest, VmExit exit) {
        guest.vcpu.completeRead(ELSEWHERE);
        return exit.equals(new VmExit.MmioRead(HIGH, 4));
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void aSlotThatMovesIsThereOrNotButNothingElse(String engine) {
        try (Guest guest = new Guest(engine, READ); Ram ram = Ram.allocate(PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH, ram);
            memory.storeInt(HIGH, IN_MEMORY);
            Running reader = new Running(guest.vcpu, exit -> answered(guest, exit));
            for (int round = 0; round < 100; round++) {
                reader.awaitMore(() -> memory.loadInt(SEEN_IN_MEMORY), 3);
                memory.moveSlot(1, HIGH + 16 * PAGE);
                reader.awaitMore(() -> memory.loadInt(SEEN_ELSEWHERE), 3);
                memory.moveSlot(1, HIGH);
            }
            assertEquals(VmExit.Interrupted.INSTANCE, reader.stop());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void memoryThatIsExchangedIsNeverAbsent(String engine) {
        Engines.assumeProcessor(engine);
        try (Guest guest = new Guest(engine, READ); Ram first = Ram.allocate(PAGE); Ram other = Ram.allocate(PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH, other);
            memory.storeInt(HIGH, ELSEWHERE);
            memory.replaceSlot(1, HIGH, first, 0, PAGE, false);
            memory.storeInt(HIGH, IN_MEMORY);
            Running reader = new Running(guest.vcpu);
            for (int round = 0; round < 100; round++) {
                reader.awaitMore(() -> memory.loadInt(SEEN_IN_MEMORY), 3);
                memory.replaceSlot(1, HIGH, other, 0, PAGE, false);
                reader.awaitMore(() -> memory.loadInt(SEEN_ELSEWHERE), 3);
                memory.replaceSlot(1, HIGH, first, 0, PAGE, false);
            }
            assertEquals(VmExit.Interrupted.INSTANCE, reader.stop());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void slotsThatNobodyUsesDisturbNobody(String engine) {
        VmConfig config = VmConfig.pc(2).withExitsOnUnclaimed(true);
        try (Guest guest = new Guest(engine, config, WRITE); Ram ram = Ram.allocate(PAGES * PAGE);
                Ram unused = Ram.allocate(2 * PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH, ram);
            Vcpu second = guest.vm.createVcpu(1);
            guest.inProtectedMode(0);
            second.mpState(MpState.RUNNABLE);
            second.registers().realMode(0x1100);
            memory.store(0x1100, Guest.code("66ff060421 again: inc dword [0x2104]\nebf9 jmp again"));
            Running writer = new Running(guest.vcpu);
            Running counter = new Running(second);
            for (int round = 0; round < 30; round++) {
                memory.addSlot(2, HIGH + 512 * PAGE, unused);
                writer.awaitMore(() -> memory.loadInt(WRITES), 10);
                memory.moveSlot(2, HIGH + 1024 * PAGE);
                counter.awaitMore(() -> memory.loadInt(0x2104), 10);
                memory.removeSlot(2);
            }
            assertEquals(VmExit.Interrupted.INSTANCE, writer.stop());
            assertEquals(VmExit.Interrupted.INSTANCE, counter.stop());
        }
    }

    /// Whoever copies memory while a guest writes to it gets all of it in the end.
    enum Copying {
        /// The log is taken as a whole.
        TAKEN,
        /// Pages are taken out of the log a part at a time.
        CLEARED,
        /// Logs are rings, beside a bitmap.
        RINGS;

        void start(GuestMemory memory) {
            memory.startDirtyLog(1, switch (this) {
                case TAKEN -> DirtyLogging.BITMAP;
                case CLEARED -> DirtyLogging.FULL_BITMAP;
                case RINGS -> DirtyLogging.RING;
            });
        }

        void copy(Guest guest, byte[] to) {
            GuestMemory memory = guest.vm.memory();
            switch (this) {
                case TAKEN -> copyPages(memory, memory.takeDirtyLog(1), 0, to);
                case CLEARED -> {
                    long[] log = memory.dirtyLog(1);
                    for (int word = 0; word < log.length; word++) {
                        memory.clearDirtyLog(1, 64L * word, new long[] {log[word]});
                        copyPages(memory, new long[] {log[word]}, 64 * word, to);
                    }
                }
                case RINGS -> {
                    List<DirtyRing.Entry> entries = guest.vcpu.dirtyRing().orElseThrow().harvest();
                    guest.vm.resetDirtyRings();
                    long[] pages = memory.takeDirtyLog(1);
                    entries.stream().filter(entry -> entry.slot() == 1).mapToInt(entry -> (int) entry.page())
                            .forEach(page -> pages[page / 64] |= 1L << page);
                    copyPages(memory, pages, 0, to);
                }
            }
        }

        private static void copyPages(GuestMemory memory, long[] pages, int first, byte[] to) {
            for (int page = 0; page < 64 * pages.length; page++) {
                if ((pages[page / 64] >>> page & 1) != 0) {
                    int at = (first + page) * PAGE;
                    memory.load(HIGH + at, to, at, PAGE);
                }
            }
        }
    }

    static List<Arguments> enginesAndCopying() {
        return Engines.all().flatMap(engine -> Stream.of(Copying.values()).map(how -> Arguments.of(engine, how)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("enginesAndCopying")
    void noWriteIsMissingFromACopyOfMemoryInUse(String engine, Copying how) {
        if (how == Copying.RINGS) {
            // One that emulates executes more between two looks at a ring than the ring has room for, and wraps it.
            Engines.assumeProcessor(engine);
        }
        EnabledCaps caps = how == Copying.RINGS ? EnabledCaps.NONE.withDirtyRing(RING) : EnabledCaps.NONE;
        try (Guest guest = new Guest(engine, VmConfig.BARE.withCaps(caps), WRITE);
                Ram ram = Ram.allocate(PAGES * PAGE)) {
            GuestMemory memory = guest.vm.memory();
            memory.addSlot(1, HIGH, ram);
            guest.inProtectedMode(0);
            AtomicInteger full = new AtomicInteger();
            how.start(memory);
            byte[] copy = new byte[PAGES * PAGE];
            Running writer = new Running(guest.vcpu, exit -> {
                full.incrementAndGet();
                Thread.yield();
                return exit == VmExit.DirtyRingFull.INSTANCE;
            });
            for (int round = 0; round < 50; round++) {
                // Where each write is told, a ring may be full before that.
                writer.awaitMore(() -> memory.loadInt(WRITES) + full.get(), 1 + 10 * round);
                how.copy(guest, copy);
            }
            assertEquals(VmExit.Interrupted.INSTANCE, writer.stop());
            how.copy(guest, copy);

            byte[] now = new byte[PAGES * PAGE];
            memory.load(HIGH, now, 0, now.length);
            assertArrayEquals(now, copy);
            int total = 0;
            for (int page = 0; page < PAGES; page++) {
                total += memory.loadInt(HIGH + (long) page * PAGE);
            }
            // A kick ends it between two instructions, perhaps these.
            assertEquals(memory.loadInt(WRITES), total, 1.0);
            assertEquals(0, Arrays.stream(memory.takeDirtyLog(1)).sum(), "all is copied");
        }
    }

    /// What the guest executes goes away beneath it: software reads its code where devices are, KVM gives up.
    @ParameterizedTest
    @MethodSource(ENGINES)
    void codeThatIsNoMemoryAnyMoreIsNotExecuted(String engine) {
        try (Guest guest = new Guest(engine, """
                e680    again: out 0x80, al
                ebfc    jmp again
                """)) {
            assertInstanceOf(VmExit.PortWrite.class, guest.run());
            guest.vm.memory().removeSlot(0);

            VmExit exit = guest.run();
            while (exit instanceof VmExit.PortWrite || exit instanceof VmExit.MmioRead read
                    && read.gpa() >= Guest.CODE && read.gpa() < Guest.CODE + 4) {
                guest.vcpu.completeRead(0xf4);
                exit = guest.run();
            }

            boolean fetched = exit == VmExit.Halt.INSTANCE;
            assertTrue(engine.equals("kvm") ? exit instanceof VmExit.InternalError : fetched, exit.toString());
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void thereMayBeManySlots(String engine) {
        int slots = 500;
        try (Guest guest = new Guest(engine, "f4 hlt"); Ram ram = Ram.allocate(slots * PAGE)) {
            GuestMemory memory = guest.vm.memory();
            for (int n = 0; n < slots; n++) {
                memory.addSlot(1 + n, HIGH + 2L * PAGE * (slots - n), ram, (long) n * PAGE, PAGE, false);
                memory.storeInt(HIGH + 2L * PAGE * (slots - n), n);
            }
            for (int n = 0; n < slots; n++) {
                assertEquals(n, memory.loadInt(HIGH + 2L * PAGE * (slots - n)));
            }
            assertThrows(InvalidSlotException.class,
                    () -> memory.addSlot(GuestMemory.MOST_SLOTS, HIGH, ram, 0, PAGE, false));
            memory.addSlot(GuestMemory.MOST_SLOTS - 1, HIGH, ram, 0, PAGE, false);
            assertEquals(0, memory.loadInt(HIGH));
            assertEquals(VmExit.Halt.INSTANCE, guest.run());
        }
    }
}
