// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.javisor.machine.MachineConfig.Disk;
import org.javisor.machine.MachineConfig.FullPolicy;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.javisor.machine.layout.BoardModel;
import org.javisor.memory.IoBus;
import org.javisor.testkit.FuzzRig;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.MicroGuest;
import org.javisor.testkit.Seeds;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whole boards with all they can have, and what two processors at once may do to them: ports, device memory,
/// configuration space, RAM that devices read, while time passes. Nothing throws on any thread, everything ends, and
/// after a reset the board is there.
class BoardFuzzTest {
    private static final int RAM_BYTES = 32 << 20, DISK_BYTES = 1 << 20, PROCESSORS = 2;
    private static final int ROUNDS = 8, ACCESSES = 4000, DEFAULT_MINUTES = 60;
    static final int USED_RAM = 640 << 10;
    private static final int[] SIZES = {1, 2, 4, 8};

    @TempDir
    private Path directory;
    private final Queue<Throwable> thrown = new ConcurrentLinkedQueue<>();
    private Thread.UncaughtExceptionHandler before;

    @BeforeEach
    void listen() {
        before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, e) -> thrown.add(e));
    }

    @AfterEach
    void listenNoMore() {
        Thread.setDefaultUncaughtExceptionHandler(before);
    }

    @ParameterizedTest
    @EnumSource(BoardModel.class)
    @Timeout(value = 240, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void forSeconds(BoardModel model) throws Exception {
        SplittableRandom random = Seeds.random("board " + model);
        fuzz(model, random, ROUNDS, Long.MAX_VALUE);
    }

    @ParameterizedTest
    @EnumSource(BoardModel.class)
    @Tag("slow")
    void forLong(BoardModel model) throws Exception {
        SplittableRandom random = Seeds.random("board " + model);
        long minutes = Integer.getInteger("javisor.minutes", DEFAULT_MINUTES);
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes) / BoardModel.values().length;
        while (System.nanoTime() < end) {
            fuzz(model, random, 100, end);
        }
    }

    private MachineConfig config(BoardModel model) throws IOException {
        BoardConfig board = BoardConfig.DEFAULT.withModel(model).withBridges(1);
        MachineBuilder builder = Machine.builder().memory(RAM_BYTES).kernel("guest", new MicroGuest().stop().elf())
                .display(new byte[2048]).debugExit(0xf4).board(model.express() ? board.withRootPorts(2) : board)
                .peripherals(PeripheralConfig.NONE
                        .withFloppies(List.of(disk("floppy", 1440 << 10, DiskBus.VIRTIO)))
                        .withPrinter((_, _, _) -> { }).withDebugConsole((_, _, _) -> { })
                        .withPanicDevice(PanicDevice.ISA, Reaction.RESTART).withWatchdog(Reaction.RESTART));
        for (DiskBus bus : DiskBus.values()) {
            builder.disk(disk(bus.name(), DISK_BYTES, bus));
        }
        return builder.config();
    }

    private Disk disk(String name, int bytes, DiskBus bus) throws IOException {
        Path file = Files.write(directory.resolve(name), new byte[bytes]);
        return new Disk(file, null, false, false, FullPolicy.REPORT, bus);
    }

    private static final class Power implements Board.PowerControl {
        @Override
        public void powerOff() { }

        @Override
        public void sleep() { }

        @Override
        public void reset() { }

        @Override
        public void end(MachineExit exit) { }
    }

    private void fuzz(BoardModel model, SplittableRandom random, int rounds, long end) throws Exception {
        ManualClock clock = new ManualClock();
        Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE);
        Vm vm = hypervisor.createVm(VmConfig.pc(1).withClock(clock));
        Board board = new Board(config(model), vm, new Power());
        try {
            vm.createVcpu(0);
            int identity = identity(vm);
            for (int round = 0; round < rounds && System.nanoTime() < end; round++) {
                round(vm, clock, random);
                vm.reset();
                board.reset();
                assertEquals(identity, identity(vm), "the host bridge after a reset");
                assertTrue(thrown.isEmpty(), () -> "thrown: " + thrown.stream().map(BoardFuzzTest::trace).toList());
            }
        } finally {
            board.close();
            hypervisor.close();
            board.freeMemory();
        }
    }

    private static String trace(Throwable thrown) {
        StringBuilder text = new StringBuilder(thrown.toString());
        for (StackTraceElement element : thrown.getStackTrace()) {
            text.append("\n  at ").append(element);
        }
        return text.toString();
    }

    private static int identity(Vm vm) {
        vm.ports().write(0xcf8, 4, 0x8000_0000L);
        return (int) vm.ports().read(0xcfc, 4);
    }

    private static void round(Vm vm, ManualClock clock, SplittableRandom random) throws InterruptedException {
        List<Thread> processors = new ArrayList<>();
        for (int n = 0; n < PROCESSORS; n++) {
            SplittableRandom own = random.split();
            processors.add(Thread.ofPlatform().name("fuzzing-processor-" + n).start(() -> {
                for (int access = 0; access < ACCESSES; access++) {
                    step(vm, own);
                }
            }));
        }
        while (processors.stream().anyMatch(Thread::isAlive)) {
            clock.advance(random.nextLong(1L << random.nextInt(1, 28)));
            Thread.yield();
        }
        for (Thread processor : processors) {
            processor.join();
        }
    }

    /// One access of a processor's, or a store to RAM.
    static void step(Vm vm, SplittableRandom random) {
        int kind = random.nextInt(10);
        if (kind == 0) {
            int size = SIZES[random.nextInt(SIZES.length)];
            vm.memory().store(random.nextLong(USED_RAM - size), size, FuzzRig.value(random));
        } else if (kind < 4) {
            configure(vm.ports(), random);
        } else {
            boolean port = random.nextBoolean();
            access(port ? vm.ports() : vm.mmio(), port ? 3 : 4, random);
        }
    }

    private static void access(IoBus bus, int sizes, SplittableRandom random) {
        IoBus.Range[] ranges = bus.ranges();
        IoBus.Range range = ranges[random.nextInt(ranges.length)];
        long reach = random.nextBoolean() ? range.bytes() : Math.min(range.bytes(), 128);
        long address = range.start() + random.nextLong(reach);
        int size = SIZES[random.nextInt(sizes)];
        if (random.nextInt(3) == 0) {
            bus.read(address, size);
        } else {
            bus.write(address, size, FuzzRig.value(random));
        }
    }

    /// The command register mostly on, that there is something behind the BARs.
    private static void configure(IoBus ports, SplittableRandom random) {
        int offset = random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(64);
        int devfn = random.nextInt(256);
        ports.write(0xcf8, 4, 0x8000_0000L | random.nextInt(3) << 16 | devfn << 8 | offset & 0xfc);
        int size = SIZES[random.nextInt(3)];
        long data = 0xcfc + (offset & 4 - size);
        if (random.nextInt(3) == 0) {
            ports.read(data, size);
        } else {
            ports.write(data, size, offset == 4 && random.nextInt(4) != 0 ? 7 : FuzzRig.value(random));
        }
    }
}
