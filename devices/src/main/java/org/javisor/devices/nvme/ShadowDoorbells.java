// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.lang.invoke.VarHandle;
import java.util.function.BooleanSupplier;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Doorbells in the driver's own memory, which it need not leave the guest to ring: one page where it puts every
/// doorbell's value, and one where it reads when to ring the real one as well, which is when the value passes the one
/// there. A queue that is being worked on has an old value there and looks by itself for more.
///
/// The admin queue's doorbells are always rung: drivers do not agree on whether they have shadows.
///
/// @nvme 1.4 §5.7 "Doorbell Buffer Config command", §7.13 "Updating Controller Doorbell Registers using a Shadow
///       Doorbell Buffer"
public final class ShadowDoorbells {
    private static final int DOORBELL_BYTES = 4, VALUE = 0xffff;

    /// Where the pages are.
    ///
    /// @param inUse whether there are any
    public record State(boolean inUse, long values, long events) {
        static final State NONE = new State(false, 0, 0);

        public State {
            if (((values | events) & (1 << NvmeLayout.MIN_PAGE_SHIFT) - 1) != 0) {
                throw new IllegalArgumentException(String.format("doorbell buffers at %x and %x", values, events));
            }
        }
    }

    private final DmaSpace memory;
    private final BooleanSupplier mayReachMemory;
    private final Runnable failure;
    private volatile State places = State.NONE;

    /// @param failure told when there is no memory any more where the driver said
    ShadowDoorbells(DmaSpace memory, BooleanSupplier mayReachMemory, Runnable failure) {
        this.memory = memory;
        this.mayReachMemory = mayReachMemory;
        this.failure = failure;
    }

    static int submission(int queue) {
        return 2 * queue;
    }

    static int completion(int queue) {
        return 2 * queue + 1;
    }

    /// Whether a doorbell's value is to be looked for here.
    boolean has(int doorbell) {
        return doorbell > completion(0) && reachable();
    }

    private boolean reachable() {
        return places.inUse && mayReachMemory.getAsBoolean();
    }

    /// What the driver has left, or `known` without a shadow.
    int value(int doorbell, int known) {
        if (!has(doorbell)) {
            return known;
        }
        try {
            return memory.loadInt(places.values + DOORBELL_BYTES * doorbell) & VALUE;
        } catch (OutOfRangeException _) {
            failure.run();
            return known;
        }
    }

    /// Has the real doorbell rung when the driver changes it from `value`. What it did before that is seen afterwards.
    void await(int doorbell, int value) {
        if (!reachable()) {
            return;
        }
        try {
            memory.storeInt(places.events + DOORBELL_BYTES * doorbell, value);
        } catch (OutOfRangeException _) {
            failure.run();
        }
        VarHandle.fullFence();
    }

    /// What both pages have for a queue that has just been made, or just been given shadows.
    void begin(int doorbell, int value) {
        if (reachable()) {
            try {
                memory.storeInt(places.values + DOORBELL_BYTES * doorbell, value);
            } catch (OutOfRangeException _) {
                failure.run();
            }
            await(doorbell, value);
        }
    }

    /// Uses these pages from now on.
    ///
    /// @return whether there is memory
    boolean use(long values, long events) {
        try {
            memory.storeInt(values, memory.loadInt(values));
            memory.storeInt(events, memory.loadInt(events));
        } catch (OutOfRangeException _) {
            return false;
        }
        places = new State(true, values, events);
        return true;
    }

    void forget() {
        places = State.NONE;
    }

    State save() {
        return places;
    }

    void load(State state) {
        places = state;
    }
}
