// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.javisor.devices.RegisterMap;
import org.javisor.passthrough.vtd.EventMessage.Message;

/// What has been blocked: primary fault logging, and the event that tells of it. Guarded by its own lock, which is a
/// leaf.
///
/// @datasheet Intel VT-d 4.1 §7.2.1 "Primary Fault Logging", §7.3 "Fault Reporting", §11.4.7
final class FaultRecords {
    static final int RECORDS = 8;

    static final int OVERFLOW = 1, QUEUE_ERROR = 1 << 4;
    private static final int PENDING = 2, INDEX_SHIFT = 8;
    private static final long FAULT = 1L << 63, TYPE_READ = 1L << 62;
    private static final int REASON_SHIFT = 32;

    private final long[] records = new long[2 * RECORDS];
    private final EventMessage event = new EventMessage();
    private int errors;
    private int first;
    private int next;

    /// Records what was blocked, if there is room, or else that there was none.
    ///
    /// @param info bits 63:12 of the address; for an interrupt, its index in bits 63:48
    /// @return the message that tells of it now, or null
    synchronized Message record(int source, long info, FaultReason reason, boolean read) {
        boolean told = status() != 0;
        if ((records[2 * next + 1] & FAULT) != 0) {
            // No room; once the guest knows, there is nothing new.
            errors |= OVERFLOW;
            return null;
        }
        if ((status() & PENDING) == 0) {
            first = next;
        }
        records[2 * next] = info & ~0xfffL;
        records[2 * next + 1] = FAULT | (read ? TYPE_READ : 0) | (long) reason.code << REASON_SHIFT
                | source & 0xffff;
        next = (next + 1) % RECORDS;
        return told ? null : event.raise();
    }

    /// The invalidation queue has stopped at something wrong.
    ///
    /// @return the message that tells of it now, or null
    synchronized Message queueError() {
        boolean told = status() != 0;
        errors |= QUEUE_ERROR;
        return told ? null : event.raise();
    }

    /// Whether the guest has not yet taken note that the queue has stopped.
    synchronized boolean queueStopped() {
        return (errors & QUEUE_ERROR) != 0;
    }

    private int status() {
        return errors | (pending() ? PENDING : 0);
    }

    private boolean pending() {
        for (int i = 0; i < RECORDS; i++) {
            if ((records[2 * i + 1] & FAULT) != 0) {
                return true;
            }
        }
        return false;
    }

    /// @param serviced run when the guest may have taken note that the queue has stopped
    void define(RegisterMap registers, EventMessage.Outbox outbox, Runnable serviced) {
        registers.define(VtdLayout.FAULT_STATUS, 4, this::readStatus, (value, _) -> {
            clearErrors((int) value);
            serviced.run();
        });
        event.define(registers, VtdLayout.FAULT_EVENT, outbox);
        for (int i = 0; i < 2 * RECORDS; i++) {
            int half = i;
            registers.define(VtdLayout.FAULT_RECORDS + 8 * half, 8, () -> half(half), (value, _) -> {
                if ((half & 1) != 0 && (value & FAULT) != 0) {
                    clear(half);
                }
            });
        }
    }

    private synchronized long readStatus() {
        return status() | first << INDEX_SHIFT;
    }

    private synchronized void clearErrors(int which) {
        errors &= ~which;
        settle();
    }

    private synchronized long half(int half) {
        return records[half];
    }

    private synchronized void clear(int half) {
        records[half] &= ~FAULT;
        settle();
    }

    private void settle() {
        if (status() == 0) {
            event.settle();
        }
    }

    synchronized void reset() {
        Arrays.fill(records, 0);
        errors = 0;
        first = 0;
        next = 0;
        event.reset();
    }

    synchronized FaultState save() {
        return new FaultState(errors, first, next, LongStream.of(records).boxed().toList(), event.save());
    }

    synchronized void load(FaultState state) {
        for (int i = 0; i < records.length; i++) {
            records[i] = state.records().get(i);
        }
        errors = state.errors();
        first = state.first();
        next = state.next();
        event.load(state.event());
    }
}
