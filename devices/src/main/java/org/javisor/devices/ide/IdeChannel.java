// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import static org.javisor.devices.ide.CommandBlock.DATA;
import static org.javisor.devices.ide.CommandBlock.STATUS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.Executor;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.ata.TaskFile;
import org.javisor.devices.ide.ChannelWorker.Job;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.InterruptLine;

/// One channel: the registers that two drives share. As a [BusDevice] it is the command block of eight ports.
///
/// Each drive has a task file of its own, and both take what is written. A lock guards everything here; the drives
/// belong to whoever holds [ChannelWorker#whileIdle]'s, which is taken first.
///
/// @ata ATA8-APT "I/O registers", "Command protocols"
final class IdeChannel implements BusDevice, Chip<IdeChannel.State> {
    static final int PORTS = 8;

    /// Line 7 is pulled down, so that a drive that is not there does not seem to be busy.
    private static final int NOBODY = 0x7f;

    /// @param active     which drive the command under way is for
    /// @param job        what a drive is about to do; for [Job] by its number
    /// @param buffer     what passes through the data register, up to `end`, and how far that has come
    /// @param moved      bytes of the command's data in earlier blocks
    /// @param limit      the most bytes that the host takes of a packet's data in one block
    /// @param afterwards the registers after the last block; null before it
    /// @param drives     null where there is none
    record State(List<TaskFile.State> files, int selected, int control, boolean interrupting, int active, int job,
                 boolean awaitsDma, byte[] buffer, int position, boolean in, long moved, int limit,
                 TaskFile.State afterwards, boolean endInterrupts, BusMaster.State master, Record first,
                 Record second) {
        State {
            if (files.size() != DrivePair.DRIVES || (selected | active) >>> 1 != 0 || (control & ~0xff) != 0 || job < 0
                    || job >= Job.values().length || buffer.length > DataRegister.BUFFER_BYTES || position < 0
                    || position > buffer.length || moved < 0 || (limit & ~0xffff) != 0) {
                throw new IllegalArgumentException("an IDE channel that cannot be");
            }
            files = List.copyOf(files);
            buffer = buffer.clone();
        }
    }

    private final DrivePair drives;
    private final DataRegister data = new DataRegister();
    private final BusMaster master;
    private final ChannelWorker worker;
    private final ChannelInterrupt interrupt;
    private int control;
    private Job job = Job.NONE;
    private boolean awaitsDma;
    private long moved;
    private int limit;
    private TaskFile afterwards;
    private boolean endInterrupts;

    /// @param drives two, null where there is none
    IdeChannel(AtaDevice[] drives, DmaSpace memory, InterruptLine line, Executor executor) {
        this.drives = new DrivePair(drives);
        this.master = new BusMaster(memory);
        this.interrupt = new ChannelInterrupt(line, master);
        this.worker = new ChannelWorker(this, executor);
        powerOn();
    }

    // ---- the command block ----

    @Override
    public long read(long offset, int size) {
        if (offset == DATA && size > 1) {
            return readData(size);
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) readRegister((int) offset + i) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == DATA && size > 1) {
            writeData(size, value);
            return;
        }
        for (int i = 0; i < size; i++) {
            writeRegister((int) offset + i, (int) (value >>> 8 * i) & 0xff);
        }
    }

    private int readRegister(int register) {
        if (register == DATA) {
            return (int) readData(1);
        }
        int value;
        synchronized (this) {
            if (drives.nobody()) {
                return NOBODY;
            }
            if (register == STATUS) {
                interrupt.clear();
            }
            value = drives.present() ? CommandBlock.show(drives.file(), register, (control & AtaLayout.HOB) != 0) : 0;
        }
        interrupt.drive();
        return value;
    }

    private void writeRegister(int register, int value) {
        if (register == DATA) {
            writeData(1, value);
            return;
        }
        boolean work;
        synchronized (this) {
            control &= ~AtaLayout.HOB;
            work = register == STATUS ? command(value) : set(register, value);
        }
        if (work) {
            worker.wake();
        } else if (register == STATUS && value == AtaLayout.DEVICE_RESET) {
            resetDevice();
        }
        interrupt.drive();
    }

    /// @return false: there is nothing to do for a drive
    private boolean set(int register, int value) {
        if (!drives.busy()) {
            drives.set(register, value);
        }
        return false;
    }

    /// @return whether a drive has something to do
    private boolean command(int code) {
        if (drives.busy() || !drives.present() || code == AtaLayout.DEVICE_RESET || (control & AtaLayout.SRST) != 0) {
            return false;
        }
        interrupt.clear();
        drives.begin(code);
        return begin(Job.COMMAND);
    }

    private boolean begin(Job next) {
        job = next;
        drives.activeFile().status = AtaLayout.BSY;
        if (next == Job.COMMAND) {
            moved = 0;
            afterwards = null;
        }
        return true;
    }

    /// Resets a packet device, whatever it is doing. Other drives do not know the command.
    private void resetDevice() {
        worker.whileIdle(() -> {
            synchronized (this) {
                if ((control & AtaLayout.SRST) == 0 && drives.resetPacketDevice()) {
                    stop();
                }
            }
        });
    }

    private void stop() {
        job = Job.NONE;
        awaitsDma = false;
        data.clear();
        afterwards = null;
    }

    // ---- data ----

    private long readData(int size) {
        long value;
        boolean work = false;
        synchronized (this) {
            if (!data.readable()) {
                return 0;
            }
            value = data.read(size);
            if (data.complete()) {
                work = handedOver();
            }
        }
        if (work) {
            worker.wake();
        }
        interrupt.drive();
        return value;
    }

    /// The host has read a block.
    private boolean handedOver() {
        moved += data.bytes();
        data.clear();
        if (afterwards == null) {
            return begin(Job.FILL);
        }
        drives.activeFile().copyFrom(afterwards);
        afterwards = null;
        if (endInterrupts) {
            interrupt.raise();
        }
        return false;
    }

    private void writeData(int size, long value) {
        boolean work = false;
        synchronized (this) {
            if (!data.writable()) {
                return;
            }
            data.write(size, value);
            if (data.complete()) {
                data.clear();
                work = begin(job == Job.PACKET ? Job.PACKET : Job.TAKE);
            }
        }
        if (work) {
            worker.wake();
        }
    }

    // ---- the control block ----

    /// The alternate status and device control register.
    BusDevice controlBlock() {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                synchronized (IdeChannel.this) {
                    return drives.nobody() ? NOBODY : drives.present() ? drives.file().status : 0;
                }
            }

            @Override
            public void write(long offset, int size, long value) {
                writeControl((int) value & 0xff);
            }
        };
    }

    private void writeControl(int value) {
        boolean reset;
        synchronized (this) {
            reset = ((control ^ value) & AtaLayout.SRST) != 0;
            control = value;
            interrupt.disable((value & AtaLayout.NIEN) != 0);
        }
        if (reset) {
            worker.whileIdle(() -> resetBus((value & AtaLayout.SRST) != 0));
        }
        interrupt.drive();
    }

    /// A reset by software, while its bit is set and when it is cleared.
    private synchronized void resetBus(boolean begins) {
        stop();
        drives.busReset(begins);
        interrupt.clear();
    }

    // ---- bus mastering ----

    synchronized int readMaster(int offset) {
        return master.read(offset);
    }

    void writeMaster(int offset, int value) {
        boolean stopped;
        boolean work;
        synchronized (this) {
            boolean changed = master.write(offset, value);
            stopped = changed && !master.started();
            work = changed && master.started() && awaitsDma;
            if (work) {
                awaitsDma = false;
                job = Job.DMA;
            }
        }
        if (stopped) {
            // Who has stopped it may use the memory for something else.
            worker.whileIdle(() -> { });
        } else if (work) {
            worker.wake();
        }
    }

    BusMaster master() {
        return master;
    }

    synchronized int regions() {
        return master.table();
    }

    // ---- for the worker ----

    AtaDevice activeDrive() {
        return drives.activeDrive();
    }

    synchronized Job takeJob(TaskFile into) {
        // A packet's block may still be on its way.
        boolean due = (drives.activeFile().status & AtaLayout.BSY) != 0;
        Job taken = due ? job : Job.NONE;
        job = due ? Job.NONE : job;
        into.copyFrom(drives.activeFile());
        return taken;
    }

    MemorySegment buffer() {
        return data.buffer();
    }

    byte[] takeBlock() {
        return data.buffer().asSlice(0, PacketDevice.BLOCK_BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    synchronized void limitBlocks(int bytes) {
        limit = bytes;
    }

    synchronized int blockLimit() {
        return limit;
    }

    synchronized long moved() {
        return moved;
    }

    synchronized void count(int bytes) {
        moved += bytes;
    }

    /// Once a step has been done and the drives are idle: who is interrupted finds them so.
    void driveInterrupt() {
        interrupt.drive();
    }

    /// The command has ended.
    void ended(TaskFile file) {
        synchronized (this) {
            drives.activeFile().copyFrom(file);
            interrupt.raise();
        }
    }

    /// Both drives have tested themselves.
    void diagnosed() {
        synchronized (this) {
            drives.diagnosed();
            interrupt.raise();
        }
    }

    /// There are `bytes` bytes to be read through the data register.
    ///
    /// @param last       what the registers show when they have been; null if more follow
    /// @param interrupts whether there is an interrupt then
    void offer(TaskFile file, int bytes, TaskFile last, boolean interrupts) {
        synchronized (this) {
            drives.activeFile().copyFrom(file);
            data.offer(bytes);
            afterwards = last;
            endInterrupts = interrupts;
            interrupt.raise();
        }
    }

    /// The drive waits for `bytes` bytes through the data register.
    void want(TaskFile file, int bytes, boolean interrupts) {
        synchronized (this) {
            drives.activeFile().copyFrom(file);
            data.expect(bytes);
            if (interrupts) {
                interrupt.raise();
            }
        }
    }

    /// The drive waits for a packet's command block.
    synchronized void wantBlock(TaskFile file) {
        drives.activeFile().copyFrom(file);
        drives.activeFile().status = AtaLayout.DRDY | AtaLayout.DRQ;
        drives.activeFile().count = file.count & ~7 | AtaLayout.COMMAND_DATA;
        data.expect(PacketDevice.BLOCK_BYTES);
        job = Job.PACKET;
    }

    /// @return whether the transfer has been started; otherwise it begins when it is
    synchronized boolean awaitDma() {
        awaitsDma = !master.started();
        return !awaitsDma;
    }

    void dmaEnded(TaskFile file) {
        synchronized (this) {
            master.done();
        }
        ended(file);
    }

    void dmaFailed(TaskFile file) {
        synchronized (this) {
            master.fail();
        }
        ended(file);
    }

    /// The regions are too small: the drive waits for more until it is reset.
    synchronized void dmaStarved() {
        master.done();
        awaitsDma = true;
    }

    // ---- life ----

    @Override
    public void reset() {
        worker.whileIdle(this::powerOn);
        interrupt.drive();
    }

    private synchronized void powerOn() {
        stop();
        control = 0;
        data.load(new byte[0], 0, false);
        moved = 0;
        limit = 0;
        endInterrupts = false;
        master.reset();
        drives.powerOn();
        interrupt.load(false, false);
    }

    /// After the step that is being done.
    @Override
    public State save() {
        State[] saved = new State[1];
        worker.whileIdle(() -> saved[0] = saveIdle());
        return saved[0];
    }

    private synchronized State saveIdle() {
        return new State(drives.saveFiles(), drives.selected(), control, interrupt.pending(), drives.active(),
                job.ordinal(), awaitsDma, data.content(), data.position(), data.in(), moved,
                limit, afterwards == null ? null : afterwards.save(), endInterrupts, master.save(),
                drives.saveDrive(0), drives.saveDrive(1));
    }

    /// @throws IllegalArgumentException if the state is of a channel with other drives
    void check(State state) {
        drives.check(state);
    }

    @Override
    public void load(State state) {
        check(state);
        worker.whileIdle(() -> take(state));
        interrupt.drive();
        worker.wake();
    }

    private synchronized void take(State state) {
        drives.load(state);
        control = state.control;
        job = Job.values()[state.job];
        awaitsDma = state.awaitsDma;
        data.load(state.buffer, state.position, state.in);
        moved = state.moved;
        limit = state.limit;
        afterwards = null;
        if (state.afterwards != null) {
            afterwards = new TaskFile();
            afterwards.load(state.afterwards);
        }
        endInterrupts = state.endInterrupts;
        interrupt.load(state.interrupting, (control & AtaLayout.NIEN) != 0);
        // After the line has risen, which the bus master has seen long ago.
        master.load(state.master);
    }
}
