// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.javisor.host.HostMemory;
import org.javisor.vmm.irq.SyntheticVectors;

/// A processor's synthetic interrupt controller: 16 sources (SINTs), each with a vector of the local APIC, a slot for a
/// message and flags for events in memory of the guest's.
///
/// A message that finds its slot full sets the slot's "pending" bit and waits. The guest, when it has emptied the slot
/// and sees the bit, says so (EOM, or the end of the interrupt). It looks after it has emptied the slot, and we look
/// at the slot again after we have set the bit: one of both notices.
///
/// Registers are written on the processor's thread alone; messages and events come from any thread. The monitor guards
/// everything.
///
/// @hyperv "Virtual Interrupt Control", "Synthetic Interrupt Controller"
public final class HvSynic implements SyntheticVectors {
    static final int SINTS = 16;
    static final int VERSION = 1;
    static final int EVENT_FLAGS = 2048;
    /// How many messages may wait for a slot.
    private static final int QUEUE = 16;
    private static final int SLOT_BYTES = HvMessage.SLOT_BYTES;
    private static final long ENABLED = 1;
    private static final long MASKED = 1 << 16, AUTO_EOI = 1 << 17, POLLING = 1 << 18;
    private static final int VECTOR = 0xff, FIRST_LEGAL_VECTOR = 16, ASSERT = 0x4000;

    private final PvMachine machine;
    private final int processor;
    private final HvTimer[] timers;
    private final long[] sints = new long[SINTS];
    /// For each source, the messages that wait for its slot.
    private final List<Deque<HvMessage>> queues = Stream.generate(ArrayDeque<HvMessage>::new)
            .map(queue -> (Deque<HvMessage>) queue).limit(SINTS).toList();
    private long control;
    private long eventPage;
    private long messagePage;
    // Derived from the SINTs, a bit for each vector; used on the processor's thread.
    private final long[] connected = new long[4];
    private final long[] ending = new long[4];

    /// @param processor its index
    HvSynic(PvMachine machine, HvReferenceTime time, int processor, int timerCount) {
        this.machine = machine;
        this.processor = processor;
        this.timers = IntStream.range(0, timerCount)
                .mapToObj(n -> new HvTimer(this, time, machine.clock(), n)).toArray(HvTimer[]::new);
        Arrays.fill(sints, MASKED);
    }

    HvTimer timer(int n) {
        return timers[n];
    }

    // ---- registers ----

    synchronized long control() {
        return control;
    }

    synchronized boolean control(long value) {
        control = value;
        retryAll();
        return true;
    }

    synchronized long eventPage() {
        return eventPage;
    }

    synchronized boolean eventPage(long value) {
        eventPage = value;
        return true;
    }

    synchronized long messagePage() {
        return messagePage;
    }

    synchronized boolean messagePage(long value) {
        messagePage = value;
        retryAll();
        return true;
    }

    synchronized long sint(int n) {
        return sints[n];
    }

    /// A source needs a legal vector, unless it is masked: so some guests switch them off.
    synchronized boolean sint(int n, long value) {
        if ((value & VECTOR) < FIRST_LEGAL_VECTOR && (value & MASKED) == 0) {
            return false;
        }
        sints[n] = value;
        connect();
        retry(n);
        return true;
    }

    private void connect() {
        Arrays.fill(connected, 0);
        Arrays.fill(ending, 0);
        for (long sint : sints) {
            if ((sint & MASKED) == 0) {
                int vector = (int) sint & VECTOR;
                connected[vector >> 6] |= 1L << vector;
                ending[vector >> 6] |= (sint & AUTO_EOI) != 0 ? 1L << vector : 0;
            }
        }
    }

    /// End of message: the guest has emptied slots.
    synchronized void endOfMessage() {
        for (int n = 0; n < SINTS; n++) {
            emptied(n);
        }
    }

    // ---- the local APIC ----

    @Override
    public boolean endsItself(int vector) {
        return (ending[vector >> 6] >>> vector & 1) != 0;
    }

    @Override
    public boolean watches(int vector) {
        return (connected[vector >> 6] >>> vector & 1) != 0;
    }

    @Override
    public synchronized void ended(int vector) {
        for (int n = 0; n < SINTS; n++) {
            if ((sints[n] & (MASKED | VECTOR)) == vector) {
                emptied(n);
            }
        }
    }

    boolean interrupt(int vector) {
        return machine.interrupt(processor, vector | ASSERT);
    }

    /// Interrupts by a source, unless it is masked or polled.
    ///
    /// @return whether it was accepted
    synchronized boolean raise(int sint) {
        return (sints[sint] & (MASKED | POLLING)) == 0 && interrupt((int) sints[sint] & VECTOR);
    }

    // ---- messages ----

    private boolean takes(int sint, long page) {
        boolean unmasked = (sints[sint] & MASKED) == 0 || (sints[sint] & POLLING) != 0;
        return unmasked && (control & ENABLED) != 0 && (page & ENABLED) != 0
                && machine.memory().backsWrites(page & -PvMachine.PAGE_BYTES, PvMachine.PAGE_BYTES);
    }

    private long slot(int sint) {
        return (messagePage & -PvMachine.PAGE_BYTES) + sint * SLOT_BYTES;
    }

    /// Puts a message into its slot and interrupts.
    ///
    /// @return false if there is no room, and the guest will say when there is
    boolean deliver(int sint, HvMessage message) {
        if (!takes(sint, messagePage) || !emptySlot(sint)) {
            return false;
        }
        message.store(new GuestArea(machine.memory(), slot(sint)), othersWait(sint));
        raise(sint);
        return true;
    }

    private boolean emptySlot(int sint) {
        GuestArea slot = new GuestArea(machine.memory(), slot(sint));
        if (slot.load(0, 4) == HvMessage.NONE) {
            return true;
        }
        slot.store(HvMessage.FLAGS, 1, HvMessage.PENDING);
        VarHandle.fullFence();
        return slot.load(0, 4) == HvMessage.NONE;
    }

    private boolean othersWait(int sint) {
        return !queues.get(sint).isEmpty() || Arrays.stream(timers).anyMatch(timer -> timer.waitsFor(sint));
    }

    /// Sends a message, which waits if there is no room for it now.
    ///
    /// @return one of [HvStatus]
    synchronized int post(int sint, HvMessage message) {
        if ((control & ENABLED) == 0 || (messagePage & ENABLED) == 0) {
            return HvStatus.INVALID_SYNIC_STATE;
        }
        Deque<HvMessage> queue = queues.get(sint);
        if (queue.isEmpty() && deliver(sint, message)) {
            return HvStatus.SUCCESS;
        }
        if (queue.size() == QUEUE) {
            return HvStatus.INSUFFICIENT_BUFFERS;
        }
        queue.add(message);
        return HvStatus.SUCCESS;
    }

    private void emptied(int sint) {
        if (takes(sint, messagePage)) {
            new GuestArea(machine.memory(), slot(sint)).store(HvMessage.FLAGS, 1, 0);
        }
        retry(sint);
    }

    private void retryAll() {
        for (int n = 0; n < SINTS; n++) {
            retry(n);
        }
    }

    private void retry(int sint) {
        Deque<HvMessage> queue = queues.get(sint);
        HvMessage next = queue.poll();
        if (next != null && !deliver(sint, next)) {
            queue.addFirst(next);
        }
        for (HvTimer timer : timers) {
            timer.retry(sint);
        }
    }

    // ---- events ----

    /// Sets a flag, and interrupts if it was not set.
    ///
    /// @return one of [HvStatus]
    synchronized int signal(int sint, int flag) {
        if ((control & ENABLED) == 0 || (eventPage & ENABLED) == 0) {
            return HvStatus.INVALID_SYNIC_STATE;
        }
        if (takes(sint, eventPage)) {
            long gpa = (eventPage & -PvMachine.PAGE_BYTES) + sint * SLOT_BYTES + flag / Integer.SIZE * Integer.BYTES;
            int bit = 1 << flag % Integer.SIZE;
            int before = HostMemory.getAndBitwiseOrInt(machine.memory().hva(gpa, Integer.BYTES), bit);
            machine.memory().written(gpa, Integer.BYTES);
            if ((before & bit) == 0) {
                raise(sint);
            }
        }
        return HvStatus.SUCCESS;
    }

    // ---- reset and state ----

    synchronized void reset() {
        for (HvTimer timer : timers) {
            timer.reset();
        }
        control = 0;
        eventPage = 0;
        messagePage = 0;
        Arrays.fill(sints, MASKED);
        queues.forEach(Deque::clear);
        connect();
    }

    /// @param sints   the registers of the sources
    /// @param waiting for each source, the messages that wait
    /// @param timers  in their order
    public record State(long control, long eventPage, long messagePage, List<Long> sints, List<List<HvMessage>> waiting,
                 List<HvTimer.State> timers) {
        public State {
            sints = List.copyOf(sints);
            waiting = waiting.stream().map(List::copyOf).toList();
            timers = List.copyOf(timers);
            boolean queued = waiting.stream().allMatch(messages -> messages.size() <= QUEUE);
            boolean legal = sints.stream()
                    .allMatch(sint -> (sint & MASKED) != 0 || (sint & VECTOR) >= FIRST_LEGAL_VECTOR);
            if (sints.size() != SINTS || waiting.size() != SINTS || !queued || !legal) {
                throw new IllegalArgumentException("no state of a SynIC");
            }
        }
    }

    synchronized State save() {
        return new State(control, eventPage, messagePage, Arrays.stream(sints).boxed().toList(),
                queues.stream().map(List::copyOf).toList(), Arrays.stream(timers).map(HvTimer::save).toList());
    }

    synchronized void load(State state) {
        if (state.timers.size() != timers.length) {
            throw new IllegalArgumentException("a SynIC has " + timers.length + " timers");
        }
        control = state.control;
        eventPage = state.eventPage;
        messagePage = state.messagePage;
        for (int n = 0; n < SINTS; n++) {
            sints[n] = state.sints.get(n);
            queues.get(n).clear();
            queues.get(n).addAll(state.waiting.get(n));
        }
        connect();
        for (int n = 0; n < timers.length; n++) {
            timers[n].load(state.timers.get(n));
        }
    }
}
