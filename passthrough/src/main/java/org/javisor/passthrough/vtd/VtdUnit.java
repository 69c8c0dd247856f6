// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import static org.javisor.passthrough.vtd.VtdLayout.INTERRUPT_REMAPPING;
import static org.javisor.passthrough.vtd.VtdLayout.QUEUED_INVALIDATION;
import static org.javisor.passthrough.vtd.VtdLayout.SET_INTERRUPT_TABLE;
import static org.javisor.passthrough.vtd.VtdLayout.SET_ROOT_TABLE;
import static org.javisor.passthrough.vtd.VtdLayout.SWITCHES;
import static org.javisor.passthrough.vtd.VtdLayout.TRANSLATION;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.javisor.devices.RegisterMap;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.DmaTranslation;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Iommu;
import org.javisor.memory.MsiSink;
import org.javisor.passthrough.vtd.EventMessage.Message;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.irq.MessageRemapping;

/// A remapping unit: its registers, and what they govern. As an [Iommu] it stands before the functions of a PCI bus.
///
/// Commands take effect within the write that gives them, so the bits that say that one is under way read as zero.
///
/// @datasheet Intel VT-d 4.1 §11.4 "Register Descriptions"
public final class VtdUnit implements BusDevice, Chip<VtdUnit.State>, Iommu {
    public static final int BYTES = 0x1000;
    /// The source-ids of the board's own senders: on a bus that no function is on.
    public static final int IO_APIC_SOURCE = 0xff00, HPET_SOURCE = 0xff08;

    private static final long CONTEXT_INVALIDATE = 1L << 63, IOTLB_INVALIDATE = 1L << 63;
    private static final int CONTEXT_REQUESTED = 61, CONTEXT_DONE = 59, IOTLB_REQUESTED = 60, IOTLB_DONE = 57;
    private static final int GLOBAL = 1, DOMAIN = 2, SELECTIVE = 3;
    private static final long ROOT_TABLE_BITS = -0x400L, INTERRUPT_TABLE_BITS = VtdLayout.PAGE_ADDRESS | 0x80f;
    private static final long PAGE_BITS = -0x1000L | 0x7f;
    private static final int COMPLETE = 1;

    /// @param switches       what the global status says is on
    /// @param rootTable      the register's value, and what the last command took of it
    /// @param interruptTable the same
    public record State(int switches, long rootTable, long usedRootTable, long interruptTable,
            long usedInterruptTable, long contextCommand, long iotlbCommand, long iotlbAddress, int completion,
            QueueState queue, FaultState faults, EventState completionEvent) {
        public State {
            if ((switches & ~(SWITCHES | SET_ROOT_TABLE | SET_INTERRUPT_TABLE)) != 0
                    || (interruptTable & ~INTERRUPT_TABLE_BITS) != 0
                    || (usedInterruptTable & ~INTERRUPT_TABLE_BITS) != 0 || (completion & ~COMPLETE) != 0
                    || queue.enabled() != ((switches & QUEUED_INVALIDATION) != 0)) {
                throw new IllegalArgumentException("registers with bits that they do not have");
            }
        }
    }

    private final VtdConfig config;
    private final InterruptChips chips;
    private final RegisterMap registers = new RegisterMap(VtdLayout.BYTES);
    private final FaultRecords faults = new FaultRecords();
    private final EventMessage completionEvent = new EventMessage();
    private final DmaRemapping dma;
    private final InterruptRemapping interrupts;
    private final InvalidationQueue queue;
    /// What leaves when the unit's lock is released.
    private List<Message> outbox = new ArrayList<>();
    private boolean interruptEntriesChanged;
    private final RequestsUnderWay requests = new RequestsUnderWay(this::drained);
    /// Whether the command in the register waits for devices.
    private boolean iotlbWaits;
    /// Whether a drain is wanted that began too early, for one was under way.
    private boolean drainAgain;

    private int switches;
    private long rootTable;
    private long interruptTable;
    private long contextCommand;
    private long iotlbCommand;
    private long iotlbAddress;
    private int completion;

    public VtdUnit(GuestMemory memory, InterruptChips chips, VtdConfig config) {
        this.config = config;
        this.chips = chips;
        dma = new DmaRemapping(memory, config, this::dmaBlocked);
        interrupts = new InterruptRemapping(memory, chips, config, this::interruptBlocked);
        queue = new InvalidationQueue(memory, dma, new Orders());
        define();
    }

    private void define() {
        registers.define(VtdLayout.VERSION, 4, () -> VtdLayout.VERSION_1_0);
        registers.define(VtdLayout.CAPABILITY, 8, () -> VtdLayout.capability(config));
        registers.define(VtdLayout.EXTENDED_CAPABILITY, 8, () -> VtdLayout.extendedCapability(config));
        registers.define(VtdLayout.GLOBAL_COMMAND, 4, () -> 0,
                (value, mask) -> command(switches & SWITCHES & ~(int) mask | (int) value));
        registers.define(VtdLayout.GLOBAL_STATUS, 4, () -> switches);
        registers.define(VtdLayout.ROOT_TABLE, 8, () -> rootTable,
                (value, mask) -> rootTable = (rootTable & ~mask | value) & ROOT_TABLE_BITS);
        registers.define(VtdLayout.CONTEXT_COMMAND, 8, () -> contextCommand,
                (value, mask) -> contextCommand(contextCommand & ~mask | value));
        faults.define(registers, outbox(), queue::run);
        queue.define(registers);
        registers.define(VtdLayout.COMPLETION_STATUS, 4, () -> completion, (value, _) -> clearCompletion((int) value));
        completionEvent.define(registers, VtdLayout.COMPLETION_EVENT, outbox());
        registers.define(VtdLayout.INTERRUPT_TABLE, 8, () -> interruptTable, (value, mask) ->
                interruptTable = (interruptTable & ~mask | value) & INTERRUPT_TABLE_BITS);
        registers.define(VtdLayout.INVALIDATE_ADDRESS, 8, () -> 0,
                (value, mask) -> iotlbAddress = (iotlbAddress & ~mask | value) & PAGE_BITS);
        registers.define(VtdLayout.IOTLB_INVALIDATE, 8, () -> iotlbCommand,
                (value, mask) -> iotlbCommand(iotlbCommand & ~mask | value));
    }

    private EventMessage.Outbox outbox() {
        return message -> outbox.add(message);
    }

    // ---- registers ----

    @Override
    public synchronized long read(long offset, int size) {
        return registers.read(offset, size);
    }

    @Override
    public void write(long offset, int size, long value) {
        change(() -> registers.write(offset, size, value));
    }

    /// Does something under the unit's lock, and after its release what follows from it.
    private void change(Runnable action) {
        List<Message> leaving;
        boolean changed;
        synchronized (this) {
            action.run();
            leaving = outbox.isEmpty() ? List.of() : outbox;
            outbox = outbox.isEmpty() ? outbox : new ArrayList<>();
            changed = interruptEntriesChanged;
            interruptEntriesChanged = false;
        }
        leaving.forEach(this::send);
        if (changed) {
            chips.remapped();
        }
    }

    private void command(int command) {
        int on = config.interruptRemapping() ? command : command & ~(INTERRUPT_REMAPPING | SET_INTERRUPT_TABLE);
        int before = switches;
        if ((on & SET_ROOT_TABLE) != 0) {
            dma.rootTable(rootTable);
        }
        if ((on & SET_INTERRUPT_TABLE) != 0) {
            interrupts.table(interruptTable);
            interruptEntriesChanged = true;
        }
        switches = on & SWITCHES | (before | on) & (SET_ROOT_TABLE | SET_INTERRUPT_TABLE);
        queue.enable((switches & QUEUED_INVALIDATION) != 0);
        if (((before ^ switches) & TRANSLATION) != 0) {
            dma.enable((switches & TRANSLATION) != 0);
        }
        switchInterrupts();
    }

    private void switchInterrupts() {
        interrupts.enable((switches & INTERRUPT_REMAPPING) != 0,
                (switches & VtdLayout.COMPATIBILITY_FORMAT) != 0);
        interruptEntriesChanged = true;
    }

    private void contextCommand(long value) {
        contextCommand = value;
        if ((value & CONTEXT_INVALIDATE) == 0) {
            return;
        }
        int granularity = (int) (value >>> CONTEXT_REQUESTED) & 3;
        switch (granularity) {
            case GLOBAL -> dma.invalidateContexts();
            case DOMAIN -> dma.invalidateContextsOf((int) value & 0xffff);
            case SELECTIVE -> dma.invalidateContext((int) (value >>> 16) & 0xffff, (int) (value >>> 32) & 3);
            default -> { }
        }
        contextCommand = value & ~(CONTEXT_INVALIDATE | 3L << CONTEXT_DONE) | (long) granularity << CONTEXT_DONE;
    }

    private void iotlbCommand(long value) {
        iotlbCommand = value;
        if ((value & IOTLB_INVALIDATE) == 0) {
            return;
        }
        int granularity = (int) (value >>> IOTLB_REQUESTED) & 3;
        int domain = (int) (value >>> 32) & 0xffff;
        int mask = (int) iotlbAddress & 0x3f;
        if (granularity == SELECTIVE && mask > VtdLayout.MOST_PAGES) {
            granularity = 0;
        }
        switch (granularity) {
            case GLOBAL -> dma.invalidateTranslations();
            case DOMAIN -> dma.invalidateTranslations(domain);
            case SELECTIVE -> dma.invalidatePages(domain, iotlbAddress, mask);
            default -> { }
        }
        iotlbCommand = value & ~(3L << IOTLB_DONE) | (long) granularity << IOTLB_DONE;
        iotlbWaits = true;
        if (begunDrain()) {
            iotlbDone();
        }
    }

    private void iotlbDone() {
        if (iotlbWaits) {
            iotlbWaits = false;
            iotlbCommand &= ~IOTLB_INVALIDATE;
        }
    }

    // ---- devices that use what was translated before ----

    /// @return whether they are done with it; else [#drained] will be called
    private boolean begunDrain() {
        if (requests.draining()) {
            drainAgain = true;
            return false;
        }
        return requests.drain();
    }

    private void drained() {
        change(() -> {
            if (!requests.draining() || !requests.over()) {
                return;
            }
            if (drainAgain) {
                drainAgain = false;
                if (!requests.drain()) {
                    return;
                }
            }
            iotlbDone();
            queue.drained();
        });
    }

    private void clearCompletion(int value) {
        if ((value & COMPLETE) != 0) {
            completion = 0;
            completionEvent.settle();
        }
    }

    private final class Orders implements InvalidationQueue.Orders {
        @Override
        public void interruptEntriesChanged() {
            interruptEntriesChanged = true;
        }

        @Override
        public void completed() {
            if (completion == 0) {
                completion = COMPLETE;
                put(completionEvent.raise());
            }
        }

        @Override
        public void failed() {
            put(faults.queueError());
        }

        @Override
        public boolean stopped() {
            return faults.queueStopped();
        }

        @Override
        public boolean drained() {
            return begunDrain();
        }
    }

    private void put(Message message) {
        if (message != null) {
            outbox.add(message);
        }
    }

    // ---- faults ----

    private void dmaBlocked(int requester, long address, FaultReason reason, boolean read) {
        send(faults.record(requester, address, reason, read));
    }

    private void interruptBlocked(int source, int index, FaultReason reason) {
        send(faults.record(source, (long) index << 48, reason,
                false));
    }

    /// Sends a message of the unit's own, which is not remapped: with the bits 31 to 8 of the destination in the upper
    /// half of the address.
    private void send(Message message) {
        if (message == null) {
            return;
        }
        int high = (int) (message.address() >>> 32) & ~0xff;
        MessageRemapping.Remapped meant = chips.decodeUnmapped(message.address() & 0xffff_ffffL, message.data());
        if (meant != null) {
            chips.deliver(high == 0 ? meant.destination() : high | meant.destination() & 0xff, meant.command(),
                    meant.one());
        }
    }

    // ---- what stands before PCI functions and the board ----

    @Override
    public DmaTranslation translation(IntSupplier requester) {
        return new View(requester);
    }

    private final class View implements DmaTranslation {
        private final IntSupplier requester;

        private View(IntSupplier requester) {
            this.requester = requester;
        }

        @Override
        public long translate(long address, boolean write) {
            return dma.translate(requester.getAsInt(), address, write);
        }

        @Override
        public int begin() {
            return requests.begin();
        }

        @Override
        public void end(int request) {
            requests.end(request);
        }
    }

    @Override
    public MsiSink messages(IntSupplier requester) {
        return (address, data) -> interrupts.send(requester.getAsInt(), address, data);
    }

    /// What remaps the interrupts of a chip of the board's, which are known by `source`.
    public MessageRemapping remapping(int source) {
        return interrupts.from(source);
    }

    // ---- life ----

    @Override
    public void reset() {
        change(() -> {
            queue.reset();
            faults.reset();
            completionEvent.reset();
            rootTable = 0;
            interruptTable = 0;
            contextCommand = 0;
            iotlbCommand = 0;
            iotlbAddress = 0;
            completion = 0;
            iotlbWaits = false;
            apply(0, 0, 0);
        });
    }

    private void apply(int on, long usedRootTable, long usedInterruptTable) {
        switches = on;
        dma.rootTable(usedRootTable);
        dma.enable((on & TRANSLATION) != 0);
        interrupts.table(usedInterruptTable);
        switchInterrupts();
    }

    @Override
    public synchronized State save() {
        return new State(switches, rootTable, dma.rootTable(), interruptTable, interrupts.table(), contextCommand,
                iotlbCommand, iotlbAddress, completion, queue.save(), faults.save(), completionEvent.save());
    }

    @Override
    public void load(State state) {
        change(() -> {
            rootTable = state.rootTable;
            interruptTable = state.interruptTable;
            contextCommand = state.contextCommand;
            // The requests that a command waited for are not there any more.
            iotlbWaits = false;
            iotlbCommand = state.iotlbCommand & ~IOTLB_INVALIDATE;
            iotlbAddress = state.iotlbAddress;
            completion = state.completion;
            queue.load(state.queue);
            faults.load(state.faults);
            completionEvent.load(state.completionEvent);
            apply(state.switches, state.usedRootTable, state.usedInterruptTable);
            queue.run();
        });
    }
}
