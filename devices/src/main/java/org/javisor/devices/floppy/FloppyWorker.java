// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.javisor.devices.dma.DmaChannel;
import org.javisor.devices.floppy.FloppyTransfer.Stage;

/// Carries transfers on, sector by sector, on an executor's thread: no processor waits for a disk.
///
/// Its lock is held during a step: who has it knows that no buffer is changed. The controller's lock is taken only to
/// look and to note; disk and memory are reached without it.
final class FloppyWorker implements Runnable {
    /// What a worker needs of the controller. Each takes the controller's lock, and does nothing if `transfer` is no
    /// more the present one.
    interface Owner {
        /// What is to be carried on now, or null.
        FloppyTransfer transfer();

        FloppyDrive drive(int number);

        /// Finds the sector that a transfer is at.
        ///
        /// @return whether it is there; if not, the transfer is finished
        boolean locate(FloppyTransfer transfer);

        /// Has the guest move a sector's bytes itself, through the data register.
        ///
        /// @return whether that is how it is done
        boolean byHand(FloppyTransfer transfer);

        /// Says that the transfer has come to `stage`.
        void reached(FloppyTransfer transfer, Stage stage);

        /// Finishes a sector, and the whole if nothing is left to be done or terminal count has come.
        void next(FloppyTransfer transfer);

        /// @param st0 without the drive
        void finish(FloppyTransfer transfer, int st0, int st1, int st2);
    }

    private final Owner owner;
    private final DmaChannel channel;
    private final Executor executor;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final byte[] onDisk = new byte[FloppyFormat.SECTOR_BYTES];

    FloppyWorker(Owner owner, DmaChannel channel, Executor executor) {
        this.owner = owner;
        this.channel = channel;
        this.executor = executor;
    }

    /// Cheap, and safe from any thread.
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

    @Override
    public void run() {
        scheduled.set(false);
        boolean goesOn = true;
        while (goesOn) {
            goesOn = step();
        }
    }

    /// @return whether there is something to do at once
    private synchronized boolean step() {
        FloppyTransfer transfer = owner.transfer();
        if (transfer == null) {
            return false;
        }
        try {
            return switch (transfer.stage) {
                case LOCATE -> locate(transfer);
                case MOVE -> move(transfer);
                case STORE -> store(transfer);
            };
        } catch (IOException _) {
            owner.finish(transfer, FloppyTransfer.ST0_ABNORMAL | transfer.selectedHead() << 2,
                    FloppyTransfer.ST1_DATA_ERROR, FloppyTransfer.ST2_DATA_ERROR);
            return true;
        }
    }

    /// A transfer that comes from a saved state may be of a drive that is not there.
    private FloppyDrive drive(FloppyTransfer transfer) throws IOException {
        FloppyDrive drive = owner.drive(transfer.drive());
        if (drive == null) {
            throw new IOException("no such floppy drive");
        }
        return drive;
    }

    private boolean locate(FloppyTransfer transfer) throws IOException {
        if (!owner.locate(transfer)) {
            return true;
        }
        if (!transfer.kind.takesData()) {
            drive(transfer).read(transfer.cylinder(), transfer.selectedHead(), transfer.sector(),
                    transfer.buffer);
        }
        if (transfer.kind == FloppyCommand.VERIFY) {
            owner.next(transfer);
        } else {
            owner.reached(transfer, Stage.MOVE);
        }
        return true;
    }

    private boolean move(FloppyTransfer transfer) {
        int left = transfer.unitBytes() - transfer.at;
        if (left > 0 && !transfer.last) {
            if (owner.byHand(transfer)) {
                return false;
            }
            int moved = transfer.kind.takesData() ? channel.load(transfer.buffer, transfer.at, left)
                    : channel.store(transfer.buffer, transfer.at, left);
            transfer.at += moved;
            transfer.last = channel.terminalCount();
            if (moved < left && !transfer.last) {
                return false;
            }
        }
        if (transfer.kind.takesData()) {
            Arrays.fill(transfer.buffer, transfer.at, FloppyFormat.SECTOR_BYTES, (byte) 0);
            owner.reached(transfer, Stage.STORE);
        } else {
            owner.next(transfer);
        }
        return true;
    }

    private boolean store(FloppyTransfer transfer) throws IOException {
        FloppyDrive drive = drive(transfer);
        if (transfer.kind.scans()) {
            drive.read(transfer.cylinder(), transfer.selectedHead(), transfer.sector(), onDisk);
            if (transfer.scan(onDisk)) {
                transfer.last = true;
            }
            owner.next(transfer);
            return true;
        }
        if (transfer.kind == FloppyCommand.FORMAT_TRACK) {
            transfer.takeId();
            if (!owner.locate(transfer)) {
                return true;
            }
            Arrays.fill(transfer.buffer, (byte) transfer.fill());
        }
        drive.write(transfer.cylinder(), transfer.selectedHead(), transfer.sector(), transfer.buffer);
        owner.next(transfer);
        return true;
    }
}
