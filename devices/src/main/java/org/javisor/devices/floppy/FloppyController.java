// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.floppy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import org.javisor.devices.EightBitDevice;
import org.javisor.devices.Pin;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.dma.DmaChannel;
import org.javisor.devices.floppy.FloppyTransfer.Stage;
import org.javisor.memory.Chip;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;

/// An 82077AA in its AT mode, with up to two drives.
///
/// Heads are where they are to be at once, and what takes time is the host's disk alone: data are moved by a
/// [FloppyWorker]. Diskettes have the sectors that their image has room for; deleted data marks are not kept.
///
/// @datasheet Intel 82077AA
public final class FloppyController implements EightBitDevice, Chip<FloppyController.State> {
    public static final int PORT = 0x3f0, PORTS = 8, DRIVES = 2;

    static final int DOR = 2, TDR = 3, MSR = 4, DSR = 4, FIFO = 5, DIR = 7, CCR = 7;
    static final int DOR_NOT_RESET = 4, DOR_GATE = 8;
    static final int MSR_BUSY = 0x10, MSR_NON_DMA = 0x20, MSR_TO_HOST = 0x40, MSR_REQUEST = 0x80;
    static final int DSR_RESET = 0x80, DIR_CHANGED = 0x80;
    private static final int RATE = 3, POWER_ON_RATE = 2, TDR_BITS = 3;
    private static final int SPECIFY_NON_DMA = 1;
    private static final int UNITS = 4;

    /// What the controller is doing.
    public enum Phase { COMMAND, EXECUTION, RESULT }

    /// Everything the controller and its drives remember; what is in the drives is not part of it.
    ///
    /// @param rate     the data rate's code
    /// @param command  the bytes of a command that have come
    /// @param result   those of the result that have not been read
    /// @param transfer what is being moved, in the execution phase
    /// @param byHand   whether the guest moves its bytes now
    /// @param drives   those that there are
    public record State(int dor, int tdr, int rate, Phase phase, int[] command, int[] result,
            FloppyRegisters.State registers, FloppyTransfer.State transfer, boolean byHand, boolean interrupt,
            List<FloppyDrive.State> drives) {
        public State {
            if (((dor | tdr) & ~0xff) != 0 || (rate & ~RATE) != 0 || (phase == Phase.EXECUTION) != (transfer != null)
                    || (phase == Phase.RESULT) != (result.length > 0)
                    || byHand && (transfer == null || transfer.isFull())) {
                throw new IllegalArgumentException("floppy controller in phase " + phase);
            }
            if (phase != Phase.COMMAND ? command.length > 0
                    : command.length > 0 && command.length > FloppyCommand.of(command[0] & 0xff).parameters) {
                throw new IllegalArgumentException("floppy command of " + command.length + " bytes");
            }
            command = command.clone();
            result = result.clone();
            drives = List.copyOf(drives);
        }
    }

    private static final int[] NOTHING = {};

    private final Object lock = new Object();
    private final Pin irq;
    private final DmaChannel channel;
    private final FloppyWorker worker;
    private final List<FloppyDrive> drives = new ArrayList<>();
    private final FloppyRegisters registers = new FloppyRegisters();

    private int dor;
    private int tdr;
    private int rate = POWER_ON_RATE;
    private Phase phase = Phase.COMMAND;
    private int[] command = NOTHING;
    private int[] result = NOTHING;
    private FloppyTransfer transfer;
    private boolean byHand;
    private boolean interrupt;

    /// @param irq     IRQ 6
    /// @param channel DMA channel 2
    /// @param media   what is in the drives: images of sizes that [FloppyFormat] has
    /// @param workers runs what takes time
    public FloppyController(InterruptLine irq, DmaChannel channel, List<? extends BlockBackend> media,
            Executor workers) {
        if (media.size() > DRIVES) {
            throw new IllegalArgumentException(media.size() + " floppy drives");
        }
        this.irq = new Pin(irq);
        this.channel = channel;
        media.forEach(medium -> drives.add(new FloppyDrive(medium)));
        worker = new FloppyWorker(new Transfers(), channel, workers);
        channel.onReady(worker::wake);
    }

    /// Claims the ports, but that one within them that is an IDE controller's.
    public void attach(IoBus ports) {
        ports.attach(PORT, FIFO + 1, this, "floppy controller");
        ports.attach(PORT + DIR, 1, new EightBitDevice() {
            @Override
            public int readByte(int offset) {
                return FloppyController.this.readByte(DIR);
            }

            @Override
            public void writeByte(int offset, int value) {
                FloppyController.this.writeByte(CCR, value);
            }
        }, "floppy controller");
    }

    /// What kinds of drives there are, as a PC's battery-backed memory has them at 0x10.
    public int driveTypes() {
        int types = 0;
        for (int n = 0; n < drives.size(); n++) {
            types |= drives.get(n).made.driveType() << (n == 0 ? 4 : 0);
        }
        return types;
    }

    /// Puts another diskette into a drive, or with null none; waits for the sector that is being moved.
    ///
    /// @param number 0 or 1, of a drive that there is
    /// @return what was in it, or null
    /// @throws IllegalArgumentException if the drive cannot read such a one; nothing has changed then
    public BlockBackend change(int number, BlockBackend medium) {
        synchronized (worker) {
            synchronized (lock) {
                return drives.get(number).change(medium);
            }
        }
    }

    // ---- registers ----

    @Override
    public int readByte(int offset) {
        int value;
        boolean moved;
        synchronized (lock) {
            FloppyTransfer before = byHand ? transfer : null;
            value = switch (offset) {
                case DOR -> dor;
                case TDR -> tdr;
                case MSR -> status();
                case FIFO -> readFifo();
                case DIR -> changed(selected()) ? DIR_CHANGED : 0;
                default -> 0xff;
            };
            moved = before != null && !byHand;
        }
        after(moved);
        return value;
    }

    @Override
    public void writeByte(int offset, int value) {
        boolean wake;
        synchronized (lock) {
            switch (offset) {
                case DOR -> writeDor(value);
                case TDR -> tdr = value & TDR_BITS;
                case DSR -> writeDsr(value);
                case FIFO -> writeFifo(value);
                case CCR -> rate = value & RATE;
                default -> { }
            }
            wake = transfer != null && !byHand;
        }
        after(wake);
    }

    private void after(boolean wake) {
        irq.drive();
        boolean requests;
        synchronized (lock) {
            requests = transfer != null && !byHand;
        }
        channel.request(requests);
        if (wake) {
            worker.wake();
        }
    }

    private int selected() {
        return dor & 3;
    }

    private boolean changed(int number) {
        FloppyDrive drive = drive(number);
        // With no drive, and with its motor off, nothing pulls the line.
        return drive != null && (dor >> 4 + number & 1) != 0 && drive.changed();
    }

    private FloppyDrive drive(int number) {
        return number < drives.size() ? drives.get(number) : null;
    }

    private int status() {
        if ((dor & DOR_NOT_RESET) == 0) {
            return 0;
        }
        int seeking = registers.seeking();
        return switch (phase) {
            case COMMAND -> seeking | MSR_REQUEST | (command.length > 0 ? MSR_BUSY : 0);
            case RESULT -> seeking | MSR_REQUEST | MSR_TO_HOST | MSR_BUSY;
            case EXECUTION -> seeking | MSR_BUSY | (registers.nonDma() ? MSR_NON_DMA : 0)
                    | (byHand ? MSR_REQUEST | (transfer.kind.takesData() ? 0 : MSR_TO_HOST) : 0);
        };
    }

    private void writeDor(int value) {
        int rises = value & ~dor;
        int falls = dor & ~value;
        dor = value & 0xff;
        if ((falls & DOR_NOT_RESET) != 0) {
            resetController();
        } else if ((rises & DOR_NOT_RESET) != 0) {
            leaveReset();
        }
        updateInterrupt();
    }

    private void writeDsr(int value) {
        rate = value & RATE;
        if ((value & DSR_RESET) != 0 && (dor & DOR_NOT_RESET) != 0) {
            resetController();
            leaveReset();
        }
        updateInterrupt();
    }

    private void resetController() {
        phase = Phase.COMMAND;
        command = NOTHING;
        result = NOTHING;
        transfer = null;
        byHand = false;
        interrupt = false;
        registers.softwareReset();
    }

    private void leaveReset() {
        registers.leaveReset();
        interrupt = true;
    }

    private void updateInterrupt() {
        irq.set(interrupt && (dor & DOR_GATE) != 0);
    }

    // ---- the data register ----

    private int readFifo() {
        if (phase == Phase.RESULT) {
            int value = result[0];
            result = Arrays.copyOfRange(result, 1, result.length);
            interrupt = false;
            if (result.length == 0) {
                phase = Phase.COMMAND;
            }
            updateInterrupt();
            return value;
        }
        if (byHand && !transfer.kind.takesData()) {
            int value = transfer.buffer[transfer.at++] & 0xff;
            movedByHand();
            return value;
        }
        return 0;
    }

    private void writeFifo(int value) {
        if ((dor & DOR_NOT_RESET) == 0) {
            return;
        }
        if (byHand && transfer.kind.takesData()) {
            transfer.buffer[transfer.at++] = (byte) value;
            movedByHand();
        } else if (phase == Phase.COMMAND) {
            command = Arrays.copyOf(command, command.length + 1);
            command[command.length - 1] = value;
            FloppyCommand kind = FloppyCommand.of(command[0]);
            if (command.length > kind.parameters) {
                int[] whole = command;
                command = NOTHING;
                execute(kind, whole);
                updateInterrupt();
            }
        }
    }

    private void movedByHand() {
        if (transfer.at == transfer.unitBytes()) {
            byHand = false;
            interrupt = false;
            updateInterrupt();
        }
    }

    // ---- commands ----

    private void execute(FloppyCommand kind, int[] bytes) {
        if (kind.movesData()) {
            phase = Phase.EXECUTION;
            transfer = new FloppyTransfer(bytes);
            registers.note(transfer);
            return;
        }
        int unit = bytes.length > 1 ? bytes[1] & 7 : 0;
        FloppyDrive drive = drive(unit & 3);
        switch (kind) {
            case SENSE_INTERRUPT -> {
                interrupt = false;
                result(registers.senseInterrupt());
            }
            case SEEK, RELATIVE_SEEK, RECALIBRATE -> {
                registers.seek(kind, bytes, drive);
                interrupt = true;
            }
            case SENSE_DRIVE_STATUS -> result(FloppyRegisters.driveStatus(unit, drive));
            case READ_ID -> readId(bytes, unit, drive);
            case DUMPREG -> result(registers.dump());
            default -> {
                int[] answer = registers.execute(kind, bytes);
                if (answer.length > 0) {
                    result(answer);
                }
            }
        }
    }

    private void result(int... bytes) {
        result = bytes;
        phase = Phase.RESULT;
    }

    private void readId(int[] bytes, int unit, FloppyDrive drive) {
        int head = unit >> 2;
        boolean found = (bytes[0] & FloppyCommand.MFM) != 0 && drive != null && drive.readable(rate, head);
        if (found) {
            result(unit, 0, 0, drive.track(), head, drive.nextSector(), FloppyFormat.SIZE_CODE);
        } else {
            result(FloppyTransfer.ST0_ABNORMAL | unit, FloppyTransfer.ST1_MISSING_ADDRESS, 0, 0, head, 0, 0);
        }
        interrupt = true;
    }

    // ---- transfers ----

    /// The worker's view.
    private final class Transfers implements FloppyWorker.Owner {
        @Override
        public FloppyTransfer transfer() {
            synchronized (lock) {
                return byHand ? null : transfer;
            }
        }

        @Override
        public FloppyDrive drive(int number) {
            return FloppyController.this.drive(number);
        }

        @Override
        public boolean locate(FloppyTransfer current) {
            int st1;
            synchronized (lock) {
                if (current != transfer) {
                    return false;
                }
                st1 = FloppySearch.find(current, drive(current.drive()), rate, registers.impliedSeek());
            }
            if (st1 != 0) {
                finish(current, FloppyTransfer.ST0_ABNORMAL | current.selectedHead() << 2, st1, current.st2);
            }
            return st1 == 0;
        }

        @Override
        public boolean byHand(FloppyTransfer current) {
            synchronized (lock) {
                if (current != transfer || !registers.nonDma()) {
                    return false;
                }
                byHand = true;
                interrupt = true;
                updateInterrupt();
            }
            after(false);
            return true;
        }

        @Override
        public void reached(FloppyTransfer current, Stage stage) {
            synchronized (lock) {
                current.stage = stage;
            }
        }

        @Override
        public void next(FloppyTransfer current) {
            boolean more;
            boolean normal;
            int head;
            synchronized (lock) {
                head = current.selectedHead();
                more = current.advance();
                boolean complete = switch (current.kind) {
                    case FORMAT_TRACK, READ_TRACK, VERIFY, SCAN_EQUAL, SCAN_LOW_OR_EQUAL, SCAN_HIGH_OR_EQUAL -> true;
                    default -> false;
                };
                boolean marked = current.kind == FloppyCommand.READ_DELETED_DATA;
                more &= !current.last && !current.counted() && !marked;
                normal = current.last || complete || marked;
            }
            if (!more) {
                finish(current, head << 2 | (normal ? 0 : FloppyTransfer.ST0_ABNORMAL),
                        normal ? current.st1 : current.st1 | FloppyTransfer.ST1_END_OF_CYLINDER, current.st2);
            }
        }

        @Override
        public void finish(FloppyTransfer current, int st0, int st1, int st2) {
            synchronized (lock) {
                if (current != transfer) {
                    return;
                }
                result(st0 | current.drive(), st1, st2, current.cylinder(),
                        current.head(), current.sector(), current.sizeCode());
                transfer = null;
                byHand = false;
                interrupt = true;
                updateInterrupt();
            }
            after(false);
        }
    }

    // ---- life ----

    @Override
    public void reset() {
        synchronized (lock) {
            resetController();
            registers.reset();
            dor = 0;
            tdr = 0;
            rate = POWER_ON_RATE;
            drives.forEach(FloppyDrive::reset);
            updateInterrupt();
        }
        after(false);
    }

    @Override
    public State save() {
        synchronized (worker) {
            synchronized (lock) {
                return new State(dor, tdr, rate, phase, command, result, registers.save(),
                        transfer == null ? null : transfer.save(), byHand, interrupt,
                        drives.stream().map(FloppyDrive::save).toList());
            }
        }
    }

    @Override
    public void load(State state) {
        if (state.drives.size() != drives.size()) {
            throw new IllegalArgumentException(state.drives.size() + " floppy drives, where " + drives.size() + " are");
        }
        boolean wake;
        synchronized (worker) {
            synchronized (lock) {
                dor = state.dor;
                tdr = state.tdr;
                rate = state.rate;
                phase = state.phase;
                command = state.command;
                result = state.result;
                registers.load(state.registers);
                transfer = state.transfer == null ? null : new FloppyTransfer(state.transfer);
                byHand = state.byHand;
                interrupt = state.interrupt;
                for (int n = 0; n < drives.size(); n++) {
                    drives.get(n).load(state.drives.get(n));
                }
                wake = transfer != null && !byHand;
                updateInterrupt();
            }
        }
        after(wake);
    }
}
