// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.javisor.memory.DmaSpace;

/// The queues that there are, by their numbers; 0 is the pair for admin commands.
///
/// Doorbells look queues up without a lock. Queues come and go on one thread at a time: that of the admin queue, or
/// whoever has stopped it.
///
/// @nvme 1.4 §5.3 "Create I/O Completion Queue command" to §5.6 "Delete I/O Submission Queue command"
public final class QueueTable {
    private static final int CONTIGUOUS = 1, INTERRUPTS = 2;

    public record State(List<CompletionQueue.State> completion, List<SubmissionQueue.State> submission) {
        public State {
            completion = List.copyOf(completion);
            submission = List.copyOf(submission);
        }
    }

    /// Gives every submission queue what executes its commands.
    @FunctionalInterface
    interface CommandSets {
        CommandSet of(int queue);
    }

    private final DmaSpace memory;
    private final Executor executor;
    private final SubmissionQueue.Port port;
    private final CommandSets commandSets;
    private final ShadowDoorbells shadows;
    // Replaced, never changed.
    private volatile CompletionQueue[] completion;
    private volatile SubmissionQueue[] submission;

    /// @param ioQueues how many pairs there may be beside that for admin commands
    QueueTable(DmaSpace memory, int ioQueues, Executor executor, SubmissionQueue.Port port,
               ShadowDoorbells shadows, CommandSets commandSets) {
        this.memory = memory;
        this.executor = executor;
        this.port = port;
        this.commandSets = commandSets;
        this.shadows = shadows;
        completion = new CompletionQueue[ioQueues + 1];
        submission = new SubmissionQueue[ioQueues + 1];
    }

    /// The queue of that number, or null.
    CompletionQueue completion(int id) {
        CompletionQueue[] queues = completion;
        return id < queues.length ? queues[id] : null;
    }

    /// The queue of that number, or null.
    SubmissionQueue submission(int id) {
        SubmissionQueue[] queues = submission;
        return id < queues.length ? queues[id] : null;
    }

    private void put(CompletionQueue queue, int id) {
        CompletionQueue[] changed = completion.clone();
        changed[id] = queue;
        completion = changed;
    }

    private void put(SubmissionQueue queue, int id) {
        SubmissionQueue[] changed = submission.clone();
        changed[id] = queue;
        submission = changed;
    }

    void add(CompletionQueue.State state) {
        put(new CompletionQueue(memory, state, shadows), state.id());
    }

    void add(SubmissionQueue.State state) {
        put(new SubmissionQueue(memory, state, completion[state.target()], commandSets.of(state.id()), port,
                shadows, executor), state.id());
    }

    // ---- the commands ----

    private boolean cannotBeCreated(int id, boolean exists) {
        return id == 0 || id >= completion.length || exists;
    }

    private static boolean unsupportedSize(int entries, int entryShift, int expectedShift) {
        return entries < 2 || entries > NvmeLayout.MAX_ENTRIES || entryShift != expectedShift;
    }

    /// @param vectors how many interrupt vectors there are
    int createCompletion(Command command, int cc, int vectors) {
        int id = command.dword(10) & 0xffff;
        int entries = (command.dword(10) >>> 16) + 1;
        int vector = command.dword(11) >>> 16;
        if (cannotBeCreated(id, completion(id) != null)) {
            return Status.INVALID_QUEUE_ID;
        }
        if (unsupportedSize(entries, NvmeLayout.completionEntryShift(cc), NvmeLayout.COMPLETION_SHIFT)) {
            return Status.INVALID_QUEUE_SIZE;
        }
        if (vector >= vectors) {
            return Status.INVALID_VECTOR;
        }
        if ((command.dword(11) & CONTIGUOUS) == 0) {
            return Status.INVALID_FIELD;
        }
        if ((command.prp1() & (1L << NvmeLayout.pageShift(cc)) - 1) != 0) {
            return Status.INVALID_PRP_OFFSET;
        }
        add(CompletionQueue.created(id, command.prp1(), entries, vector, (command.dword(11) & INTERRUPTS) != 0));
        completion(id).shadowed();
        return Status.SUCCESS;
    }

    int createSubmission(Command command, int cc) {
        int id = command.dword(10) & 0xffff;
        int entries = (command.dword(10) >>> 16) + 1;
        int target = command.dword(11) >>> 16;
        if (cannotBeCreated(id, submission(id) != null)) {
            return Status.INVALID_QUEUE_ID;
        }
        if (target == 0 || completion(target) == null) {
            return Status.INVALID_COMPLETION_QUEUE;
        }
        if (unsupportedSize(entries, NvmeLayout.submissionEntryShift(cc), NvmeLayout.SUBMISSION_SHIFT)) {
            return Status.INVALID_QUEUE_SIZE;
        }
        if ((command.dword(11) & CONTIGUOUS) == 0) {
            return Status.INVALID_FIELD;
        }
        if ((command.prp1() & (1L << NvmeLayout.pageShift(cc)) - 1) != 0) {
            return Status.INVALID_PRP_OFFSET;
        }
        add(SubmissionQueue.created(id, command.prp1(), entries, target));
        submission(id).shadowed();
        return Status.SUCCESS;
    }

    int deleteSubmission(int id) {
        SubmissionQueue queue = submission(id);
        if (id == 0 || queue == null) {
            return Status.INVALID_QUEUE_ID;
        }
        put((SubmissionQueue) null, id);
        queue.stop();
        return Status.SUCCESS;
    }

    int deleteCompletion(int id) {
        CompletionQueue queue = completion(id);
        if (id == 0 || queue == null) {
            return Status.INVALID_QUEUE_ID;
        }
        for (SubmissionQueue user : submission) {
            if (user != null && user.target() == queue) {
                return Status.INVALID_QUEUE_DELETION;
            }
        }
        put((CompletionQueue) null, id);
        queue.remove();
        return Status.SUCCESS;
    }

    // ---- all of them ----

    /// Doorbells have got shadows.
    void shadowed() {
        for (int id = 0; id < completion.length; id++) {
            if (completion[id] != null) {
                completion[id].shadowed();
            }
            if (submission[id] != null) {
                submission[id].shadowed();
            }
        }
    }

    /// Has the driver ring for every completion that it takes.
    void awaitHeads() {
        for (CompletionQueue queue : completion) {
            if (queue != null) {
                queue.await();
            }
        }
    }

    /// Has the work done that waited for room in `queue`, or with null for something else.
    void wake(CompletionQueue queue) {
        for (SubmissionQueue user : submission) {
            if (user != null && (queue == null || user.target() == queue)) {
                user.wake();
            }
        }
    }

    /// Whether any completion queue of `unmasked` vectors wants a pin interrupt.
    ///
    /// @param masked a bit for each vector that is masked
    boolean wantsPin(int masked) {
        for (CompletionQueue queue : completion) {
            if (queue != null && queue.interrupts() && queue.occupied()
                    && (queue.vector() > 31 || (masked >>> queue.vector() & 1) == 0)) {
                return true;
            }
        }
        return false;
    }

    /// Removes all queues. When this returns, no command is executed any more.
    void clear() {
        SubmissionQueue admin = submission[0];
        if (admin != null) {
            // It makes others.
            admin.stop();
        }
        for (SubmissionQueue queue : submission) {
            if (queue != null) {
                queue.stop();
            }
        }
        submission = new SubmissionQueue[submission.length];
        completion = new CompletionQueue[completion.length];
    }

    State save() {
        List<CompletionQueue.State> completionStates = new ArrayList<>();
        List<SubmissionQueue.State> submissionStates = new ArrayList<>();
        for (SubmissionQueue queue : submission) {
            if (queue != null) {
                submissionStates.add(queue.save());
            }
        }
        for (CompletionQueue queue : completion) {
            if (queue != null) {
                completionStates.add(queue.save());
            }
        }
        return new State(completionStates, submissionStates);
    }

    /// Whether a state can be that of such a table.
    void check(State state) {
        boolean[] present = new boolean[completion.length];
        for (CompletionQueue.State queue : state.completion) {
            require(queue.id() < present.length && !present[queue.id()] && queue.vector() < present.length);
            present[queue.id()] = true;
        }
        boolean[] taken = new boolean[submission.length];
        for (SubmissionQueue.State queue : state.submission) {
            require(queue.id() < taken.length && !taken[queue.id()] && queue.target() < present.length
                    && present[queue.target()]);
            taken[queue.id()] = true;
        }
    }

    private static void require(boolean fits) {
        if (!fits) {
            throw new IllegalArgumentException("NVMe queues that this controller cannot have");
        }
    }

    void load(State state) {
        clear();
        state.completion.forEach(this::add);
        state.submission.forEach(this::add);
    }
}
