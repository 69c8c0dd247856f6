// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.javisor.memory.Clock;

/// What Get Log Page answers.
///
/// @nvme 1.4 §5.14.1 "Log Specific Information"
final class LogPages {
    private static final int ERRORS = 1, HEALTH = 2, FIRMWARE = 3, EFFECTS = 5;
    private static final int ERROR_BYTES = 64, HEALTH_BYTES = 512, FIRMWARE_BYTES = 512, EFFECTS_BYTES = 4096;

    // Error information.
    private static final int ERROR_COUNT = 0, ERROR_QUEUE = 8, ERROR_COMMAND = 10, ERROR_STATUS = 12,
            ERROR_PLACE = 14, ERROR_BLOCK = 16, ERROR_NAMESPACE = 24, PLACE_UNKNOWN = 0xffff;

    // Health. The counters have 16 bytes each.
    private static final int WARNING = 0, TEMPERATURE = 1, SPARE = 3, SPARE_THRESHOLD = 4, UNITS_READ = 32,
            UNITS_WRITTEN = 48, READS = 64, WRITES = 80, POWER_CYCLES = 112, POWER_ON_HOURS = 128,
            MEDIA_ERRORS = 160, ERROR_ENTRIES = 176;
    private static final int TEMPERATURE_WARNING = 2, PERCENT = 100, SPARE_LIMIT = 10;
    private static final int BLOCKS_PER_UNIT = 1000;
    private static final long NANOS_PER_HOUR = 3_600_000_000_000L;

    // Effects: 256 admin commands, then 256 others.
    private static final int IO_EFFECTS = 4 * 256, SUPPORTED = 1, CHANGES_CONTENTS = 2;
    private static final int[] ADMIN = {NvmeLayout.DELETE_SUBMISSION_QUEUE, NvmeLayout.CREATE_SUBMISSION_QUEUE,
        NvmeLayout.GET_LOG_PAGE, NvmeLayout.DELETE_COMPLETION_QUEUE, NvmeLayout.CREATE_COMPLETION_QUEUE,
        NvmeLayout.IDENTIFY, NvmeLayout.ABORT, NvmeLayout.SET_FEATURES, NvmeLayout.GET_FEATURES,
        NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST, NvmeLayout.DOORBELL_BUFFER_CONFIG};
    private static final int[] READING = {NvmeLayout.FLUSH, NvmeLayout.READ, NvmeLayout.COMPARE};
    private static final int[] WRITING = {NvmeLayout.WRITE, NvmeLayout.WRITE_ZEROES, NvmeLayout.DATASET_MANAGEMENT};

    private final Clock clock;
    private final Health health;
    private final ErrorLog errors;
    private final Features features;

    LogPages(Clock clock, Health health, ErrorLog errors, Features features) {
        this.clock = clock;
        this.health = health;
        this.errors = errors;
        this.features = features;
    }

    /// The page of that number, or null.
    byte[] page(int id) {
        return switch (id) {
            case ERRORS -> errors();
            case HEALTH -> health();
            case FIRMWARE -> firmware();
            case EFFECTS -> effects();
            default -> null;
        };
    }

    private byte[] errors() {
        ByteBuffer page = buffer(ErrorLog.ENTRIES * ERROR_BYTES);
        int at = 0;
        for (ErrorLog.Entry entry : errors.save().entries()) {
            page.putLong(at + ERROR_COUNT, entry.count()).putShort(at + ERROR_QUEUE, (short) entry.queue());
            page.putShort(at + ERROR_COMMAND, (short) entry.command());
            page.putShort(at + ERROR_STATUS, (short) (entry.status() << 1));
            page.putShort(at + ERROR_PLACE, (short) PLACE_UNKNOWN);
            page.putLong(at + ERROR_BLOCK, entry.block()).putInt(at + ERROR_NAMESPACE, entry.namespace());
            at += ERROR_BYTES;
        }
        return page.array();
    }

    private byte[] health() {
        ByteBuffer page = buffer(HEALTH_BYTES);
        page.put(WARNING, (byte) (features.temperatureOutOfRange() ? TEMPERATURE_WARNING : 0));
        page.putShort(TEMPERATURE, (short) Health.KELVIN);
        page.put(SPARE, (byte) PERCENT).put(SPARE_THRESHOLD, (byte) SPARE_LIMIT);
        page.putLong(UNITS_READ, units(health.get(Health.BLOCKS_READ)));
        page.putLong(UNITS_WRITTEN, units(health.get(Health.BLOCKS_WRITTEN)));
        page.putLong(READS, health.get(Health.READS)).putLong(WRITES, health.get(Health.WRITES));
        page.putLong(POWER_CYCLES, 1).putLong(POWER_ON_HOURS, clock.nanos() / NANOS_PER_HOUR);
        page.putLong(MEDIA_ERRORS, health.get(Health.MEDIA_ERRORS));
        page.putLong(ERROR_ENTRIES, health.get(Health.ERRORS));
        return page.array();
    }

    private static long units(long blocks) {
        return (blocks + BLOCKS_PER_UNIT - 1) / BLOCKS_PER_UNIT;
    }

    private static byte[] firmware() {
        ByteBuffer page = buffer(FIRMWARE_BYTES);
        page.put(0, (byte) 1);
        page.put(8, String.format("%-8s", IdentifyPages.FIRMWARE).getBytes(StandardCharsets.US_ASCII));
        return page.array();
    }

    private static byte[] effects() {
        ByteBuffer page = buffer(EFFECTS_BYTES);
        for (int opcode : ADMIN) {
            page.putInt(4 * opcode, SUPPORTED);
        }
        for (int opcode : READING) {
            page.putInt(IO_EFFECTS + 4 * opcode, SUPPORTED);
        }
        for (int opcode : WRITING) {
            page.putInt(IO_EFFECTS + 4 * opcode, SUPPORTED | CHANGES_CONTENTS);
        }
        return page.array();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
