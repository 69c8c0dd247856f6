// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.javisor.memory.DmaTranslation;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;
import org.javisor.memory.Ram;
import org.javisor.testkit.ManualClock;
import org.javisor.vmm.irq.ForeignApics;
import org.javisor.vmm.irq.GsiRoute;
import org.javisor.vmm.irq.InterruptChips;

/// A unit with memory, chips whose messages are gathered, and the part of its driver that makes tables.
final class VtdRig implements AutoCloseable {
    static final long RAM_BYTES = 4L << 20;
    static final VtdConfig CONFIG = new VtdConfig(true, true, false, 48, 40);
    static final int ROOT = 0x1_0000, CONTEXTS = 0x2_0000, INTERRUPTS = 0x3_0000, QUEUE = 0x4_0000, TABLES = 0x5_0000;
    static final int READ = 1, WRITE = 2, LARGE = 0x80;
    static final int DEVICE = 0x0018, DOMAIN = 7;

    final GuestMemory memory = new GuestMemory();
    final IoBus mmio = new IoBus("MMIO address", (1L << 46) - 1);
    /// What local APICs got: destination, command and one.
    final List<String> delivered = new ArrayList<>();
    final InterruptChips chips = new InterruptChips(new ManualClock(), new IoBus("port", 0xffff), mmio, false);
    final VtdUnit unit;
    private final Ram ram = Ram.allocate(RAM_BYTES);
    private int nextTable = TABLES;
    private int tail;

    VtdRig() {
        this(CONFIG);
    }

    VtdRig(VtdConfig config) {
        memory.addSlot(0, 0, ram);
        chips.lead(new ForeignApics() {
            @Override
            public boolean deliver(int destination, int command, boolean one) {
                delivered.add(String.format("%x %04x%s", destination, command, one ? " one" : ""));
                return true;
            }

            @Override
            public void lint0(boolean level) { }

            @Override
            public void lint1(boolean level) { }

            @Override
            public void redirected(Map<Integer, GsiRoute.Msi> messages) { }
        });
        unit = new VtdUnit(memory, chips, config);
        chips.remapBy(unit.remapping(VtdUnit.IO_APIC_SOURCE), unit.remapping(VtdUnit.HPET_SOURCE));
    }

    // ---- registers ----

    int read(int offset) {
        return (int) unit.read(offset, 4);
    }

    long readLong(int offset) {
        return unit.read(offset, 8);
    }

    void write(int offset, int value) {
        unit.write(offset, 4, value & 0xffff_ffffL);
    }

    void writeLong(int offset, long value) {
        unit.write(offset, 8, value);
    }

    /// Gives a command as a driver does: with what is on already.
    void command(int bit) {
        write(VtdLayout.GLOBAL_COMMAND, read(VtdLayout.GLOBAL_STATUS) & VtdLayout.SWITCHES | bit);
    }

    // ---- tables ----

    void translate() {
        writeLong(VtdLayout.ROOT_TABLE, ROOT);
        command(VtdLayout.SET_ROOT_TABLE);
        command(VtdLayout.TRANSLATION);
    }

    /// Enters a device of bus 0.
    void context(int requester, int type, long table, int levels, int domain) {
        memory.storeLong(ROOT, CONTEXTS | 1);
        memory.storeLong(CONTEXTS + 16L * requester + 8, levels - 2 | (long) domain << 8);
        memory.storeLong(CONTEXTS + 16L * requester, table | (long) type << 2 | 1);
    }

    /// An empty table.
    long table() {
        nextTable += 0x1000;
        return nextTable;
    }

    /// Enters a page at `level` and makes the tables above it as they are needed.
    void map(long root, int levels, long iova, int level, long entry) {
        long table = root;
        for (int at = levels; at > level; at--) {
            long place = place(table, iova, at);
            if (memory.loadLong(place) == 0) {
                memory.storeLong(place, table() | READ | WRITE);
            }
            table = memory.loadLong(place) & -0x1000L;
        }
        memory.storeLong(place(table, iova, level), entry);
    }

    static long place(long table, long iova, int level) {
        return table + 8 * (iova >>> 12 + 9 * (level - 1) & 0x1ff);
    }

    /// A device with a table of four levels.
    long device() {
        long table = table();
        context(DEVICE, 0, table, 4, DOMAIN);
        return table;
    }

    // ---- queue ----

    void queue() {
        writeLong(VtdLayout.QUEUE_ADDRESS, QUEUE);
        command(VtdLayout.QUEUED_INVALIDATION);
    }

    void submit(long low, long high) {
        memory.storeLong(QUEUE + tail, low);
        memory.storeLong(QUEUE + tail + 8, high);
        tail = (tail + 16) % 0x1000;
        writeLong(VtdLayout.QUEUE_TAIL, tail);
    }

    // ---- what devices do ----

    DmaTranslation of(int requester) {
        return unit.translation(() -> requester);
    }

    long translated(long iova, boolean write) {
        return of(DEVICE).translate(iova, write);
    }

    MsiSink messages() {
        return unit.messages(() -> DEVICE);
    }

    /// Reason, source and whether it was a read, of fault record `n`; empty if there is none.
    String fault(int n) {
        long high = readLong(VtdLayout.FAULT_RECORDS + 16 * n + 8);
        return high >= 0 ? "" : String.format("%x from %04x at %x%s", high >>> 32 & 0xff, high & 0xffff,
                readLong(VtdLayout.FAULT_RECORDS + 16 * n), (high >>> 62 & 1) != 0 ? " read" : "");
    }

    @Override
    public void close() {
        ram.close();
    }
}
