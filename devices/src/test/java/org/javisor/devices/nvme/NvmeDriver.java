// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.PciBus;
import org.javisor.devices.pci.PirqRouter;
import org.javisor.devices.pci.PirqWiring;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.Ram;
import org.javisor.testkit.ManualClock;
import org.javisor.testkit.ProbeLine;

/// The driver's side of an NVMe controller, over real guest memory: as straight as a driver can be, and as crooked as a
/// test wants it. Commands are executed in place, within the doorbell's write, unless an executor says otherwise.
final class NvmeDriver implements AutoCloseable {
    static final int QUEUES = 4, ENTRIES = 16;
    static final long RAM_BYTES = 16L << 20;
    /// Where a test may put data.
    static final long DATA = 0x20_0000;
    /// Read-only memory.
    static final long ROM = 0x4000_0000L;
    static final int ENABLED = NvmeLayout.CC_ENABLE | 6 << 16 | 4 << 20;
    private static final int SLOT = 2;
    private static final long QUEUE_BASE = 0x10_0000, QUEUE_BYTES = 0x2_0000, COMPLETIONS = 0x1_0000;

    /// A completion queue entry.
    record Completion(int result, int submissionHead, int submissionQueue, int command, boolean phase, int status) { }

    private final Ram ram = Ram.allocate(RAM_BYTES);
    final GuestMemory memory = new GuestMemory();
    final ProbeLine[] gsis = IntStream.range(0, 24).mapToObj(_ -> new ProbeLine()).toArray(ProbeLine[]::new);
    final List<Integer> messages = Collections.synchronizedList(new ArrayList<>());
    final ManualClock clock = new ManualClock();
    final NvmeFunction nvme;
    private final IoBus mmio = new IoBus("MMIO address", (1L << 46) - 1);
    private final int[] tails = new int[QUEUES + 1];
    private final int[] heads = new int[QUEUES + 1];
    private final boolean[] phases = new boolean[QUEUES + 1];
    private final AtomicInteger nextCommand = new AtomicInteger(1);

    NvmeDriver(BlockBackend disk) {
        this(disk, Runnable::run);
    }

    NvmeDriver(BlockBackend disk, Executor executor) {
        memory.addSlot(0, 0, ram);
        memory.addSlot(1, ROM, ram, 0, 0x1000, true);
        PciBus bus = new PciBus(new IoBus("port", 0xffff), mmio, (1L << 46) - 1, new PirqRouter(n -> gsis[n]),
                (_, data) -> messages.add(data));
        nvme = new NvmeFunction(memory, disk, "test", QUEUES, clock, executor);
        bus.add(SLOT, 0, nvme.function());
        nvme.function().writeConfig(ConfigSpace.COMMAND, 2, 6);
    }

    /// The controller alone, as it is before anybody has touched it.
    NvmeFunction untouched() {
        nvme.function().writeConfig(ConfigSpace.COMMAND, 2, 0);
        return nvme;
    }

    ProbeLine intx() {
        return gsis[16 + PirqWiring.ICH9.line(SLOT, 1)];
    }

    /// Turns MSI-X on, each vector sending its own number.
    void useMessages() {
        nvme.function().writeConfig(ConfigSpace.BAR0 + 16, 4, 0x10_0000);
        int capability = nvme.function().readConfig(ConfigSpace.CAPABILITIES, 1);
        while (nvme.function().readConfig(capability, 1) != 0x11) {
            capability = nvme.function().readConfig(capability + 1, 1);
        }
        for (int vector = 0; vector <= QUEUES; vector++) {
            mmio.write(0x10_0000 + 16 * vector, 4, 0xfee0_0000L);
            mmio.write(0x10_0000 + 16 * vector + 8, 4, vector);
            mmio.write(0x10_0000 + 16 * vector + 12, 4, 0);
        }
        nvme.function().writeConfig(capability + 2, 2, 0x8000);
    }

    // ---- registers ----

    int get(int register) {
        return (int) nvme.read(register, 4);
    }

    void set(int register, int size, long value) {
        nvme.write(register, size, value);
    }

    void doorbell(int number, int value) {
        set(NvmeLayout.DOORBELLS + 4 * number, 4, value);
    }

    // ---- queues ----

    static long submissions(int queue) {
        return QUEUE_BASE + queue * QUEUE_BYTES;
    }

    static long completions(int queue) {
        return submissions(queue) + COMPLETIONS;
    }

    /// Takes a pair to be as it is when it has just been created.
    void expectPair(int queue) {
        forget(queue);
    }

    private void forget(int queue) {
        tails[queue] = 0;
        heads[queue] = 0;
        phases[queue] = true;
        memory.store(submissions(queue), new byte[(int) QUEUE_BYTES]);
    }

    /// Enables the controller, with a pair of admin queues.
    void enable() {
        enable(ENABLED);
    }

    void enable(int configuration) {
        set(NvmeLayout.CC, 4, 0);
        forget(0);
        set(NvmeLayout.AQA, 4, ENTRIES - 1 | ENTRIES - 1 << 16);
        set(NvmeLayout.ASQ, 8, submissions(0));
        set(NvmeLayout.ACQ, 8, completions(0));
        set(NvmeLayout.CC, 4, configuration);
    }

    /// As [#enable], with pairs of I/O queues 1 to `pairs`, each with its own vector.
    void start(int pairs) {
        enable();
        for (int queue = 1; queue <= pairs; queue++) {
            createPair(queue);
        }
    }

    /// As [#start] with one pair, for an executor that has threads.
    void startSlowly() {
        enable();
        while (get(NvmeLayout.CSTS) != NvmeLayout.CSTS_READY) {
            Thread.onSpinWait();
        }
        put(0, NvmeLayout.CREATE_COMPLETION_QUEUE, 0, completions(1), 0, 1 | ENTRIES - 1 << 16, 3 | 1 << 16);
        ring(0);
        assertEquals(0, awaitCompletion(0).status());
        forget(1);
        put(0, NvmeLayout.CREATE_SUBMISSION_QUEUE, 0, submissions(1), 0, 1 | ENTRIES - 1 << 16, 1 | 1 << 16);
        ring(0);
        assertEquals(0, awaitCompletion(0).status());
    }

    Completion awaitCompletion(int queue) {
        Completion completion = take(queue);
        while (completion == null) {
            Thread.onSpinWait();
            completion = take(queue);
        }
        taken(queue);
        return completion;
    }

    void createPair(int queue) {
        forget(queue);
        assertEquals(0, admin(NvmeLayout.CREATE_COMPLETION_QUEUE, 0, completions(queue), 0,
                queue | ENTRIES - 1 << 16, 3 | queue << 16).status());
        assertEquals(0, admin(NvmeLayout.CREATE_SUBMISSION_QUEUE, 0, submissions(queue), 0,
                queue | ENTRIES - 1 << 16, 1 | queue << 16).status());
    }

    /// Puts a command into a queue without telling.
    ///
    /// @param more dwords 10 and following
    /// @return its identifier
    int put(int queue, int opcode, int namespace, long prp1, long prp2, int... more) {
        long at = submissions(queue) + 64L * tails[queue];
        memory.store(at, new byte[64]);
        int id = nextCommand.getAndIncrement() & 0xffff;
        memory.storeInt(at, opcode | id << 16);
        memory.storeInt(at + 4, namespace);
        memory.storeLong(at + 24, prp1);
        memory.storeLong(at + 32, prp2);
        for (int i = 0; i < more.length; i++) {
            memory.storeInt(at + 40 + 4 * i, more[i]);
        }
        tails[queue] = (tails[queue] + 1) % ENTRIES;
        return id;
    }

    void ring(int queue) {
        doorbell(2 * queue, tails[queue]);
    }

    /// The next completion, or null.
    Completion take(int queue) {
        long at = completions(queue) + 16L * heads[queue];
        int last = memory.loadIntAcquire(at + 12);
        if ((last >>> 16 & 1) == 1 != phases[queue]) {
            return null;
        }
        int places = memory.loadInt(at + 8);
        heads[queue] = (heads[queue] + 1) % ENTRIES;
        phases[queue] ^= heads[queue] == 0;
        return new Completion(memory.loadInt(at), places & 0xffff, places >>> 16, last & 0xffff,
                (last >>> 16 & 1) == 1, last >>> 17);
    }

    /// Tells how far completions have been taken.
    void taken(int queue) {
        doorbell(2 * queue + 1, heads[queue]);
    }

    /// Executes one command, which must complete within the doorbell's write.
    Completion execute(int queue, int opcode, int namespace, long prp1, long prp2, int... more) {
        int id = put(queue, opcode, namespace, prp1, prp2, more);
        ring(queue);
        Completion completion = take(queue);
        assertEquals(id, completion.command());
        assertEquals(queue, completion.submissionQueue());
        taken(queue);
        return completion;
    }

    Completion admin(int opcode, int namespace, long prp1, long prp2, int... more) {
        return execute(0, opcode, namespace, prp1, prp2, more);
    }

    /// A command on namespace 1 and queue 1.
    int io(int opcode, long prp1, long prp2, int... more) {
        return execute(1, opcode, 1, prp1, prp2, more).status();
    }

    byte[] bytes(long gpa, int length) {
        byte[] bytes = new byte[length];
        memory.load(gpa, bytes, 0, length);
        return bytes;
    }

    @Override
    public void close() {
        ram.close();
    }
}
