// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.ScatterList;
import org.javisor.host.HostMemory;
import org.javisor.host.IoVector;
import org.javisor.memory.DmaSpace;

/// The NVM commands of one queue, on a [BlockBackend]: data moves between guest memory and the backend without a stop.
///
/// @nvme 1.4 §6 "NVM Command Set"
final class IoCommands implements CommandSet {
    private static final int RANGE_BYTES = 16, MAX_RANGES = 256, DEALLOCATE_RANGES = 4;
    private static final int COMPARED_AT_ONCE = 64 << 10;
    private static final int BLOCK_BYTES = 1 << NvmeLayout.BLOCK_SHIFT;

    private final PrpReader prps;
    private final BlockBackend backend;
    private final Features features;
    private final Health health;
    private final long blocks;
    /// For what is on the disk, while it is compared; made when it is needed.
    private MemorySegment contents;

    IoCommands(DmaSpace memory, int pageShift, BlockBackend backend, Features features, Health health) {
        prps = new PrpReader(memory, pageShift);
        this.backend = backend;
        this.features = features;
        this.health = health;
        blocks = blocks(backend);
    }

    /// How many blocks a disk has; what its last one lacks reads as zeros.
    static long blocks(BlockBackend backend) {
        return (backend.bytes() + BLOCK_BYTES - 1) >>> NvmeLayout.BLOCK_SHIFT;
    }

    @Override
    public int execute(Command command) {
        int opcode = command.opcode();
        if (command.namespace() != NvmeLayout.NAMESPACE
                && !(opcode == NvmeLayout.FLUSH && command.namespace() == NvmeLayout.ALL_NAMESPACES)) {
            return Status.INVALID_NAMESPACE;
        }
        try {
            return switch (opcode) {
                case NvmeLayout.READ -> read(command);
                case NvmeLayout.WRITE -> write(command);
                case NvmeLayout.FLUSH -> flush();
                case NvmeLayout.COMPARE -> compare(command);
                case NvmeLayout.WRITE_ZEROES -> writeZeroes(command);
                case NvmeLayout.DATASET_MANAGEMENT -> manage(command);
                default -> Status.INVALID_OPCODE;
            };
        } catch (IOException _) {
            return opcode == NvmeLayout.READ || opcode == NvmeLayout.COMPARE ? Status.UNRECOVERED_READ_ERROR
                    : Status.WRITE_FAULT;
        }
    }

    private static int count(Command command) {
        return (command.dword(12) & 0xffff) + 1;
    }

    private boolean onDisk(long block, long count) {
        return block >= 0 && block <= blocks && count <= blocks - block;
    }

    /// Checks a command's place on the disk.
    private int locate(Command command) {
        if ((command.dword(12) & NvmeLayout.PROTECTION_INFORMATION) != 0) {
            return Status.INVALID_FIELD;
        }
        return onDisk(command.quad(10), count(command)) ? Status.SUCCESS : Status.LBA_OUT_OF_RANGE;
    }

    /// Checks a command's place on the disk, and finds its data.
    private int find(Command command, boolean written) {
        long bytes = (long) count(command) << NvmeLayout.BLOCK_SHIFT;
        if (bytes > NvmeLayout.MAX_TRANSFER) {
            return Status.INVALID_FIELD;
        }
        int status = locate(command);
        return status == Status.SUCCESS ? prps.find(command, bytes, written) : status;
    }

    private int read(Command command) throws IOException {
        int status = find(command, true);
        if (status != Status.SUCCESS) {
            return status;
        }
        ScatterList data = prps.data();
        try {
            backend.read(command.quad(10) << NvmeLayout.BLOCK_SHIFT, data.vector(data.bytes()));
        } finally {
            data.written(data.bytes());
        }
        health.add(Health.READS, 1);
        health.add(Health.BLOCKS_READ, count(command));
        return Status.SUCCESS;
    }

    private int write(Command command) throws IOException {
        if (backend.readOnly()) {
            return Status.WRITE_PROTECTED;
        }
        int status = find(command, false);
        if (status != Status.SUCCESS) {
            return status;
        }
        ScatterList data = prps.data();
        backend.write(command.quad(10) << NvmeLayout.BLOCK_SHIFT, data.vector(data.bytes()));
        health.add(Health.WRITES, 1);
        health.add(Health.BLOCKS_WRITTEN, count(command));
        return settle(command);
    }

    /// Without a write cache, and where the driver says so, what a command has changed is safe before it completes.
    private int settle(Command command) throws IOException {
        if (!features.writeCache() || (command.dword(12) & NvmeLayout.FORCE_UNIT_ACCESS) != 0) {
            backend.flush();
        }
        return Status.SUCCESS;
    }

    private int flush() throws IOException {
        if (!backend.readOnly()) {
            backend.flush();
        }
        return Status.SUCCESS;
    }

    private int compare(Command command) throws IOException {
        int status = find(command, false);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (contents == null) {
            contents = Arena.ofAuto().allocate(COMPARED_AT_ONCE);
        }
        ScatterList data = prps.data();
        for (long done = 0; done < data.bytes(); done += COMPARED_AT_ONCE) {
            MemorySegment piece = contents.asSlice(0, Math.min(COMPARED_AT_ONCE, data.bytes() - done));
            backend.read((command.quad(10) << NvmeLayout.BLOCK_SHIFT) + done, piece);
            if (!equal(data.vector(data.bytes()).window(done, piece.byteSize()), piece)) {
                return Status.COMPARE_FAILURE;
            }
        }
        health.add(Health.READS, 1);
        return Status.SUCCESS;
    }

    private static boolean equal(IoVector data, MemorySegment other) {
        boolean[] equal = {true};
        data.forEach((hva, length, at) -> equal[0] &= MemorySegment.mismatch(HostMemory.segment(hva, length), 0, length,
                other, at, at + length) < 0);
        return equal[0];
    }

    private int writeZeroes(Command command) throws IOException {
        if (backend.readOnly()) {
            return Status.WRITE_PROTECTED;
        }
        int status = locate(command);
        if (status == Status.SUCCESS) {
            backend.writeZeroes(command.quad(10) << NvmeLayout.BLOCK_SHIFT,
                    (long) count(command) << NvmeLayout.BLOCK_SHIFT,
                    (command.dword(12) & NvmeLayout.DEALLOCATE) != 0);
            return settle(command);
        }
        return status;
    }

    /// Of what a driver may say about ranges, that they are of no more use is the only thing to act on.
    private int manage(Command command) throws IOException {
        if (backend.readOnly()) {
            return Status.WRITE_PROTECTED;
        }
        int ranges = (command.dword(10) & MAX_RANGES - 1) + 1;
        int status = prps.find(command, (long) ranges * RANGE_BYTES, false);
        if (status != Status.SUCCESS || (command.dword(11) & DEALLOCATE_RANGES) == 0) {
            return status;
        }
        byte[] list = new byte[ranges * RANGE_BYTES];
        prps.data().vector(list.length).copyTo(MemorySegment.ofArray(list));
        // All ranges are checked before the first takes effect.
        for (int i = 0; i < ranges; i++) {
            if (!onDisk(Range.block(list, i), Range.count(list, i))) {
                return Status.LBA_OUT_OF_RANGE;
            }
        }
        for (int i = 0; i < ranges; i++) {
            if (Range.count(list, i) > 0) {
                backend.discard(Range.block(list, i) << NvmeLayout.BLOCK_SHIFT,
                        Range.count(list, i) << NvmeLayout.BLOCK_SHIFT);
            }
        }
        return features.writeCache() ? Status.SUCCESS : flush();
    }

    /// The parts of a range's definition.
    ///
    /// @nvme 1.4 §6.7 "Dataset Management command"
    private static final class Range {
        private static final int COUNT = 4, BLOCK = 8;

        static long count(byte[] list, int index) {
            return load(list, index * RANGE_BYTES + COUNT, 4);
        }

        static long block(byte[] list, int index) {
            return load(list, index * RANGE_BYTES + BLOCK, 8);
        }

        private static long load(byte[] bytes, int at, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (bytes[at + i] & 0xffL) << 8 * i;
            }
            return value;
        }
    }
}
