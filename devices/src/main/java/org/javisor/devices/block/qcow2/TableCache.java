// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.javisor.devices.block.ImageFile;
import org.javisor.host.IoVector;

/// The tables of an image that were used last, as many as there is room for.
///
/// A table with changes is never forgotten: [#crowded] says when it is time to write them. A table may be used until
/// the next call of [#get] or [#create].
final class TableCache {
    private final ImageFile file;
    private final int tableBytes;
    private final int capacity;
    private final Arena arena = Arena.ofAuto();
    private final Map<Long, Table> tables = new LinkedHashMap<>(16, 0.75f, true);
    private final List<MemorySegment> free = new ArrayList<>();
    private int dirty;

    /// @param capacity how many tables to keep, at least 4
    TableCache(ImageFile file, int tableBytes, int capacity) {
        this.file = file;
        this.tableBytes = tableBytes;
        this.capacity = capacity;
    }

    Table get(long offset) throws IOException {
        Table table = tables.get(offset);
        if (table == null) {
            MemorySegment memory = room();
            try {
                file.read(offset, IoVector.of(memory));
            } catch (IOException e) {
                free.add(memory);
                throw e;
            }
            table = new Table(offset, memory);
            tables.put(offset, table);
        }
        return table;
    }

    /// A new table without entries, which the file does not know of.
    Table create(long offset) {
        forget(offset);
        Table table = new Table(offset, room().fill((byte) 0));
        table.allChanged();
        tables.put(offset, table);
        return table;
    }

    /// Drops a table, with its changes: its place is another's now.
    void forget(long offset) {
        Table old = tables.remove(offset);
        if (old != null) {
            free.add(old.memory());
        }
    }

    private MemorySegment room() {
        if (!free.isEmpty()) {
            return free.removeLast();
        }
        if (tables.size() >= capacity) {
            for (Iterator<Table> eldest = tables.values().iterator(); eldest.hasNext(); ) {
                Table table = eldest.next();
                if (!table.dirty()) {
                    eldest.remove();
                    return table.memory();
                }
            }
        }
        return arena.allocate(tableBytes, 8);
    }

    /// Whether so many tables have changes that these should be written before there are more.
    boolean crowded() {
        return dirtyTables() >= capacity / 2;
    }

    private int dirtyTables() {
        if (dirty < capacity / 2) {
            // Counted anew only as often as it could have become too many.
            dirty++;
            return 0;
        }
        dirty = 0;
        for (Table table : tables.values()) {
            dirty += table.dirty() ? 1 : 0;
        }
        return dirty;
    }

    boolean dirty() {
        for (Table table : tables.values()) {
            if (table.dirty()) {
                return true;
            }
        }
        return false;
    }

    /// Writes all changes, in the order of their places.
    void write() throws IOException {
        List<Table> changed = new ArrayList<>();
        for (Table table : tables.values()) {
            if (table.dirty()) {
                changed.add(table);
            }
        }
        changed.sort((a, b) -> Long.compare(a.offset(), b.offset()));
        for (Table table : changed) {
            table.write(file);
        }
        dirty = 0;
    }
}
