// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.util.ArrayList;
import java.util.List;

/// The latest commands that failed, the last of them first. No reset takes it back.
///
/// @nvme 1.4 §5.14.1.1 "Error Information (Log Identifier 01h)"
public final class ErrorLog {
    static final int ENTRIES = 16;

    /// @param count how many errors there had been with this one
    public record Entry(long count, int queue, int command, int status, long block, int namespace) { }

    public record State(List<Entry> entries) {
        public State {
            if (entries.size() > ENTRIES) {
                throw new IllegalArgumentException(entries.size() + " NVMe errors");
            }
            entries = List.copyOf(entries);
        }
    }

    private final List<Entry> entries = new ArrayList<>();

    synchronized void add(Entry entry) {
        if (entries.size() == ENTRIES) {
            entries.removeLast();
        }
        entries.addFirst(entry);
    }

    synchronized State save() {
        return new State(entries);
    }

    synchronized void load(State state) {
        entries.clear();
        entries.addAll(state.entries);
    }
}
