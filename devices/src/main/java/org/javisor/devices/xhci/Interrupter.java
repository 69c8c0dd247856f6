// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// An event ring, and the registers of the interrupter that tells of it. Events that find no room wait here, and the
/// controller does nothing more that could make further ones.
///
/// IMOD is remembered; events are not delayed for it.
///
/// @xhci 1.1 §4.9.4 "Event Ring Management", §4.17 "Interrupters", §5.5.2 "Interrupter Register Set"
public final class Interrupter {
    private static final int IMAN = 0, IMOD = 4, ERSTSZ = 8, ERSTBA = 0x10, ERDP = 0x18;
    private static final int PENDING = 1, ENABLE = 2, INITIAL_MODERATION = 4000;
    private static final int BUSY = 8, SEGMENT_ENTRY_BYTES = 16, MIN_TRBS = 16, MAX_TRBS = 4096;

    /// An event that waits for room.
    ///
    /// @param control without the cycle bit
    public record Event(long parameter, int status, int control, boolean blocked) { }

    /// @param management IMAN
    /// @param dequeue    ERDP
    /// @param segment    which segment the next event goes to, and `index` where in it
    public record State(int management, int moderation, int tableSize, long table, long dequeue, int segment, int index,
                        boolean cycle, List<Event> waiting) {
        public State {
            if ((management & ~(PENDING | ENABLE)) != 0 || tableSize < 0 || tableSize > 0xffff || (table & 0x3f) != 0
                    || segment < 0 || index < 0) {
                throw new IllegalArgumentException("xHCI interrupter registers with bits that they do not have");
            }
            waiting = List.copyOf(waiting);
        }
    }

    private final DmaSpace memory;
    private int management;
    private int moderation;
    private int tableSize;
    private long table;
    private long dequeue;
    private int segment;
    private int index;
    private boolean cycle;
    private final ArrayDeque<Event> waiting = new ArrayDeque<>();

    Interrupter(DmaSpace memory) {
        this.memory = memory;
        reset();
    }

    // ---- registers ----

    /// Reads the 32-bit register at `offset`.
    synchronized int read(int offset) {
        return switch (offset) {
            case IMAN -> management;
            case IMOD -> moderation;
            case ERSTSZ -> tableSize;
            case ERSTBA -> (int) table;
            case ERSTBA + 4 -> (int) (table >>> 32);
            case ERDP -> (int) dequeue;
            case ERDP + 4 -> (int) (dequeue >>> 32);
            default -> 0;
        };
    }

    /// Writes the 32-bit register at `offset`.
    ///
    /// @return whether an interrupt is due, or waiting events might now have room
    synchronized boolean write(int offset, int value) {
        switch (offset) {
            case IMAN -> management = management & ~value & PENDING | value & ENABLE;
            case IMOD -> moderation = value;
            case ERSTSZ -> tableSize = value & 0xffff;
            case ERSTBA -> {
                table = table & 0xffff_ffff_0000_0000L | value & 0xffff_ffc0L;
                begin();
            }
            case ERSTBA + 4 -> {
                table = table & 0xffff_ffffL | (long) value << 32;
                begin();
            }
            case ERDP -> {
                // The busy bit is cleared by writing one.
                long busy = dequeue & BUSY & ~value;
                dequeue = dequeue & 0xffff_ffff_0000_0000L | value & 0xffff_fff7L | busy;
                return true;
            }
            case ERDP + 4 -> {
                dequeue = dequeue & 0xffff_ffffL | (long) value << 32;
                return true;
            }
            default -> { }
        }
        return false;
    }

    private void begin() {
        segment = 0;
        index = 0;
        cycle = true;
    }

    /// Whether the pin is to be high, or a message is due.
    synchronized boolean pending() {
        return management == (PENDING | ENABLE);
    }

    /// A message has been sent.
    synchronized void sent() {
        management &= ~PENDING;
    }

    /// After the driver has written ERDP: if it has not seen all events, it is told again.
    ///
    /// @return whether there is something to tell
    synchronized boolean tellAgain() {
        if (tableSize == 0 || (dequeue & BUSY) != 0 || (dequeue & -XhciLayout.TRB_BYTES) == place()) {
            return false;
        }
        return tell();
    }

    private boolean tell() {
        dequeue |= BUSY;
        management |= PENDING;
        return true;
    }

    // ---- events ----

    /// Posts an event, or keeps it.
    ///
    /// @param blocked whether the driver is not to be interrupted for it
    /// @return whether the driver is to be told
    /// @throws GuestMemory.OutOfRangeException if the ring is not in memory
    synchronized boolean post(long parameter, int status, int control, boolean blocked) {
        waiting.addLast(new Event(parameter, status, control, blocked));
        return flush();
    }

    /// Whether events wait for room.
    synchronized boolean full() {
        return !waiting.isEmpty();
    }

    /// Posts what waits, as far as there is room.
    ///
    /// @return whether the driver is to be told
    synchronized boolean flush() {
        boolean tell = false;
        while (!waiting.isEmpty() && room()) {
            Event event = waiting.removeFirst();
            store(event);
            tell |= !event.blocked;
        }
        return tell && (dequeue & BUSY) == 0 && tell();
    }

    private long segmentBase(int n) {
        return memory.loadLong(table + (long) SEGMENT_ENTRY_BYTES * n) & -64;
    }

    private int segmentTrbs(int n) {
        int trbs = memory.loadInt(table + (long) SEGMENT_ENTRY_BYTES * n + 8) & 0xffff;
        return Math.clamp(trbs, MIN_TRBS, MAX_TRBS);
    }

    private int segments() {
        return Math.min(tableSize, XhciLayout.MAX_SEGMENTS);
    }

    /// Where the next event goes.
    private long place() {
        return segmentBase(segment) + (long) XhciLayout.TRB_BYTES * index;
    }

    /// One place stays free, so that a full ring is not taken for an empty one.
    private boolean room() {
        if (tableSize == 0) {
            // Nobody will read it: events of this interrupter are lost.
            waiting.clear();
            return false;
        }
        segment = segment >= segments() ? 0 : segment;
        boolean last = index + 1 >= segmentTrbs(segment);
        int nextSegment = last ? (segment + 1) % segments() : segment;
        long next = segmentBase(nextSegment) + (last ? 0 : (long) XhciLayout.TRB_BYTES * (index + 1));
        return next != (dequeue & -XhciLayout.TRB_BYTES);
    }

    private void store(Event event) {
        long gpa = place();
        memory.storeLong(gpa, event.parameter);
        memory.storeInt(gpa + 8, event.status);
        VarHandle.releaseFence();
        memory.storeInt(gpa + 12, event.control | (cycle ? XhciLayout.CYCLE : 0));
        index++;
        if (index >= segmentTrbs(segment)) {
            index = 0;
            segment++;
            if (segment >= segments()) {
                segment = 0;
                cycle = !cycle;
            }
        }
    }

    // ---- life ----

    synchronized void reset() {
        management = 0;
        moderation = INITIAL_MODERATION;
        tableSize = 0;
        table = 0;
        dequeue = 0;
        waiting.clear();
        begin();
    }

    synchronized State save() {
        return new State(management, moderation, tableSize, table, dequeue, segment, index, cycle,
                new ArrayList<>(waiting));
    }

    synchronized void load(State state) {
        management = state.management;
        moderation = state.moderation;
        tableSize = state.tableSize;
        table = state.table;
        dequeue = state.dequeue;
        segment = state.segment;
        index = state.index;
        cycle = state.cycle;
        waiting.clear();
        waiting.addAll(state.waiting);
    }
}
