// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.util.ArrayList;
import java.util.List;

/// Asynchronous events, and the requests that wait for them. An event of one type holds back others of its type until
/// the driver has read the log page that tells of it.
///
/// @nvme 1.4 §5.2 "Asynchronous Event Request command"
public final class AsynchronousEvents {
    /// How many requests may wait.
    static final int LIMIT = 4;

    /// What an event is: its type, what it says, and the log page that tells more, as in dword 0 of the completion.
    static final int INVALID_DOORBELL = 0x01_00_00, INVALID_DOORBELL_VALUE = 0x01_01_00, TEMPERATURE = 0x02_01_01;
    private static final int TYPES = 2;

    /// @param requests command identifiers, in the order they came
    /// @param due      the event of each type that no request has been completed for, or -1
    /// @param held     which types have told of an event that the driver has not looked at
    public record State(List<Integer> requests, int[] due, boolean[] held) {
        public State {
            if (requests.size() > LIMIT || due.length != TYPES || held.length != TYPES) {
                throw new IllegalArgumentException(requests.size() + " NVMe event requests");
            }
            for (int type = 0; type < TYPES; type++) {
                if (due[type] != -1 && (due[type] & 7) != type) {
                    throw new IllegalArgumentException("NVMe event " + due[type]);
                }
            }
            requests = List.copyOf(requests);
            due = due.clone();
            held = held.clone();
        }
    }

    private final List<Integer> requests = new ArrayList<>();
    private final int[] due = new int[TYPES];
    private final boolean[] held = new boolean[TYPES];

    AsynchronousEvents() {
        reset();
    }

    /// A request comes.
    synchronized int request(int command) {
        if (requests.size() == LIMIT) {
            return Status.TOO_MANY_EVENT_REQUESTS;
        }
        requests.add(command);
        return Status.PENDING;
    }

    /// A request is aborted, if it waits.
    synchronized boolean abort(int command) {
        return requests.remove((Integer) command);
    }

    /// Something happened; of events of one type that nobody has asked for, the first stays.
    synchronized void happen(int event) {
        int type = event & 7;
        if (due[type] == -1) {
            due[type] = event;
        }
    }

    /// The driver reads the log page of a number.
    synchronized void read(int logPage) {
        int type = (logPage & 0xff) - 1;
        if (type >= 0 && type < TYPES) {
            held[type] = false;
        }
    }

    /// A request and the event that it is to be completed with.
    record Delivery(int command, int event) { }

    /// What is to be delivered next, or null.
    synchronized Delivery take() {
        for (int type = 0; type < TYPES; type++) {
            if (due[type] != -1 && !held[type] && !requests.isEmpty()) {
                Delivery delivery = new Delivery(requests.removeFirst(), due[type]);
                due[type] = -1;
                held[type] = true;
                return delivery;
            }
        }
        return null;
    }

    /// What [#take] gave could not be delivered now.
    synchronized void restore(Delivery delivery) {
        int type = delivery.event & 7;
        requests.addFirst(delivery.command);
        due[type] = delivery.event;
        held[type] = false;
    }

    synchronized void reset() {
        requests.clear();
        for (int type = 0; type < TYPES; type++) {
            due[type] = -1;
            held[type] = false;
        }
    }

    synchronized State save() {
        return new State(requests, due, held);
    }

    synchronized void load(State state) {
        requests.clear();
        requests.addAll(state.requests);
        System.arraycopy(state.due, 0, due, 0, TYPES);
        System.arraycopy(state.held, 0, held, 0, TYPES);
    }
}
