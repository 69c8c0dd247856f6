// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.lang.invoke.VarHandle;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// The controller's end of a completion queue. Several submission queues may post to it, on threads of their own.
///
/// @nvme 1.4 §4.1 "Submission Queue & Completion Queue Definition", §4.6 "Completion Queue Entry"
public final class CompletionQueue {
    private static final int PHASE = 1 << 16, STATUS_SHIFT = 17;

    /// @param entries    2 to [NvmeLayout#MAX_ADMIN_ENTRIES]
    /// @param head       up to where the driver has taken entries
    /// @param tail       where the next entry goes
    /// @param phase      what marks entries of this pass
    /// @param interrupts whether the driver wants any
    /// @param refused    whether somebody waits for room
    public record State(int id, long base, int entries, int head, int tail, boolean phase, int vector,
                        boolean interrupts, boolean refused) {
        public State {
            if (id < 0 || entries < 2 || entries > NvmeLayout.MAX_ADMIN_ENTRIES || (head | tail) < 0
                    || Math.max(head, tail) >= entries || vector < 0) {
                throw new IllegalArgumentException("completion queue " + id + ": " + head + " to " + tail + " of "
                        + entries);
            }
        }
    }

    private final DmaSpace memory;
    private final ShadowDoorbells shadows;
    private final int id;
    private final long base;
    private final int entries;
    private final int vector;
    private final boolean interrupts;
    private int head;
    private int tail;
    private boolean phase;
    /// Entries promised to commands that are being executed.
    private int reserved;
    /// Whether somebody waits for room.
    private boolean refused;
    private volatile boolean removed;

    CompletionQueue(DmaSpace memory, State state, ShadowDoorbells shadows) {
        this.shadows = shadows;
        this.memory = memory;
        id = state.id;
        base = state.base;
        entries = state.entries;
        head = state.head;
        tail = state.tail;
        phase = state.phase;
        vector = state.vector;
        interrupts = state.interrupts;
        refused = state.refused;
    }

    /// A queue as it is when it has been created.
    static State created(int id, long base, int entries, int vector, boolean interrupts) {
        return new State(id, base, entries, 0, 0, true, vector, interrupts, false);
    }

    int id() {
        return id;
    }

    int vector() {
        return vector;
    }

    boolean interrupts() {
        return interrupts;
    }

    /// The driver rings the doorbell.
    ///
    /// @return whether `newHead` can be
    synchronized boolean head(int newHead) {
        if (shadows.has(doorbell())) {
            return look();
        }
        return take(newHead);
    }

    private int doorbell() {
        return ShadowDoorbells.completion(id);
    }

    /// Looks what the driver has left in the doorbell's shadow, if it has one.
    ///
    /// @return whether that can be
    synchronized boolean look() {
        return take(shadows.value(doorbell(), head));
    }

    /// As [#look], and has the driver ring the doorbell when it takes more.
    synchronized void await() {
        shadows.await(doorbell(), head);
        look();
    }

    /// The doorbell has got a shadow.
    synchronized void shadowed() {
        shadows.begin(doorbell(), head);
    }

    private boolean take(int newHead) {
        if (newHead >= entries || Math.floorMod(newHead - head, entries) > Math.floorMod(tail - head, entries)) {
            return false;
        }
        head = newHead;
        return true;
    }

    /// Whether somebody has asked for room in vain since this was last asked.
    synchronized boolean wasFull() {
        boolean was = refused;
        refused = false;
        return was;
    }

    /// Whether there is something for the driver to take.
    synchronized boolean occupied() {
        return head != tail && !removed;
    }

    /// Promises an entry, if there is room for one.
    ///
    /// Once it has been refused it is until the doorbell is rung.
    synchronized boolean reserve() {
        if (full() && !refused) {
            look();
            if (full()) {
                await();
            }
            refused = full();
        }
        if (refused) {
            return false;
        }
        reserved++;
        return true;
    }

    private boolean full() {
        return Math.floorMod(tail - head, entries) + reserved >= entries - 1;
    }

    /// Takes a promise back.
    synchronized void release() {
        reserved--;
    }

    /// Posts an entry that has been promised.
    ///
    /// @param submissionHead up to where the submission queue has been read
    /// @throws GuestMemory.OutOfRangeException if there is no memory
    synchronized void post(int result, int submissionQueue, int submissionHead, int command, int status) {
        reserved--;
        long gpa = base + (long) NvmeLayout.COMPLETION_BYTES * tail;
        memory.storeLong(gpa, result & 0xffff_ffffL);
        // The driver looks for the phase, which is in the second half.
        VarHandle.releaseFence();
        memory.storeLong(gpa + 8, submissionHead | submissionQueue << 16
                | (long) (command | (phase ? PHASE : 0) | status << STATUS_SHIFT) << 32);
        tail++;
        if (tail == entries) {
            tail = 0;
            phase = !phase;
        }
    }

    void remove() {
        removed = true;
    }

    synchronized State save() {
        return new State(id, base, entries, head, tail, phase, vector, interrupts, refused);
    }
}
