// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import static org.javisor.devices.nvme.NvmeLayout.ACQ;
import static org.javisor.devices.nvme.NvmeLayout.AQA;
import static org.javisor.devices.nvme.NvmeLayout.ASQ;
import static org.javisor.devices.nvme.NvmeLayout.CAP;
import static org.javisor.devices.nvme.NvmeLayout.CC;
import static org.javisor.devices.nvme.NvmeLayout.CC_ENABLE;
import static org.javisor.devices.nvme.NvmeLayout.CSTS;
import static org.javisor.devices.nvme.NvmeLayout.CSTS_FATAL;
import static org.javisor.devices.nvme.NvmeLayout.CSTS_READY;
import static org.javisor.devices.nvme.NvmeLayout.CSTS_SHUTDOWN;
import static org.javisor.devices.nvme.NvmeLayout.CSTS_SHUTTING_DOWN;
import static org.javisor.devices.nvme.NvmeLayout.CSTS_SHUT_DOWN;
import static org.javisor.devices.nvme.NvmeLayout.DOORBELLS;
import static org.javisor.devices.nvme.NvmeLayout.INTMC;
import static org.javisor.devices.nvme.NvmeLayout.INTMS;
import static org.javisor.devices.nvme.NvmeLayout.VS;

import java.io.IOException;
import java.util.concurrent.Executor;
import org.javisor.devices.RegisterMap;
import org.javisor.devices.Worker;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.pci.FunctionWires;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.DmaSpace;

/// The registers and doorbells of an NVM Express controller, and what they do. As a [BusDevice] it is BAR 0.
///
/// A virtual processor that writes a register waits for no command: a controller that is disabled or shut down goes
/// through it on a worker's thread, as CSTS tells. Locks, outermost first: `life`, which a change of the controller's
/// state is made under; a submission queue's; a completion queue's; `this`, which guards
/// the registers.
///
/// @nvme 1.4 §3.1 "Register Definition", §7.6 "Controller Initialization and Shutdown Processing"
public final class NvmeController implements BusDevice, Chip<NvmeController.State> {
    /// In units of 500 ms: a host may take long to write out what it has.
    private static final long TIMEOUT = 120;
    private static final int ENTRY_COUNTS = 0x0fff_0fff;
    private static final long PAGE_ADDRESS = -1L << NvmeLayout.MIN_PAGE_SHIFT;

    /// The registers of this name, and what is behind them.
    public record State(int cc, int csts, int interruptMask, int aqa, long asq, long acq, QueueTable.State queues,
                 Features.State features, AsynchronousEvents.State events, Health.State health,
                 ErrorLog.State errors, ShadowDoorbells.State shadows) {
        public State {
            if ((cc & ~NvmeLayout.CC_BITS) != 0 || (csts & ~(CSTS_READY | CSTS_FATAL | CSTS_SHUTDOWN)) != 0
                    || (aqa & ~ENTRY_COUNTS) != 0 || ((asq | acq) & ~PAGE_ADDRESS) != 0
                    || NvmeLayout.pageShift(cc) > NvmeLayout.MAX_PAGE_SHIFT && (csts & CSTS_READY) != 0) {
                throw new IllegalArgumentException(String.format(
                        "NVMe registers CC %x, CSTS %x, AQA %x, ASQ %x, ACQ %x",
                        cc, csts, aqa, asq, acq));
            }
        }
    }

    private final DmaSpace memory;
    private final BlockBackend backend;
    private final int vectors;
    private final FunctionWires wires;
    private final IdentifyPages identity;
    private final Features features;
    private final Health health = new Health();
    private final ErrorLog errors = new ErrorLog();
    private final AsynchronousEvents events = new AsynchronousEvents();
    private final LogPages logs;
    private final ShadowDoorbells shadows;
    private final QueueTable queues;
    private final Interrupts interrupts;
    private final Worker lifeWorker;
    private final Worker eventWorker;
    private final RegisterMap registers = new RegisterMap(DOORBELLS);
    private final Object life = new Object();

    private int cc;
    /// The driver has disabled the controller, which has not noticed yet.
    private boolean disabling;
    private volatile int csts;
    private int aqa;
    private long asq;
    private long acq;

    /// @param ioQueues how many pairs of queues there are beside that for admin commands
    NvmeController(DmaSpace memory, BlockBackend backend, IdentifyPages identity, int ioQueues, Clock clock,
                   Executor executor, FunctionWires wires) {
        this.memory = memory;
        this.backend = backend;
        this.identity = identity;
        this.vectors = ioQueues + 1;
        this.wires = wires;
        features = new Features(ioQueues);
        logs = new LogPages(clock, health, errors, features);
        Port port = new Port();
        shadows = new ShadowDoorbells(memory, port::mayReachMemory, port::fail);
        queues = new QueueTable(memory, ioQueues, executor, port, shadows, this::commandSet);
        interrupts = new Interrupts(queues, wires, () -> complain(false));
        lifeWorker = new Worker(executor, this::live);
        eventWorker = new Worker(executor, this::deliverEvents);
        defineRegisters();
    }

    private CommandSet commandSet(int queue) {
        int configuration = configuration();
        return queue == 0 ? new AdminCommands(new Services(), memory, identity, features, logs, events)
                : new IoCommands(memory, NvmeLayout.pageShift(configuration), backend, features, health);
    }

    private synchronized int configuration() {
        return cc;
    }

    // ---- registers ----

    private void defineRegisters() {
        long capabilities = NvmeLayout.MAX_ENTRIES - 1 | NvmeLayout.CAP_CONTIGUOUS_QUEUES
                | NvmeLayout.CAP_NVM_COMMAND_SET | TIMEOUT << NvmeLayout.CAP_TIMEOUT
                | (long) (NvmeLayout.MAX_PAGE_SHIFT - NvmeLayout.MIN_PAGE_SHIFT) << NvmeLayout.CAP_MPSMAX;
        registers.define(CAP, 8, () -> capabilities);
        registers.define(VS, 4, () -> NvmeLayout.VERSION);
        registers.define(INTMS, 4, interrupts::masked, (value, _) -> interrupts.mask((int) value, 0));
        registers.define(INTMC, 4, interrupts::masked, (value, _) -> interrupts.mask(0, (int) value));
        registers.define(CC, 4, this::configuration, (value, mask) -> configure((int) value, (int) mask));
        registers.define(CSTS, 4, () -> csts);
        registers.define(AQA, 4, () -> {
            synchronized (this) {
                return aqa;
            }
        }, (value, mask) -> {
            synchronized (this) {
                aqa = (int) (aqa & ~mask | value & ENTRY_COUNTS);
            }
        });
        registers.define(ASQ, 8, () -> {
            synchronized (this) {
                return asq;
            }
        }, (value, mask) -> {
            synchronized (this) {
                asq = asq & ~mask | value & PAGE_ADDRESS;
            }
        });
        registers.define(ACQ, 8, () -> {
            synchronized (this) {
                return acq;
            }
        }, (value, mask) -> {
            synchronized (this) {
                acq = acq & ~mask | value & PAGE_ADDRESS;
            }
        });
    }

    @Override
    public long read(long offset, int size) {
        return offset < DOORBELLS ? registers.read(offset, size) : 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset < DOORBELLS) {
            registers.write(offset, size, value);
        } else if (size >= 4 && (offset & 3) == 0) {
            ring((int) (offset - DOORBELLS) >>> 2, (int) value & 0xffff);
            if (size == 8) {
                ring((int) (offset - DOORBELLS + 4) >>> 2, (int) (value >>> 32) & 0xffff);
            }
        }
    }

    private void configure(int value, int mask) {
        synchronized (this) {
            boolean wasEnabled = (cc & CC_ENABLE) != 0;
            boolean staysEnabled = wasEnabled && !disabling && ((cc & ~mask | value & mask) & CC_ENABLE) != 0;
            // The rest is for a controller that is disabled.
            int bits = mask & (staysEnabled ? NvmeLayout.CC_SHUTDOWN_BITS : NvmeLayout.CC_BITS);
            cc = cc & ~bits | value & bits;
            disabling |= wasEnabled && (cc & CC_ENABLE) == 0;
            if (NvmeLayout.shutdownNotification(cc) == 0) {
                csts &= ~CSTS_SHUTDOWN;
            } else if ((csts & CSTS_SHUTDOWN) == 0) {
                csts |= CSTS_SHUTTING_DOWN;
            }
        }
        lifeWorker.wake();
    }

    // ---- doorbells ----

    /// @param number even for a submission queue's tail, odd for a completion queue's head
    private void ring(int number, int value) {
        if ((csts & CSTS_READY) == 0) {
            return;
        }
        if ((number & 1) == 0) {
            SubmissionQueue queue = queues.submission(number >>> 1);
            if (queue == null || !queue.tail(value)) {
                complain(queue == null);
            } else {
                alwaysRing(number, value);
            }
            return;
        }
        CompletionQueue queue = queues.completion(number >>> 1);
        if (queue == null || !queue.head(value)) {
            complain(queue == null);
            return;
        }
        alwaysRing(number, value);
        if (queue.wasFull()) {
            queues.wake(queue);
        }
        if (queue.id() == 0) {
            eventWorker.wake();
        }
        interrupts.taken(queue);
    }

    /// The admin queue's doorbells have no shadow, but a driver may think so.
    private void alwaysRing(int number, int value) {
        if (number <= ShadowDoorbells.completion(0)) {
            shadows.await(number, value);
        }
    }

    private void complain(boolean nonexistent) {
        events.happen(nonexistent ? AsynchronousEvents.INVALID_DOORBELL : AsynchronousEvents.INVALID_DOORBELL_VALUE);
        eventWorker.wake();
    }

    private boolean deliverEvents() {
        boolean any = false;
        synchronized (life) {
            SubmissionQueue admin = queues.submission(0);
            for (var delivery = admin == null ? null : events.take(); delivery != null; delivery = events.take()) {
                if (!admin.complete(delivery.command(), delivery.event(), Status.SUCCESS)) {
                    events.restore(delivery);
                    break;
                }
                any = true;
            }
            if (any) {
                interrupts.interrupt(admin.target());
            }
        }
        return false;
    }

    /// The pin's level may have to change.
    void drivePin() {
        interrupts.drivePin();
    }

    /// Messages have taken the place of the pin, or given it back.
    void switched() {
        interrupts.switched();
    }

    private final class Port implements SubmissionQueue.Port {
        @Override
        public boolean mayReachMemory() {
            return wires.busMaster() && (csts & CSTS_FATAL) == 0;
        }

        @Override
        public void interrupt(CompletionQueue queue) {
            interrupts.interrupt(queue);
        }

        @Override
        public void fail() {
            synchronized (NvmeController.this) {
                csts |= CSTS_FATAL;
            }
        }

        @Override
        public void invalidDoorbell() {
            complain(false);
        }

        @Override
        public void failed(int queue, Command command, int status) {
            if (Status.isMediaError(status)) {
                health.add(Health.MEDIA_ERRORS, 1);
            }
            errors.add(new ErrorLog.Entry(health.add(Health.ERRORS, 1), queue, command.id(), status,
                    queue == 0 ? 0 : command.quad(10), command.namespace()));
        }
    }

    private final class Services implements AdminCommands.Controller {
        @Override
        public QueueTable queues() {
            return queues;
        }

        @Override
        public ShadowDoorbells shadows() {
            return shadows;
        }

        @Override
        public int configuration() {
            return NvmeController.this.configuration();
        }

        @Override
        public int vectors() {
            return vectors;
        }

        @Override
        public void pinMayFall() {
            drivePin();
        }

        @Override
        public void wakeEvents() {
            eventWorker.wake();
        }

        @Override
        public boolean endRequest(int command) {
            return queues.submission(0) != null && queues.submission(0).complete(command, 0, Status.ABORT_REQUESTED);
        }
    }

    /// The guest may have let the controller reach memory.
    void mayReachMemory() {
        queues.wake(null);
        eventWorker.wake();
    }

    // ---- enabling, disabling, shutting down ----

    /// Brings the controller to where CC wants it.
    private boolean live() {
        synchronized (life) {
            if (takeDisabling()) {
                disable();
            }
            if ((configuration() & CC_ENABLE) != 0 && (csts & (CSTS_READY | CSTS_FATAL)) == 0) {
                enable();
            }
            if ((csts & CSTS_SHUTDOWN) == CSTS_SHUTTING_DOWN) {
                shutDown();
            }
        }
        return false;
    }

    private synchronized boolean takeDisabling() {
        boolean wanted = disabling;
        disabling = false;
        return wanted;
    }

    private void enable() {
        int configuration;
        CompletionQueue.State completion;
        SubmissionQueue.State submission;
        synchronized (this) {
            configuration = cc;
            int submissionEntries = (aqa & 0xfff) + 1;
            int completionEntries = (aqa >>> 16) + 1;
            if (NvmeLayout.commandSet(cc) != 0 || NvmeLayout.arbitration(cc) != 0 || submissionEntries < 2
                    || NvmeLayout.pageShift(cc) > NvmeLayout.MAX_PAGE_SHIFT || completionEntries < 2) {
                csts |= CSTS_FATAL;
                return;
            }
            completion = CompletionQueue.created(0, acq, completionEntries, 0, true);
            submission = SubmissionQueue.created(0, asq, submissionEntries, 0);
        }
        queues.add(completion);
        queues.add(submission);
        synchronized (this) {
            csts |= CSTS_READY;
        }
    }

    private void disable() {
        queues.clear();
        shadows.forget();
        events.reset();
        features.reset();
        synchronized (this) {
            csts = 0;
        }
        interrupts.load(0);
    }

    private void shutDown() {
        try {
            if (!backend.readOnly()) {
                backend.flush();
            }
        } catch (IOException _) {
            // There is no way to tell, and nothing more to be done.
        }
        synchronized (this) {
            csts = csts & ~CSTS_SHUTDOWN | CSTS_SHUT_DOWN;
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        synchronized (life) {
            disable();
            synchronized (this) {
                cc = 0;
                disabling = false;
                aqa = 0;
                asq = 0;
                acq = 0;
            }
        }
    }

    @Override
    public State save() {
        synchronized (life) {
            live();
            QueueTable.State table = queues.save();
            synchronized (this) {
                return new State(cc, csts, interrupts.save(), aqa, asq, acq, table, features.save(), events.save(),
                        health.save(), errors.save(), shadows.save());
            }
        }
    }

    /// Whether a state can be that of such a controller.
    void check(State state) {
        queues.check(state.queues);
        features.check(state.features);
    }

    @Override
    public void load(State state) {
        check(state);
        synchronized (life) {
            queues.clear();
            synchronized (this) {
                cc = state.cc;
                disabling = false;
                csts = state.csts;
                aqa = state.aqa;
                asq = state.asq;
                acq = state.acq;
            }
            features.load(state.features);
            events.load(state.events);
            health.load(state.health);
            errors.load(state.errors);
            shadows.load(state.shadows);
            queues.load(state.queues);
        }
        interrupts.load(state.interruptMask);
        mayReachMemory();
        lifeWorker.wake();
    }
}
