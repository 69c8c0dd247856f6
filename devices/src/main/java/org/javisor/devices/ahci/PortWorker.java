// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.ata.TaskFile;
import org.javisor.devices.block.DataPhase.Direction;
import org.javisor.devices.block.ScatterList;
import org.javisor.memory.Clock;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory.OutOfRangeException;

/// Serves the commands of one port's list, off the processors' threads.
///
/// Queued commands that end while others wait are reported together, with one interrupt, as long as nobody waits
/// longer than [#REPORT_NANOS] for it.
///
/// @ahci 1.3.1 §5.3 "HBA State Machine", "Port State Machine"
final class PortWorker implements Runnable {
    private static final long REPORT_NANOS = 50_000;

    private final AhciPort port;
    private final AtaDevice drive;
    private final Clock clock;
    private final Executor executor;
    private final CommandSlot command;
    private final TaskFile file = new TaskFile();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final AtomicInteger wantIdle = new AtomicInteger();
    /// Held while a command is served.
    private final Object serving = new Object();
    private final DmaSpace memory;
    private int doneTags;
    private int doneCauses;
    private long doneSince;

    /// @param drive null for none
    PortWorker(AhciPort port, AtaDevice drive, DmaSpace memory, Clock clock, Executor executor) {
        this.clock = clock;
        this.memory = memory;
        this.port = port;
        this.drive = drive;
        this.executor = executor;
        this.command = new CommandSlot(memory);
    }

    /// Cheap, and safe from any thread that holds no lock.
    void wake() {
        if (drive != null && scheduled.compareAndSet(false, true)) {
            try {
                executor.execute(this);
            } catch (RejectedExecutionException _) {
                // The machine is being taken down; nobody waits for an answer any more.
                scheduled.set(false);
            }
        }
    }

    /// Does something while no command is served: after the one that is, before the next.
    void whileIdle(Runnable action) {
        wantIdle.incrementAndGet();
        try {
            synchronized (serving) {
                action.run();
            }
        } finally {
            wantIdle.decrementAndGet();
        }
        if (drive != null) {
            wake();
        }
    }

    @Override
    public void run() {
        scheduled.set(false);
        synchronized (serving) {
            while (wantIdle.get() == 0) {
                int slot = port.takeSlot();
                if (slot < 0) {
                    break;
                }
                serve(slot);
                if (doneTags != 0 && clock.nanos() - doneSince > REPORT_NANOS) {
                    report();
                }
            }
            report();
        }
    }

    private void report() {
        if (doneTags != 0) {
            int tags = doneTags;
            doneTags = 0;
            port.endedQueued(tags, doneCauses);
            doneCauses = 0;
        }
    }

    private void serve(int slot) {
        int translations = memory.begin();
        try {
            command.fetch(port.list(), slot);
            if (!command.isRegisterFis()) {
                port.halt(AhciLayout.IS_INTERFACE);
            } else if (!command.isCommand()) {
                port.control(slot, command.softReset());
            } else {
                command.fill(file);
                begin(slot);
            }
        } catch (OutOfRangeException _) {
            port.halt(AhciLayout.IS_HOST_BUS);
        } finally {
            memory.end(translations);
        }
    }

    private void begin(int slot) {
        boolean queued = AtaLayout.queued(file.command);
        if (!queued) {
            report();
            port.busy();
        }
        AtaDevice.Protocol protocol = drive.begin(file);
        if (protocol == AtaDevice.Protocol.PACKET) {
            protocol = drive.packet(file, command.packet());
            if (protocol != AtaDevice.Protocol.DONE) {
                transfer(slot, false);
                return;
            }
        }
        switch (protocol) {
            case QUEUED -> transferQueued(slot);
            case PIO -> transfer(slot, drive.data().direction() == Direction.IN);
            case DMA -> transfer(slot, false);
            case DONE, PACKET -> {
                if (queued) {
                    fail();
                } else {
                    port.ended(slot, file, 0);
                }
            }
        }
    }

    private void fail() {
        report();
        port.failedQueued(file);
    }

    private void transferQueued(int slot) {
        int tag = file.count >>> 3 & 31;
        long bytes = drive.data().bytes();
        if (!command.describe(bytes, drive.data().direction() == Direction.IN)) {
            halt(AhciLayout.IS_HOST_BUS);
            return;
        }
        if (command.data().bytes() < bytes) {
            halt(AhciLayout.IS_OVERFLOW);
            return;
        }
        port.accept(slot);
        if (!move(bytes) || ends()) {
            fail();
            return;
        }
        if (doneTags == 0) {
            doneSince = clock.nanos();
        }
        doneTags |= 1 << tag;
        doneCauses |= command.interrupting() ? AhciLayout.IS_DESCRIPTOR : 0;
    }

    private void halt(int cause) {
        report();
        port.halt(cause);
    }

    /// Lets the command end.
    ///
    /// @return whether it has failed
    private boolean ends() {
        drive.end(file);
        return file.failed();
    }

    /// @param byPio whether the command ends with the announcement of its data
    private void transfer(int slot, boolean byPio) {
        long bytes = drive.data().bytes();
        boolean in = drive.data().direction() == Direction.IN;
        if (!command.describe(bytes, in)) {
            port.halt(AhciLayout.IS_HOST_BUS);
            return;
        }
        long room = command.data().bytes();
        if (room < bytes && !in) {
            port.halt(AhciLayout.IS_INTERFACE);     // the drive waits for data that will not come
            return;
        }
        long moved = Math.min(room, bytes);
        int causes = (room < bytes ? AhciLayout.IS_OVERFLOW : 0)
                | (command.interrupting() ? AhciLayout.IS_DESCRIPTOR : 0);
        boolean failed = !move(moved) || ends();
        command.storeCount(failed ? 0 : moved);
        if (byPio && !failed) {
            port.endedByPio(slot, file, moved, causes);
        } else {
            port.ended(slot, file, causes);
        }
    }

    private boolean move(long bytes) {
        ScatterList memory = command.data();
        boolean in = drive.data().direction() == Direction.IN;
        try {
            return drive.transfer(file, 0, memory.vector(bytes));
        } finally {
            if (in) {
                memory.written(bytes);
            }
        }
    }
}
