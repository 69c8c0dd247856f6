// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import java.util.List;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.ata.TaskFile;

/// The two drives that a channel may have, each with a task file of its own: both take what is written to the
/// registers, and the selected one shows its own.
///
/// Guarded by the channel's lock; the drives themselves belong to whoever holds [ChannelWorker#whileIdle]'s.
///
/// @ata ATA8-APT "Device 0 and Device 1"
final class DrivePair {
    static final int DRIVES = 2;

    private final AtaDevice[] drives;
    private final TaskFile[] files = {new TaskFile(), new TaskFile()};
    private int selected;
    private int active;

    /// @param drives two, null where there is none
    DrivePair(AtaDevice[] drives) {
        this.drives = drives;
    }

    /// Whether neither is there.
    boolean nobody() {
        return drives[0] == null && drives[1] == null;
    }

    /// Whether the selected one is there.
    boolean present() {
        return drives[selected] != null;
    }

    AtaDevice selectedDrive() {
        return drives[selected];
    }

    /// The registers of the selected one.
    TaskFile file() {
        return files[selected];
    }

    /// The drive that the command under way is for.
    AtaDevice activeDrive() {
        return drives[active];
    }

    TaskFile activeFile() {
        return files[active];
    }

    boolean busy() {
        return (file().status & (AtaLayout.BSY | AtaLayout.DRQ)) != 0;
    }

    int selected() {
        return selected;
    }

    int active() {
        return active;
    }

    /// Writes a register of both.
    void set(int register, int value) {
        for (TaskFile file : files) {
            CommandBlock.set(file, register, value);
        }
        if (register == CommandBlock.DEVICE) {
            selected = value >>> 4 & 1;
        }
    }

    /// A command begins, for the selected one.
    void begin(int code) {
        active = selected;
        file().command = code;
    }

    /// Resets the selected one if it is a packet device: others do not know the command.
    ///
    /// @return whether it is
    boolean resetPacketDevice() {
        if (!(drives[selected] instanceof PacketDevice)) {
            return false;
        }
        file().command = AtaLayout.DEVICE_RESET;
        drives[selected].begin(file());
        return true;
    }

    /// A reset by software, while its bit is set and when it is cleared.
    void busReset(boolean begins) {
        selected = 0;
        for (int i = 0; i < DRIVES; i++) {
            if (drives[i] != null && begins) {
                files[i].status = AtaLayout.BSY;
            } else if (drives[i] != null) {
                drives[i].busReset(files[i], false);
            }
        }
    }

    /// Both have tested themselves.
    void diagnosed() {
        for (int i = 0; i < DRIVES; i++) {
            if (drives[i] != null) {
                files[i].command = AtaLayout.EXECUTE_DEVICE_DIAGNOSTIC;
                drives[i].begin(files[i]);
                files[i].device = 0;
            }
        }
        selected = 0;
    }

    // ---- life ----

    void powerOn() {
        selected = 0;
        active = 0;
        for (int i = 0; i < DRIVES; i++) {
            files[i].load(new TaskFile().save());
            if (drives[i] != null) {
                drives[i].reset();
                drives[i].busReset(files[i], false);
            }
        }
    }

    List<TaskFile.State> saveFiles() {
        return List.of(files[0].save(), files[1].save());
    }

    /// Null where there is no drive.
    Record saveDrive(int number) {
        return drives[number] == null ? null : drives[number].save();
    }

    /// @throws IllegalArgumentException if the state is of a pair of others
    void check(IdeChannel.State state) {
        for (int i = 0; i < DRIVES; i++) {
            Record inner = i == 0 ? state.first() : state.second();
            if ((drives[i] == null) != (inner == null)) {
                throw new IllegalArgumentException("the state of a channel with other drives");
            }
            if (inner != null) {
                drives[i].check(inner);
            }
        }
        if (drives[state.active()] == null && state.job() != ChannelWorker.Job.NONE.ordinal()) {
            throw new IllegalArgumentException("work for a drive that is not there");
        }
    }

    void load(IdeChannel.State state) {
        for (int i = 0; i < DRIVES; i++) {
            files[i].load(state.files().get(i));
            if (drives[i] != null) {
                drives[i].restore(i == 0 ? state.first() : state.second());
            }
        }
        selected = state.selected();
        active = state.active();
    }
}
