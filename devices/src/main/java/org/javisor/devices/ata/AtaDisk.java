// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.DataPhase;
import org.javisor.devices.block.DataPhase.Direction;
import org.javisor.host.IoVector;
import org.javisor.memory.Chip;

/// A disk with ATA's general feature set, 48-bit addresses, queueing, TRIM and SMART, on a [BlockBackend].
///
/// @ata ACS-3 §7 "Command descriptions"
public final class AtaDisk implements AtaDevice, Chip<AtaDisk.State> {
    /// What serial ATA's controllers show.
    public static final int SIGNATURE = 0x0000_0101;

    private static final int SECTOR = BlockBackend.SECTOR_BYTES;
    private static final int RANGE_BYTES = 8;
    private static final long MOST_LBA28 = 0xfff_ffff;

    /// Settings, the command under way, and what is told of a queued command that failed.
    ///
    /// @param trimming  whether the data wanted are ranges to forget
    /// @param failedTag -1 for none
    public record State(int multiple, boolean writeCache, boolean lookAhead, boolean smart, int transferMode,
                        int heads, int trackSectors, int power, DataPhase.State data, boolean trimming,
                        boolean throughCache, int pioSectors, int failedTag, TaskFile.State failed) {
        public State {
            if (failedTag < -1 || failedTag > 31 || pioSectors < 1 || pioSectors > DiskSettings.MOST_MULTIPLE) {
                throw new IllegalArgumentException("an ATA disk with tag " + failedTag + ", block " + pioSectors);
            }
        }

        private DiskSettings.State settings() {
            return new DiskSettings.State(multiple, writeCache, lookAhead, smart, transferMode, heads, trackSectors,
                    power);
        }
    }

    private final BlockBackend backend;
    private final long sectors;
    private final DiskSettings settings;
    private final DataPhase data = new DataPhase();
    private boolean trimming;
    private boolean throughCache;
    private int pioSectors = 1;
    private int failedTag = -1;
    private TaskFile.State failed = new TaskFile().save();

    public AtaDisk(BlockBackend backend, Identity identity) {
        this.backend = backend;
        sectors = (backend.bytes() + SECTOR - 1) / SECTOR;
        settings = new DiskSettings(identity, sectors);
    }

    @Override
    public int signature() {
        return SIGNATURE;
    }

    @Override
    public void busReset(TaskFile file, boolean hard) {
        abandon();
        failedTag = -1;
        if (hard) {
            settings.revert();
        }
        file.signature(0, AtaLayout.DRDY | AtaLayout.DSC);
    }

    private void abandon() {
        data.none();
        trimming = false;
        throughCache = false;
        pioSectors = 1;
    }

    // ---- commands ----

    @Override
    public Protocol begin(TaskFile file) {
        abandon();
        return switch (file.command) {
            case AtaLayout.READ_SECTORS, AtaLayout.READ_SECTORS_ONCE -> access28(file, Protocol.PIO, Direction.IN);
            case AtaLayout.READ_SECTORS_EXT -> access48(file, Protocol.PIO, Direction.IN);
            case AtaLayout.WRITE_SECTORS, AtaLayout.WRITE_SECTORS_ONCE ->
                    access28(file, Protocol.PIO, Direction.OUT);
            case AtaLayout.WRITE_SECTORS_EXT -> access48(file, Protocol.PIO, Direction.OUT);
            case AtaLayout.READ_MULTIPLE, AtaLayout.READ_MULTIPLE_EXT, AtaLayout.WRITE_MULTIPLE,
                    AtaLayout.WRITE_MULTIPLE_EXT, AtaLayout.WRITE_MULTIPLE_FUA_EXT -> multiple(file);
            case AtaLayout.READ_DMA, AtaLayout.READ_DMA_ONCE -> access28(file, Protocol.DMA, Direction.IN);
            case AtaLayout.READ_DMA_EXT -> access48(file, Protocol.DMA, Direction.IN);
            case AtaLayout.WRITE_DMA, AtaLayout.WRITE_DMA_ONCE -> access28(file, Protocol.DMA, Direction.OUT);
            case AtaLayout.WRITE_DMA_EXT -> access48(file, Protocol.DMA, Direction.OUT);
            case AtaLayout.WRITE_DMA_FUA_EXT -> {
                throughCache = true;
                yield access48(file, Protocol.DMA, Direction.OUT);
            }
            case AtaLayout.READ_FPDMA_QUEUED -> queued(file, Direction.IN);
            case AtaLayout.WRITE_FPDMA_QUEUED -> queued(file, Direction.OUT);
            case AtaLayout.DATA_SET_MANAGEMENT -> dataSetManagement(file);
            default -> withoutSectors(file);
        };
    }

    private Protocol withoutSectors(TaskFile file) {
        return switch (file.command) {
            case AtaLayout.IDENTIFY_DEVICE -> answer(file, settings.identify(), Protocol.PIO);
            case AtaLayout.READ_LOG_EXT -> readLog(file, Protocol.PIO);
            case AtaLayout.READ_LOG_DMA_EXT -> readLog(file, Protocol.DMA);
            case AtaLayout.SMART -> smart(file);
            case AtaLayout.READ_VERIFY_SECTORS, AtaLayout.READ_VERIFY_SECTORS_ONCE ->
                    verified(file, address28(file), file.count8());
            case AtaLayout.READ_VERIFY_SECTORS_EXT -> verified(file, file.lba, TaskFile.sixteen(file.count));
            case AtaLayout.FLUSH_CACHE, AtaLayout.FLUSH_CACHE_EXT -> flush(file);
            case AtaLayout.STANDBY_IMMEDIATE, AtaLayout.STANDBY, AtaLayout.SLEEP -> {
                settings.power = AtaLayout.POWER_STANDBY;
                yield flush(file);
            }
            case AtaLayout.IDLE_IMMEDIATE, AtaLayout.IDLE -> {
                settings.power = AtaLayout.POWER_IDLE;
                yield done(file);
            }
            case AtaLayout.CHECK_POWER_MODE -> {
                file.count = settings.power;
                yield done(file);
            }
            case AtaLayout.SET_FEATURES -> setFeatures(file);
            case AtaLayout.SET_MULTIPLE_MODE -> setMultiple(file, file.count & 0xff);
            case AtaLayout.INITIALIZE_DEVICE_PARAMETERS ->
                    settings.translate((file.device & 0xf) + 1, file.count & 0xff) ? done(file) : abort(file);
            case AtaLayout.READ_NATIVE_MAX_ADDRESS -> {
                long last = Math.min(sectors, MOST_LBA28 + 1) - 1;
                file.lba = last & 0xff_ffff;
                file.device = file.device & 0xf0 | (int) (last >>> 24);
                yield done(file);
            }
            case AtaLayout.READ_NATIVE_MAX_ADDRESS_EXT -> {
                file.lba = sectors - 1;
                yield done(file);
            }
            case AtaLayout.EXECUTE_DEVICE_DIAGNOSTIC -> {
                int device = file.device;
                file.signature(0, AtaLayout.DRDY | AtaLayout.DSC);
                file.device = device & AtaLayout.DEV;
                yield Protocol.DONE;
            }
            default -> (file.command & 0xf0) == AtaLayout.RECALIBRATE || (file.command & 0xf0) == AtaLayout.SEEK
                    ? done(file) : abort(file);
        };
    }

    private Protocol done(TaskFile file) {
        file.succeed();
        return Protocol.DONE;
    }

    private Protocol abort(TaskFile file) {
        return fail(file, AtaLayout.ABRT);
    }

    private Protocol fail(TaskFile file, int why) {
        abandon();
        file.fail(why);
        return Protocol.DONE;
    }

    private Protocol answer(TaskFile file, byte[] page, Protocol protocol) {
        if (page == null) {
            return abort(file);
        }
        data.answer(page, page.length);
        return protocol;
    }

    // ---- sectors ----

    private Protocol access28(TaskFile file, Protocol protocol, Direction way) {
        return access(file, protocol, way, address28(file), file.count8());
    }

    private Protocol access48(TaskFile file, Protocol protocol, Direction way) {
        return access(file, protocol, way, file.lba, TaskFile.sixteen(file.count));
    }

    /// The address in a command of 28 bits: of a sector, or cylinder, head and sector.
    private long address28(TaskFile file) {
        if ((file.device & AtaLayout.LBA) != 0) {
            return file.lba28();
        }
        int sector = file.lbaByte(0);
        int cylinder = (int) (file.lba >>> 8) & 0xffff;
        int head = file.device & 0xf;
        if (sector == 0 || sector > settings.trackSectors || head >= settings.heads) {
            return -1;
        }
        return ((long) cylinder * settings.heads + head) * settings.trackSectors + sector - 1;
    }

    private Protocol access(TaskFile file, Protocol protocol, Direction way, long from, long count) {
        settings.power = AtaLayout.POWER_ACTIVE;
        if (from < 0 || from > sectors || count > sectors - from) {
            return fail(file, AtaLayout.IDNF);
        }
        if (way == Direction.OUT && backend.readOnly()) {
            return abort(file);
        }
        data.medium(way, from * SECTOR, count * SECTOR);
        return protocol;
    }

    private Protocol multiple(TaskFile file) {
        if (settings.multiple == 0) {
            return abort(file);
        }
        pioSectors = settings.multiple;
        boolean in = file.command == AtaLayout.READ_MULTIPLE || file.command == AtaLayout.READ_MULTIPLE_EXT;
        throughCache = file.command == AtaLayout.WRITE_MULTIPLE_FUA_EXT;
        boolean wide = file.command != AtaLayout.READ_MULTIPLE && file.command != AtaLayout.WRITE_MULTIPLE;
        return wide ? access48(file, Protocol.PIO, in ? Direction.IN : Direction.OUT)
                : access28(file, Protocol.PIO, in ? Direction.IN : Direction.OUT);
    }

    /// The count is where others have features; bit 7 of the device register says that a write must reach the medium.
    private Protocol queued(TaskFile file, Direction way) {
        if (!settings.queues()) {
            return abort(file);
        }
        throughCache = way == Direction.OUT && (file.device & 0x80) != 0;
        Protocol protocol = access(file, Protocol.QUEUED, way, file.lba, TaskFile.sixteen(file.features));
        if (protocol == Protocol.DONE) {
            remember(file);
        }
        return protocol;
    }

    private void remember(TaskFile file) {
        failedTag = file.count >>> 3 & 31;
        failed = file.save();
    }

    private Protocol verified(TaskFile file, long from, long count) {
        return from < 0 || from > sectors || count > sectors - from ? fail(file, AtaLayout.IDNF) : done(file);
    }

    private Protocol dataSetManagement(TaskFile file) {
        if ((file.features & 1) == 0 || file.count == 0 || file.count > DiskSettings.DSM_BLOCKS
                || backend.readOnly()) {
            return abort(file);
        }
        data.want(file.count * SECTOR);
        trimming = true;
        return Protocol.DMA;
    }

    /// Forgets the ranges that were sent: 48 bits of address, 16 of length; all must be on the disk.
    private void trim(TaskFile file) throws IOException {
        ByteBuffer ranges = ByteBuffer.wrap(data.buffer()).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < ranges.capacity(); at += RANGE_BYTES) {
            long from = ranges.getLong(at) & 0xffff_ffff_ffffL;
            long count = ranges.getLong(at) >>> 48;
            if (from > sectors || count > sectors - from) {
                fail(file, AtaLayout.IDNF);
                return;
            }
        }
        for (int at = 0; at < ranges.capacity(); at += RANGE_BYTES) {
            long count = ranges.getLong(at) >>> 48;
            if (count != 0) {
                backend.discard((ranges.getLong(at) & 0xffff_ffff_ffffL) * SECTOR, count * SECTOR);
            }
        }
        done(file);
    }

    // ---- settings ----

    private Protocol setMultiple(TaskFile file, int wanted) {
        if (wanted > DiskSettings.MOST_MULTIPLE || Integer.bitCount(wanted) > 1) {
            return abort(file);
        }
        settings.multiple = wanted;
        return done(file);
    }

    private Protocol setFeatures(TaskFile file) {
        switch (file.features & 0xff) {
            case AtaLayout.ENABLE_WRITE_CACHE -> settings.writeCache = true;
            case AtaLayout.DISABLE_WRITE_CACHE -> {
                settings.writeCache = false;
                return flush(file);
            }
            case AtaLayout.ENABLE_LOOK_AHEAD -> settings.lookAhead = true;
            case AtaLayout.DISABLE_LOOK_AHEAD -> settings.lookAhead = false;
            case AtaLayout.KEEP_SETTINGS, AtaLayout.REVERT_SETTINGS -> { }
            case AtaLayout.SET_TRANSFER_MODE -> {
                return settings.setTransferMode(file.count & 0xff) ? done(file) : abort(file);
            }
            default -> {
                return abort(file);
            }
        }
        return done(file);
    }

    private Protocol smart(TaskFile file) {
        int which = file.features & 0xff;
        if ((file.lba >>> 8 & 0xffff) != Smart.KEY || !settings.smart && which != Smart.ENABLE) {
            return abort(file);
        }
        switch (which) {
            case Smart.ENABLE -> settings.smart = true;
            case Smart.DISABLE -> settings.smart = false;
            case Smart.AUTOSAVE, Smart.EXECUTE_OFFLINE, Smart.RETURN_STATUS -> { }
            case Smart.READ_DATA -> {
                return answer(file, Smart.data(), Protocol.PIO);
            }
            case Smart.READ_THRESHOLDS -> {
                return answer(file, Smart.thresholds(), Protocol.PIO);
            }
            case Smart.READ_LOG -> {
                return (file.count & 0xff) == 1 ? answer(file, Smart.log(file.lbaByte(0)), Protocol.PIO) : abort(file);
            }
            default -> {
                return abort(file);
            }
        }
        return done(file);
    }

    private Protocol readLog(TaskFile file, Protocol protocol) {
        boolean firstPage = file.lbaByte(1) == 0 && file.lbaByte(4) == 0 && file.count == 1;
        if (!firstPage) {
            return abort(file);
        }
        if (file.lbaByte(0) == Smart.LOG_NCQ_ERROR) {
            byte[] page = Smart.ncqError(failedTag, failed);
            failedTag = -1;
            return answer(file, page, protocol);
        }
        return answer(file, Smart.generalLog(file.lbaByte(0)), protocol);
    }

    private Protocol flush(TaskFile file) {
        try {
            backend.flush();
            return done(file);
        } catch (IOException _) {
            return abort(file);
        }
    }

    // ---- data ----

    /// A disk takes no packets.
    @Override
    public Protocol packet(TaskFile file, byte[] block) {
        return abort(file);
    }

    @Override
    public DataPhase data() {
        return data;
    }

    @Override
    public int pioBytes() {
        return pioSectors * SECTOR;
    }

    @Override
    public boolean transfer(TaskFile file, long at, IoVector memory) {
        try {
            data.move(backend, at, memory);
            return true;
        } catch (IOException _) {
            mediumError(file);
            return false;
        }
    }

    private void mediumError(TaskFile file) {
        boolean queued = AtaLayout.queued(file.command);
        fail(file, data.direction() == Direction.OUT ? AtaLayout.ABRT : AtaLayout.UNC);
        if (queued) {
            remember(file);
        }
    }

    @Override
    public void end(TaskFile file) {
        try {
            if (trimming) {
                trim(file);
                settle(true);
                return;
            }
            settle(data.direction() == Direction.OUT && data.onMedium());
            done(file);
        } catch (IOException _) {
            mediumError(file);
        } finally {
            abandon();
        }
    }

    /// Without a write cache, and when the command says so, what was written is safe before the command ends.
    private void settle(boolean wrote) throws IOException {
        if (wrote && (throughCache || !settings.writeCache)) {
            backend.flush();
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        abandon();
        settings.revert();
        failedTag = -1;
        failed = new TaskFile().save();
    }

    @Override
    public State save() {
        DiskSettings.State s = settings.save();
        return new State(s.multiple(), s.writeCache(), s.lookAhead(), s.smart(), s.transferMode(), s.heads(),
                s.trackSectors(), s.power(), data.save(), trimming, throughCache, pioSectors, failedTag, failed);
    }

    @Override
    public void check(Record state) {
        if (!(state instanceof State own)) {
            throw new IllegalArgumentException("no state of an ATA disk");
        }
        if (!own.data.within(sectors * SECTOR) || backend.readOnly() && own.data.direction() == Direction.OUT) {
            throw new IllegalArgumentException("a data phase that the disk cannot have");
        }
    }

    @Override
    public void restore(Record state) {
        check(state);
        load((State) state);
    }

    @Override
    public void load(State state) {
        check(state);
        settings.load(state.settings());
        data.load(state.data);
        trimming = state.trimming;
        throughCache = state.throughCache;
        pioSectors = state.pioSectors;
        failedTag = state.failedTag;
        failed = state.failed;
    }
}
