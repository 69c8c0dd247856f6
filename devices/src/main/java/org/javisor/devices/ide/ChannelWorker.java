// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.ata.TaskFile;
import org.javisor.devices.block.DataPhase.Direction;
import org.javisor.devices.block.ScatterList;
import org.javisor.host.IoVector;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Does what the drives of one channel are to do next, off the processors' threads. While it works the drive shows that
/// it is busy; the registers are changed when the outcome is known.
final class ChannelWorker implements Runnable {
    /// The next step of a command.
    enum Job {
        NONE,
        /// Begin it.
        COMMAND,
        /// Take the command block that has come through the data register.
        PACKET,
        /// Hand over the next block of data.
        FILL,
        /// Take the block of data that has come.
        TAKE,
        /// Move everything by DMA.
        DMA
    }

    private static final int MOST_BYTES = 0xfffe;

    private final IdeChannel channel;
    private final Executor executor;
    private final TaskFile file = new TaskFile();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    /// Held while a drive works; taken before the channel's lock.
    private final Object serving = new Object();

    ChannelWorker(IdeChannel channel, Executor executor) {
        this.channel = channel;
        this.executor = executor;
    }

    /// Cheap, and safe from any thread that holds no lock.
    void wake() {
        if (scheduled.compareAndSet(false, true)) {
            try {
                executor.execute(this);
            } catch (RejectedExecutionException _) {
                // The machine is being taken down; nobody waits for an answer any more.
                scheduled.set(false);
            }
        }
    }

    /// Does something while no drive works: after the step that is being done.
    void whileIdle(Runnable action) {
        synchronized (serving) {
            action.run();
        }
    }

    @Override
    public void run() {
        scheduled.set(false);
        synchronized (serving) {
            Job job = channel.takeJob(file);
            if (job != Job.NONE) {
                work(job, channel.activeDrive());
            }
        }
        channel.driveInterrupt();
    }

    private void work(Job job, AtaDevice drive) {
        switch (job) {
            case COMMAND -> begin(drive);
            case PACKET -> proceed(drive, drive.packet(file, channel.takeBlock()));
            case FILL -> fill(drive);
            case TAKE -> take(drive);
            case DMA -> transfer(drive);
            case NONE -> { }
        }
    }

    private void begin(AtaDevice drive) {
        if (file.command == AtaLayout.EXECUTE_DEVICE_DIAGNOSTIC) {
            channel.diagnosed();
            return;
        }
        channel.limitBlocks((int) (file.lba >>> 8) & 0xffff);
        proceed(drive, drive.begin(file));
    }

    private void proceed(AtaDevice drive, AtaDevice.Protocol protocol) {
        switch (protocol) {
            case DONE -> channel.ended(file);
            case PACKET -> channel.wantBlock(file);
            case DMA, QUEUED -> {
                if (channel.awaitDma()) {
                    transfer(drive);
                }
            }
            case PIO -> {
                if (drive.data().direction() == Direction.IN) {
                    fill(drive);
                } else {
                    want(drive, isPacket());
                }
            }
        }
    }

    private boolean isPacket() {
        return file.command == AtaLayout.PACKET;
    }

    // ---- through the data register ----

    /// How much of what is left goes in one block; for a packet, as much as the host has said it takes.
    private int blockBytes(AtaDevice drive) {
        long left = drive.data().bytes() - channel.moved();
        if (!isPacket()) {
            return (int) Math.min(left, drive.pioBytes());
        }
        int limit = channel.blockLimit();
        int most = limit == 0 ? MOST_BYTES : limit == 1 ? 2 : limit & ~1;
        return (int) Math.min(left, most);
    }

    private IoVector window(int bytes) {
        MemorySegment buffer = channel.buffer();
        return IoVector.of(buffer.asSlice(0, bytes));
    }

    /// @param bytes less than one only in a state that was made up
    private boolean moved(AtaDevice drive, int bytes) {
        if (bytes < 1) {
            file.fail(AtaLayout.ABRT);
            return false;
        }
        return drive.transfer(file, channel.moved(), window(bytes));
    }

    private void fill(AtaDevice drive) {
        int bytes = blockBytes(drive);
        if (!moved(drive, bytes)) {
            channel.ended(file);
            return;
        }
        announce(bytes, AtaLayout.TO_HOST);
        TaskFile afterwards = null;
        if (channel.moved() + bytes == drive.data().bytes()) {
            afterwards = new TaskFile();
            afterwards.copyFrom(file);
            drive.end(afterwards);
        }
        channel.offer(file, bytes, afterwards, isPacket());
    }

    private void want(AtaDevice drive, boolean interrupt) {
        int bytes = blockBytes(drive);
        announce(bytes, 0);
        channel.want(file, bytes, interrupt);
    }

    private void announce(int bytes, int reason) {
        file.error = 0;
        file.status = AtaLayout.DRDY | AtaLayout.DRQ;
        if (isPacket()) {
            file.count = file.count & ~7 | reason;
            file.setLbaByte(1, bytes & 0xff);
            file.setLbaByte(2, bytes >>> 8);
        } else {
            file.status |= AtaLayout.DSC;
        }
    }

    private void take(AtaDevice drive) {
        int bytes = blockBytes(drive);
        if (!moved(drive, bytes)) {
            channel.ended(file);
            return;
        }
        channel.count(bytes);
        if (channel.moved() < drive.data().bytes()) {
            want(drive, true);
        } else {
            drive.end(file);
            channel.ended(file);
        }
    }

    // ---- by DMA ----

    private void transfer(AtaDevice drive) {
        BusMaster master = channel.master();
        int translations = master.memory().begin();
        try {
            transfer(drive, master);
        } finally {
            master.memory().end(translations);
        }
    }

    private void transfer(AtaDevice drive, BusMaster master) {
        long bytes = drive.data().bytes();
        boolean in = drive.data().direction() == Direction.IN;
        boolean memory;
        try {
            memory = master.describe(channel.regions(), bytes, in);
        } catch (OutOfRangeException _) {
            memory = false;
        }
        if (!memory) {
            file.fail(AtaLayout.ABRT);
            channel.dmaFailed(file);
        } else if (master.data().bytes() < bytes) {
            channel.dmaStarved();
        } else {
            if (move(drive, master.data(), bytes, in)) {
                drive.end(file);
            }
            channel.dmaEnded(file);
        }
    }

    private boolean move(AtaDevice drive, ScatterList regions, long bytes, boolean in) {
        try {
            return drive.transfer(file, 0, regions.vector(bytes));
        } finally {
            if (in) {
                regions.written(bytes);
            }
        }
    }
}
