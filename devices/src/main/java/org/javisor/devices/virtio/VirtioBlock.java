// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

import static org.javisor.devices.virtio.BlockLayout.HEADER_BYTES;
import static org.javisor.devices.virtio.BlockLayout.IOERR;
import static org.javisor.devices.virtio.BlockLayout.OK;
import static org.javisor.devices.virtio.BlockLayout.RANGE_BYTES;
import static org.javisor.devices.virtio.BlockLayout.UNSUPP;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.javisor.devices.block.BlockBackend;
import org.javisor.host.IoVector;
import org.javisor.memory.GuestMemory;

/// A virtio disk on a [BlockBackend].
///
/// A request is served on the worker's thread from beginning to end, with the host's page cache to make it
/// short; data moves between the guest's memory and the backend without a stop. Requests of one queue
/// complete in their order.
///
/// @virtio 1.2 §5.2 "Block Device"
public final class VirtioBlock implements VirtioDevice<VirtioBlock.State> {
    public static final int QUEUE_SIZE = 256;

    /// Zeros may have to be written out: a request for them stays short enough for a reset to wait for it.
    private static final int MAX_RANGES = 64, MAX_DISCARD_SECTORS = 1 << 22, MAX_ZERO_SECTORS = 1 << 15;
    private static final int PHYSICAL_BLOCK_BYTES = 4096;

    /// What lasts from request to request.
    ///
    /// @param features  as negotiated
    /// @param writeback whether writes may wait for a flush
    public record State(long features, boolean writeback) { }

    private final GuestMemory memory;
    private final BlockBackend backend;
    private final byte[] id;
    private final int queues;
    private final long sectors;
    private volatile long features;
    private volatile boolean writeback;

    /// @param id     what the guest reads as its serial number, the first 20 bytes of it
    /// @param queues how many request queues, 1 to 64
    public VirtioBlock(GuestMemory memory, BlockBackend backend, String id, int queues) {
        if (queues < 1 || queues > 64) {
            throw new IllegalArgumentException(queues + " queues");
        }
        this.memory = memory;
        this.backend = backend;
        this.id = Arrays.copyOf(id.getBytes(StandardCharsets.US_ASCII), BlockLayout.ID_BYTES);
        this.queues = queues;
        sectors = (backend.bytes() + BlockBackend.SECTOR_BYTES - 1) / BlockBackend.SECTOR_BYTES;
        reset();
    }

    @Override
    public int type() {
        return BlockLayout.TYPE;
    }

    @Override
    public int pciClass() {
        return BlockLayout.PCI_CLASS;
    }

    @Override
    public long features() {
        return BlockLayout.F_SEG_MAX | BlockLayout.F_BLK_SIZE | BlockLayout.F_FLUSH | BlockLayout.F_TOPOLOGY
                | BlockLayout.F_CONFIG_WCE | (queues > 1 ? BlockLayout.F_MQ : 0)
                | (backend.readOnly() ? BlockLayout.F_RO
                        : BlockLayout.F_DISCARD | BlockLayout.F_WRITE_ZEROES);
    }

    @Override
    public int[] queueSizes() {
        int[] sizes = new int[queues];
        Arrays.fill(sizes, QUEUE_SIZE);
        return sizes;
    }

    @Override
    public void connect(Events events) { }

    /// A driver that does not know of flushes gets a disk that needs none.
    @Override
    public void negotiated(long negotiated) {
        features = negotiated;
        writeback = (negotiated & BlockLayout.F_FLUSH) != 0;
    }

    // ---- configuration ----

    @Override
    public int configurationBytes() {
        return BlockLayout.BYTES;
    }

    @Override
    public int readConfiguration(int offset) {
        ByteBuffer fields = ByteBuffer.allocate(BlockLayout.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        fields.putLong(BlockLayout.CAPACITY, sectors);
        fields.putInt(BlockLayout.SEG_MAX, QUEUE_SIZE - 2);
        fields.putInt(BlockLayout.BLK_SIZE, BlockBackend.SECTOR_BYTES);
        fields.put(BlockLayout.PHYSICAL_BLOCK_EXP, (byte) 3);
        fields.putShort(BlockLayout.MIN_IO_SIZE, (short) (PHYSICAL_BLOCK_BYTES / BlockBackend.SECTOR_BYTES));
        fields.put(BlockLayout.WRITEBACK, (byte) (writeback ? 1 : 0));
        fields.putShort(BlockLayout.NUM_QUEUES, (short) queues);
        fields.putInt(BlockLayout.MAX_DISCARD_SECTORS, MAX_DISCARD_SECTORS);
        fields.putInt(BlockLayout.MAX_DISCARD_SEG, MAX_RANGES);
        fields.putInt(BlockLayout.DISCARD_SECTOR_ALIGNMENT, PHYSICAL_BLOCK_BYTES / BlockBackend.SECTOR_BYTES);
        fields.putInt(BlockLayout.MAX_WRITE_ZEROES_SECTORS, MAX_ZERO_SECTORS);
        fields.putInt(BlockLayout.MAX_WRITE_ZEROES_SEG, MAX_RANGES);
        fields.put(BlockLayout.WRITE_ZEROES_MAY_UNMAP, (byte) 1);
        return fields.get(offset) & 0xff;
    }

    @Override
    public void writeConfiguration(int offset, int value) {
        if (offset == BlockLayout.WRITEBACK && (features & BlockLayout.F_CONFIG_WCE) != 0) {
            writeback = value != 0;
        }
    }

    // ---- requests ----

    @Override
    public long serve(int queue, DescriptorChain request) throws QueueViolation {
        GuestBuffers out = request.readable();
        GuestBuffers in = request.writable();
        if (out.bytes() < HEADER_BYTES || in.bytes() < 1) {
            throw new QueueViolation("a disk request without header or status");
        }
        int type = (int) out.load(0, 4);
        long sector = out.load(BlockLayout.HEADER_SECTOR, 8);
        long room = in.bytes() - 1;
        int status;
        long filled = 0;
        try {
            status = switch (type) {
                case BlockLayout.IN -> read(in, sector, room);
                case BlockLayout.OUT -> write(out, sector);
                case BlockLayout.FLUSH -> flush();
                case BlockLayout.GET_ID -> getId(in, room);
                case BlockLayout.DISCARD, BlockLayout.WRITE_ZEROES -> ranges(out, type);
                default -> UNSUPP;
            };
            filled = status != OK ? 0 : type == BlockLayout.IN ? room
                    : type == BlockLayout.GET_ID ? Math.min(room, BlockLayout.ID_BYTES) : 0;
        } catch (IOException _) {
            status = IOERR;
        }
        in.storeByte(room, status);
        return filled == room ? filled + 1 : filled;
    }

    private boolean onDisk(long sector, long count) {
        return sector >= 0 && count >= 0 && sector <= sectors && count <= sectors - sector;
    }

    private int read(GuestBuffers in, long sector, long bytes) throws IOException {
        if (bytes % BlockBackend.SECTOR_BYTES != 0 || !onDisk(sector, bytes / BlockBackend.SECTOR_BYTES)) {
            return IOERR;
        }
        long start = sector * BlockBackend.SECTOR_BYTES;
        try {
            backend.read(start, vector(in, 0, bytes));
        } finally {
            in.forEach(0, bytes, (gpa, length, _) -> memory.written(gpa, length));
        }
        return OK;
    }

    private int write(GuestBuffers out, long sector) throws IOException {
        long bytes = out.bytes() - HEADER_BYTES;
        if (backend.readOnly() || bytes % BlockBackend.SECTOR_BYTES != 0
                || !onDisk(sector, bytes / BlockBackend.SECTOR_BYTES)) {
            return IOERR;
        }
        backend.write(sector * BlockBackend.SECTOR_BYTES, vector(out, HEADER_BYTES, bytes));
        return settle();
    }

    private IoVector vector(GuestBuffers buffers, long from, long bytes) throws IOException {
        IoVector vector = new IoVector();
        buffers.<IOException>forEach(from, bytes, (gpa, length, _) -> vector.add(hva(gpa, length), length));
        return vector;
    }

    private long hva(long gpa, long bytes) throws IOException {
        long hva = memory.hva(gpa, bytes);
        if (hva == 0) {
            throw new IOException("memory was taken away");
        }
        return hva;
    }

    /// Without write-back, what a request has changed is safe before it completes.
    private int settle() throws IOException {
        if (!writeback) {
            backend.flush();
        }
        return OK;
    }

    private int flush() throws IOException {
        backend.flush();
        return OK;
    }

    private int getId(GuestBuffers in, long room) {
        in.store(0, id, 0, (int) Math.min(room, BlockLayout.ID_BYTES));
        return OK;
    }

    private int ranges(GuestBuffers out, int type) throws IOException {
        long bytes = out.bytes() - HEADER_BYTES;
        long feature = type == BlockLayout.DISCARD ? BlockLayout.F_DISCARD : BlockLayout.F_WRITE_ZEROES;
        if ((features & feature) == 0) {
            return UNSUPP;
        }
        if (bytes == 0 || bytes % RANGE_BYTES != 0 || bytes / RANGE_BYTES > MAX_RANGES) {
            return IOERR;
        }
        // All ranges are checked before the first takes effect.
        for (long at = HEADER_BYTES; at < HEADER_BYTES + bytes; at += RANGE_BYTES) {
            int verdict = check(out, at, type);
            if (verdict != OK) {
                return verdict;
            }
        }
        for (long at = HEADER_BYTES; at < HEADER_BYTES + bytes; at += RANGE_BYTES) {
            apply(out.load(at, 8), out.load(at + BlockLayout.RANGE_SECTORS, 4),
                    out.load(at + BlockLayout.RANGE_FLAGS, 4), type);
        }
        return settle();
    }

    private int check(GuestBuffers out, long at, int type) {
        long flags = out.load(at + BlockLayout.RANGE_FLAGS, 4);
        if ((flags & ~BlockLayout.RANGE_UNMAP) != 0 || type == BlockLayout.DISCARD && flags != 0) {
            return UNSUPP;
        }
        long count = out.load(at + BlockLayout.RANGE_SECTORS, 4);
        return count <= limit(type) && onDisk(out.load(at, 8), count) ? OK : IOERR;
    }

    private static int limit(int type) {
        return type == BlockLayout.DISCARD ? MAX_DISCARD_SECTORS : MAX_ZERO_SECTORS;
    }

    /// Checks once more: the guest may have rewritten the range since.
    private void apply(long sector, long count, long flags, int type) throws IOException {
        if (count > limit(type) || !onDisk(sector, count)) {
            throw new IOException("a range beyond the disk");
        }
        long start = sector * BlockBackend.SECTOR_BYTES;
        if (type == BlockLayout.DISCARD) {
            backend.discard(start, count * BlockBackend.SECTOR_BYTES);
        } else {
            boolean mayUnmap = (flags & BlockLayout.RANGE_UNMAP) != 0;
            backend.writeZeroes(start, count * BlockBackend.SECTOR_BYTES, mayUnmap);
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        features = 0;
        writeback = true;
    }

    @Override
    public State save() {
        return new State(features, writeback);
    }

    @Override
    public void load(State state) {
        features = state.features;
        writeback = state.writeback;
    }
}
