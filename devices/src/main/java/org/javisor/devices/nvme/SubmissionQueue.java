// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.util.concurrent.Executor;
import org.javisor.devices.Worker;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// The controller's end of a submission queue, and the work on it.
///
/// Its lock is held while a command is executed: who has stopped it under that lock knows that it touches no guest
/// memory any more. The lock is never held while the driver is interrupted.
///
/// @nvme 1.4 §4.1 "Submission Queue & Completion Queue Definition"
public final class SubmissionQueue {
    /// After so many commands the other queues on the same thread get their turn.
    private static final int TURN = 256;
    /// While there are more commands, the driver is told of completed ones after so many of them, or so long.
    private static final int GATHERED = 16;
    private static final long GATHERED_NANOS = 100_000;

    /// What a queue needs of its controller.
    interface Port {
        /// Whether the guest lets the controller reach memory, and it has not failed.
        boolean mayReachMemory();

        void interrupt(CompletionQueue queue);

        /// The queues themselves cannot be used.
        void fail();

        /// The driver has left a value for a doorbell that cannot be.
        void invalidDoorbell();

        /// A command ended with an error.
        void failed(int queue, Command command, int status);
    }

    /// @param entries 2 to [NvmeLayout#MAX_ADMIN_ENTRIES]
    /// @param head    up to where commands have been taken
    /// @param tail    up to where the driver has put commands
    /// @param target  the completion queue
    /// @param looking whether the doorbell's shadow may say more than `tail`
    public record State(int id, long base, int entries, int head, int tail, int target, boolean looking) {
        public State {
            if (id < 0 || entries < 2 || entries > NvmeLayout.MAX_ADMIN_ENTRIES || (head | tail) < 0
                    || Math.max(head, tail) >= entries || target < 0) {
                throw new IllegalArgumentException("submission queue " + id + ": " + head + " to " + tail + " of "
                        + entries);
            }
        }
    }

    private final DmaSpace memory;
    private final int id;
    private final long base;
    private final int entries;
    private final CompletionQueue target;
    private final CommandSet commands;
    private final Port port;
    private final ShadowDoorbells shadows;
    private final Worker worker;
    private final Command command = new Command();
    private int head;
    private boolean running = true;
    private volatile int tail;
    private volatile boolean looking;

    SubmissionQueue(DmaSpace memory, State state, CompletionQueue target, CommandSet commands, Port port,
                    ShadowDoorbells shadows, Executor executor) {
        this.memory = memory;
        id = state.id;
        base = state.base;
        entries = state.entries;
        head = state.head;
        tail = state.tail;
        looking = state.looking;
        this.target = target;
        this.commands = commands;
        this.port = port;
        this.shadows = shadows;
        worker = new Worker(executor, this::turn);
    }

    /// A queue as it is when it has been created.
    static State created(int id, long base, int entries, int target) {
        return new State(id, base, entries, 0, 0, target, false);
    }

    int id() {
        return id;
    }

    CompletionQueue target() {
        return target;
    }

    /// The driver rings the doorbell. Cheap.
    ///
    /// @return whether `newTail` can be
    boolean tail(int newTail) {
        if (newTail >= entries) {
            return false;
        }
        if (!shadows.has(doorbell())) {
            tail = newTail;
        }
        looking = true;
        worker.wake();
        return true;
    }

    private int doorbell() {
        return ShadowDoorbells.submission(id);
    }

    /// The doorbell has got a shadow.
    synchronized void shadowed() {
        shadows.begin(doorbell(), tail);
    }

    void wake() {
        worker.wake();
    }

    /// When this returns, no command is executed any more.
    synchronized void stop() {
        running = false;
    }

    synchronized State save() {
        return new State(id, base, entries, head, tail, target.id(), looking);
    }

    /// Completes a command that has been [Status#PENDING].
    ///
    /// @return whether that was possible now
    synchronized boolean complete(int pending, int result, int status) {
        if (!running || !port.mayReachMemory() || !target.reserve()) {
            return false;
        }
        try {
            target.post(result, id, head, pending, status);
            return true;
        } catch (OutOfRangeException _) {
            running = false;
            port.fail();
            return false;
        }
    }

    private boolean turn() {
        int gathered = 0;
        long since = 0;
        boolean any = true;
        int served = 0;
        while (any && served < TURN) {
            any = serveOne();
            if (!any) {
                break;
            }
            served++;
            long now = System.nanoTime();
            since = gathered == 0 ? now : since;
            gathered++;
            if (gathered >= GATHERED || now - since >= GATHERED_NANOS) {
                port.interrupt(target);
                gathered = 0;
            }
        }
        if (gathered > 0) {
            port.interrupt(target);
        }
        return any;
    }

    /// Whether there is a command. Before this says that there is none, the driver is to ring for the next.
    private boolean pending() {
        if (head == tail && looking) {
            look();
            if (head == tail) {
                // Before the last look: whoever rings after it is heard.
                looking = false;
                shadows.await(doorbell(), tail);
                look();
                if (head != tail) {
                    looking = true;
                }
            }
        }
        return head != tail;
    }

    private void look() {
        // Read once: without a shadow the doorbell may change it meanwhile, which must not be undone.
        int known = tail;
        int seen = shadows.value(doorbell(), known);
        if (seen >= entries) {
            port.invalidDoorbell();
        } else if (seen != known) {
            tail = seen;
        }
    }

    private synchronized boolean serveOne() {
        if (!running || !port.mayReachMemory() || !pending() || !target.reserve()) {
            return false;
        }
        int translations = memory.begin();
        try {
            command.load(memory, base + (long) NvmeLayout.SUBMISSION_BYTES * head);
            head = head + 1 == entries ? 0 : head + 1;
            int status = command.unsupportedForm() ? Status.INVALID_FIELD : commands.execute(command);
            if (status == Status.PENDING) {
                target.release();
                return true;
            }
            if (status != Status.SUCCESS) {
                port.failed(id, command, status);
            }
            target.post(command.result, id, head, command.id(), status);
            return true;
        } catch (OutOfRangeException _) {
            running = false;
            port.fail();
            return false;
        } finally {
            memory.end(translations);
        }
    }
}
