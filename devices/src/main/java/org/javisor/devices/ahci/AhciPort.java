// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import static org.javisor.devices.ahci.AhciLayout.CMD_OVERRIDE;
import static org.javisor.devices.ahci.AhciLayout.CMD_POWER_ON;
import static org.javisor.devices.ahci.AhciLayout.CMD_RECEIVE;
import static org.javisor.devices.ahci.AhciLayout.CMD_RECEIVING;
import static org.javisor.devices.ahci.AhciLayout.CMD_RUNNING;
import static org.javisor.devices.ahci.AhciLayout.CMD_SLOT;
import static org.javisor.devices.ahci.AhciLayout.CMD_SLOT_SHIFT;
import static org.javisor.devices.ahci.AhciLayout.CMD_SPIN_UP;
import static org.javisor.devices.ahci.AhciLayout.CMD_START;
import static org.javisor.devices.ahci.AhciLayout.CMD_WRITABLE;
import static org.javisor.devices.ahci.AhciLayout.DETECTION;
import static org.javisor.devices.ahci.AhciLayout.DETECTION_OFF;
import static org.javisor.devices.ahci.AhciLayout.DETECTION_RESET;
import static org.javisor.devices.ahci.AhciLayout.IS_CONNECT_CHANGE;
import static org.javisor.devices.ahci.AhciLayout.IS_READY_CHANGE;
import static org.javisor.devices.ahci.AhciLayout.IS_TASK_FILE;
import static org.javisor.devices.ahci.AhciLayout.LINK_UP;
import static org.javisor.devices.ahci.AhciLayout.NO_DEVICE_STATUS;
import static org.javisor.devices.ahci.AhciLayout.NO_SIGNATURE;
import static org.javisor.devices.ahci.AhciLayout.SERR_EXCHANGED;
import static org.javisor.devices.ahci.AhciLayout.SERR_READY_CHANGE;

import java.util.concurrent.Executor;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.ata.TaskFile;
import org.javisor.memory.Clock;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// The registers of one port and the link to its drive.
///
/// They are guarded by the controller's lock. The drive belongs to whoever holds the lock of [PortWorker], which is
/// taken first where both are needed: who has it knows that no command is being served.
///
/// @ahci 1.3.1 §3.3 "Port Registers"
final class AhciPort {
    /// @param tfd        error above status
    /// @param halted     whether an error keeps commands from being served until the driver restarts the port
    /// @param inReset    whether the drive is between the two FISes of a reset by software
    /// @param unreported whether the drive's first FIS has not found a place yet
    /// @param drive      null without one
    record State(long clb, long fb, int is, int ie, int cmd, int tfd, int sig, int ssts, int sctl, int serr, int sact,
                 int ci, boolean halted, boolean inReset, boolean unreported, Record drive) {
        State {
            if ((tfd & ~0xffff) != 0 || (sctl & ~AhciLayout.SCTL_WRITABLE) != 0 || (clb & 0x3ff) != 0
                    || (fb & 0xff) != 0) {
                throw new IllegalArgumentException("an AHCI port with bits that no register has");
            }
        }
    }

    /// What a port needs of its controller.
    interface Controller {
        /// Guards all registers.
        Object lock();

        boolean mayReachMemory();

        /// A port's causes of interrupts may have changed. Called without a lock.
        void changed();
    }

    private final AtaDevice drive;
    private final Controller controller;
    private final PortWorker worker;
    private final ReceivedFis received;
    private long clb;
    private long fb;
    private int is;
    private int ie;
    private int cmd;
    private int tfd;
    private int sig;
    private int ssts;
    private int sctl;
    private int serr;
    private int sact;
    private int ci;
    private boolean halted;
    private boolean inReset;
    private boolean unreported;

    /// @param drive null for none
    AhciPort(AtaDevice drive, DmaSpace memory, Clock clock, Controller controller, Executor executor) {
        this.drive = drive;
        this.controller = controller;
        this.received = new ReceivedFis(memory);
        this.worker = new PortWorker(this, drive, memory, clock, executor);
        powerOn();
    }

    boolean present() {
        return drive != null;
    }

    // ---- registers ----

    /// Under the controller's lock.
    int read(int register) {
        return switch (register) {
            case AhciLayout.P_CLB -> (int) clb;
            case AhciLayout.P_CLBU -> (int) (clb >>> 32);
            case AhciLayout.P_FB -> (int) fb;
            case AhciLayout.P_FBU -> (int) (fb >>> 32);
            case AhciLayout.P_IS -> causes();
            case AhciLayout.P_IE -> ie;
            case AhciLayout.P_CMD -> cmd;
            case AhciLayout.P_TFD -> tfd;
            case AhciLayout.P_SIG -> sig;
            case AhciLayout.P_SSTS -> ssts;
            case AhciLayout.P_SCTL -> sctl;
            case AhciLayout.P_SERR -> serr;
            case AhciLayout.P_SACT -> sact;
            case AhciLayout.P_CI -> ci;
            default -> 0;
        };
    }

    private int causes() {
        return is | ((serr & SERR_EXCHANGED) != 0 ? IS_CONNECT_CHANGE : 0)
                | ((serr & SERR_READY_CHANGE) != 0 ? IS_READY_CHANGE : 0);
    }

    /// Whether the port wants the controller's attention. Under the controller's lock.
    boolean interrupting() {
        return (causes() & ie) != 0;
    }

    /// Takes what a write covers of a register. Called without a lock.
    void write(int register, int value, int mask) {
        switch (register) {
            case AhciLayout.P_CMD -> worker.whileIdle(() -> {
                writeCommand(value, mask);
                reportSignature();
            });
            case AhciLayout.P_SCTL -> worker.whileIdle(() -> {
                writeControl(value, mask);
                reportSignature();
            });
            default -> {
                synchronized (controller.lock()) {
                    writePlain(register, value, mask);
                }
            }
        }
        if (register == AhciLayout.P_CI || register == AhciLayout.P_CMD) {
            worker.wake();
        }
        controller.changed();
    }

    private void writePlain(int register, int value, int mask) {
        switch (register) {
            case AhciLayout.P_CLB -> clb = clb & ~(mask & 0xffff_fc00L) | value & mask & 0xffff_fc00L;
            case AhciLayout.P_CLBU -> clb = clb & ~((long) mask << 32) | (long) value << 32;
            case AhciLayout.P_FB -> fb = fb & ~(mask & 0xffff_ff00L) | value & mask & 0xffff_ff00L;
            case AhciLayout.P_FBU -> fb = fb & ~((long) mask << 32) | (long) value << 32;
            case AhciLayout.P_IS -> is &= ~value;
            case AhciLayout.P_IE -> ie = ie & ~mask | value & AhciLayout.IE_WRITABLE;
            case AhciLayout.P_SERR -> serr &= ~value;
            case AhciLayout.P_SACT -> sact |= running() ? value : 0;
            case AhciLayout.P_CI -> ci |= running() ? value : 0;
            default -> { }
        }
    }

    private boolean running() {
        return (cmd & CMD_START) != 0;
    }

    private void writeCommand(int value, int mask) {
        synchronized (controller.lock()) {
            int wanted = mask & CMD_WRITABLE;
            cmd = cmd & ~wanted | value & wanted;
            cmd = running() ? cmd | CMD_RUNNING : cmd & ~(CMD_RUNNING | CMD_SLOT);
            cmd = (cmd & CMD_RECEIVE) != 0 ? cmd | CMD_RECEIVING : cmd & ~CMD_RECEIVING;
            if (!running()) {
                ci = 0;
                sact = 0;
                halted = false;
            }
            if ((value & CMD_OVERRIDE) != 0) {
                tfd &= ~(AtaLayout.BSY | AtaLayout.DRQ);
            }
        }
    }

    // ---- the link ----

    private void writeControl(int value, int mask) {
        int before;
        int now;
        synchronized (controller.lock()) {
            before = sctl & DETECTION;
            sctl = (sctl & ~mask | value) & AhciLayout.SCTL_WRITABLE;
            now = sctl & DETECTION;
            if (now == DETECTION_RESET || now == DETECTION_OFF) {
                ssts = now == DETECTION_OFF ? DETECTION_OFF : 0;
                tfd = present() ? NO_DEVICE_STATUS | AtaLayout.BSY : NO_DEVICE_STATUS;
                sig = NO_SIGNATURE;
            }
        }
        if (now == 0 && (before == DETECTION_RESET || before == DETECTION_OFF)) {
            comeUp();
        }
    }

    /// The link is made anew: the drive has been reset, and tells its signature.
    private void comeUp() {
        TaskFile file = new TaskFile();
        if (present()) {
            drive.busReset(file, true);
        }
        synchronized (controller.lock()) {
            greet(file);
            serr |= present() ? SERR_EXCHANGED | SERR_READY_CHANGE : 0;
        }
    }

    /// Under the controller's lock.
    private void greet(TaskFile file) {
        ssts = present() ? LINK_UP : 0;
        sig = present() ? drive.signature() : NO_SIGNATURE;
        tfd = present() ? file.error << 8 | file.status : NO_DEVICE_STATUS;
        inReset = false;
        unreported = present();
    }

    /// Puts the drive's first FIS where the driver wants it, once it does.
    private void reportSignature() {
        TaskFile file = new TaskFile();
        long area;
        synchronized (controller.lock()) {
            area = fisArea();
            if (!unreported || area < 0) {
                return;
            }
            unreported = false;
            file.error = tfd >>> 8;
            file.status = tfd & 0xff;
            file.count = sig & 0xff;
            file.lba = sig >>> 8 & 0xff_ffffL;
        }
        store(() -> received.register(area, file, false));
    }

    /// Where received FISes go; -1 for nowhere. Under the controller's lock.
    private long fisArea() {
        return (cmd & CMD_RECEIVE) != 0 && controller.mayReachMemory() ? fb : -1;
    }

    /// Writes to memory; a place where there is none stops the port.
    private void store(Runnable write) {
        try {
            write.run();
        } catch (GuestMemory.OutOfRangeException _) {
            halt(AhciLayout.IS_HOST_BUS);
        }
    }

    // ---- for the worker ----

    /// The next command to serve, after the last one in turn; -1 if there is none, or none may be served.
    int takeSlot() {
        synchronized (controller.lock()) {
            if (ci == 0 || !running() || halted || ssts != LINK_UP || !controller.mayReachMemory()) {
                return -1;
            }
            int last = (cmd & CMD_SLOT) >>> CMD_SLOT_SHIFT;
            int slot = Integer.numberOfTrailingZeros(Integer.rotateRight(ci, last + 1)) + last + 1 & 31;
            cmd = cmd & ~CMD_SLOT | slot << CMD_SLOT_SHIFT;
            return slot;
        }
    }

    long list() {
        synchronized (controller.lock()) {
            return clb;
        }
    }

    /// The drive works on a command that is not queued.
    void busy() {
        synchronized (controller.lock()) {
            tfd |= AtaLayout.BSY;
        }
    }

    /// The drive has taken a queued command.
    void accept(int slot) {
        synchronized (controller.lock()) {
            ci &= ~(1 << slot);
            tfd = AtaLayout.DRDY | AtaLayout.DSC;
        }
    }

    /// The two FISes of a reset by software: the drive resets at the end of the second.
    void control(int slot, boolean reset) {
        TaskFile file = new TaskFile();
        boolean ends;
        synchronized (controller.lock()) {
            ends = inReset && !reset;
            inReset = reset;
            ci &= ~(1 << slot);
        }
        if (ends) {
            drive.busReset(file, false);
            synchronized (controller.lock()) {
                greet(file);
            }
            reportSignature();
        }
    }

    /// A command has ended with a register FIS.
    void ended(int slot, TaskFile file, int otherCauses) {
        receive(area -> received.register(area, file, true));
        end(slot, file, AhciLayout.IS_REGISTER | otherCauses);
    }

    /// A command has ended with data through PIO: the status came with their announcement.
    void endedByPio(int slot, TaskFile file, long bytes, int otherCauses) {
        receive(area -> received.pioSetup(area, file, AtaLayout.DRDY | AtaLayout.DSC | AtaLayout.DRQ, true, bytes));
        end(slot, file, AhciLayout.IS_PIO_SETUP | otherCauses);
    }

    private void end(int slot, TaskFile file, int causes) {
        synchronized (controller.lock()) {
            tfd = file.error << 8 | file.status;
            is |= causes;
            if (file.failed()) {
                is |= IS_TASK_FILE;
                halted = true;
            } else {
                ci &= ~(1 << slot);
            }
        }
        controller.changed();
    }

    /// Queued commands are done.
    void endedQueued(int tags, int otherCauses) {
        receive(area -> received.deviceBits(area, AtaLayout.DRDY | AtaLayout.DSC, 0, tags));
        synchronized (controller.lock()) {
            sact &= ~tags;
            is |= AhciLayout.IS_DEVICE_BITS | otherCauses;
        }
        controller.changed();
    }

    /// A queued command has failed, and with it all the others.
    void failedQueued(TaskFile file) {
        receive(area -> received.deviceBits(area, file.status, file.error, 0));
        synchronized (controller.lock()) {
            tfd = file.error << 8 | file.status;
            is |= AhciLayout.IS_DEVICE_BITS | IS_TASK_FILE;
            halted = true;
        }
        controller.changed();
    }

    /// Serves no more commands until the driver restarts the port.
    void halt(int cause) {
        synchronized (controller.lock()) {
            is |= cause;
            halted = true;
        }
        controller.changed();
    }

    @FunctionalInterface
    private interface Post {
        void at(long area);
    }

    private void receive(Post post) {
        long area;
        synchronized (controller.lock()) {
            area = fisArea();
        }
        if (area >= 0) {
            store(() -> post.at(area));
        }
    }

    // ---- life ----

    /// The guest has let the controller reach memory, or has forbidden it.
    void wake() {
        worker.whileIdle(this::reportSignature);
        worker.wake();
    }

    /// The reset of the controller, by its own register.
    void resetByHost() {
        worker.whileIdle(() -> {
            TaskFile file = new TaskFile();
            if (present()) {
                drive.busReset(file, true);
            }
            clear(file);
        });
    }

    void reset() {
        worker.whileIdle(this::powerOn);
    }

    private void powerOn() {
        TaskFile file = new TaskFile();
        if (present()) {
            drive.reset();
            drive.busReset(file, false);
        }
        clear(file);
    }

    private void clear(TaskFile file) {
        synchronized (controller.lock()) {
            clb = fb = 0;
            is = ie = sctl = sact = ci = 0;
            cmd = CMD_SPIN_UP | CMD_POWER_ON;
            halted = false;
            greet(file);
            serr = present() ? SERR_EXCHANGED : 0;
        }
    }

    /// After the command that is being served.
    State save() {
        State[] saved = new State[1];
        worker.whileIdle(() -> {
            Record inner = present() ? drive.save() : null;
            synchronized (controller.lock()) {
                saved[0] = new State(clb, fb, is, ie, cmd, tfd, sig, ssts, sctl, serr, sact, ci, halted, inReset,
                        unreported, inner);
            }
        });
        return saved[0];
    }

    /// @throws IllegalArgumentException if the state is of a port with another drive
    void check(State state) {
        if (present() != (state.drive != null)) {
            throw new IllegalArgumentException("the state of a port with another drive");
        }
        if (present()) {
            drive.check(state.drive);
        }
    }

    /// @param state which has been checked
    void load(State state) {
        worker.whileIdle(() -> {
            if (present()) {
                drive.restore(state.drive);
            }
            take(state);
        });
        worker.wake();
    }

    private void take(State state) {
        synchronized (controller.lock()) {
            clb = state.clb;
            fb = state.fb;
            is = state.is;
            ie = state.ie;
            cmd = state.cmd;
            tfd = state.tfd;
            sig = state.sig;
            ssts = state.ssts;
            sctl = state.sctl;
            serr = state.serr;
            sact = state.sact;
            ci = state.ci;
            halted = state.halted;
            inReset = state.inReset;
            unreported = state.unreported;
        }
    }
}
