// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import java.util.Arrays;
import java.util.concurrent.Executor;
import org.javisor.devices.ata.AtaDisk;
import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.ata.Identity;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.PciHost;
import org.javisor.devices.scsi.CdDrive;
import org.javisor.testkit.ManualClock;

/// The driver's side of an AHCI controller with a disk on port 0 and a CD drive on port 1. Commands are served in
/// place, within the write that issues them, unless an executor says otherwise.
final class AhciDriver implements AutoCloseable {
    static final int DISK = 0, CD = 1, EMPTY = 2;
    static final int CI = AhciLayout.P_CI, SACT = AhciLayout.P_SACT, IS = AhciLayout.P_IS, TFD = AhciLayout.P_TFD;
    static final long DISK_BYTES = 1 << 20, CD_BYTES = 64 << 10;
    /// Where things are in memory, by port.
    static final long LISTS = 0x10000, FISES = 0x20000, TABLES = 0x40000, TABLE_BYTES = 0x1000, DATA = 0x20_0000;

    final PciHost host = new PciHost();
    final MemoryDisk disk = new MemoryDisk(DISK_BYTES);
    final MemoryDisk cd = new MemoryDisk(CD_BYTES);
    final CdDrive drive = new CdDrive(cd, "cd-serial");
    final AhciController controller;

    /// A command as it goes into a FIS.
    record Command(int code, long lba, int count, int features, int device) {
        static Command dma(int code, long lba, int count) {
            return new Command(code, lba, count, 0, AtaLayout.LBA);
        }

        static Command queued(int code, long lba, int count, int tag) {
            return new Command(code, lba, tag << 3, count, AtaLayout.LBA);
        }
    }

    AhciDriver() {
        this(Runnable::run);
    }

    AhciDriver(Executor worker) {
        controller = new AhciController(Arrays.asList(new AtaDisk(disk, new Identity("a disk", "serial", true)),
                new PacketDevice(drive, new Identity("a CD drive", "serial 2", true))), host.memory,
                new ManualClock(), _ -> worker);
        host.plug(controller.function());
        controller.function().writeConfig(ConfigSpace.COMMAND, 2, 6);
    }

    /// The device alone, as it is before anybody has touched it.
    AhciController untouched() {
        controller.function().writeConfig(ConfigSpace.COMMAND, 2, 0);
        controller.reset();
        return controller;
    }

    // ---- registers ----

    int get(int register) {
        return (int) controller.read(register, 4);
    }

    void set(int register, int value) {
        controller.write(register, 4, value & 0xffff_ffffL);
    }

    int get(int port, int register) {
        return get(AhciLayout.PORTS_START + port * AhciLayout.PORT_BYTES + register);
    }

    void set(int port, int register, int value) {
        set(AhciLayout.PORTS_START + port * AhciLayout.PORT_BYTES + register, value);
    }

    /// Interrupts on, lists and FISes in their places, commands served.
    void start(int port) {
        set(AhciLayout.GHC, AhciLayout.GHC_INTERRUPTS);
        set(port, AhciLayout.P_CLB, (int) list(port));
        set(port, AhciLayout.P_CLBU, 0);
        set(port, AhciLayout.P_FB, (int) fises(port));
        set(port, AhciLayout.P_FBU, 0);
        set(port, AhciLayout.P_SERR, -1);
        set(port, AhciLayout.P_IE, -1);
        set(port, AhciLayout.P_CMD, AhciLayout.CMD_RECEIVE);
        set(port, AhciLayout.P_CMD, AhciLayout.CMD_RECEIVE | AhciLayout.CMD_START);
    }

    void restart(int port) {
        set(port, AhciLayout.P_CMD, AhciLayout.CMD_RECEIVE);
        set(port, AhciLayout.P_IS, -1);
        set(port, AhciLayout.P_CMD, AhciLayout.CMD_RECEIVE | AhciLayout.CMD_START);
    }

    // ---- structures ----

    static long list(int port) {
        return LISTS + port * 0x400L;
    }

    static long fises(int port) {
        return FISES + port * 0x100L;
    }

    static long table(int slot) {
        return TABLES + slot * TABLE_BYTES;
    }

    /// Describes a command in `slot`, with PRDs of the given lengths from `gpa` on, one behind the other.
    void describe(int port, int slot, Command command, long gpa, int... lengths) {
        header(port, slot, 5, lengths.length);
        byte[] fis = {AhciLayout.FIS_HOST_REGISTER, (byte) AhciLayout.FIS_COMMAND, (byte) command.code,
            (byte) command.features, (byte) command.lba, (byte) (command.lba >>> 8), (byte) (command.lba >>> 16),
            (byte) command.device, (byte) (command.lba >>> 24), (byte) (command.lba >>> 32),
            (byte) (command.lba >>> 40), (byte) (command.features >>> 8), (byte) command.count,
            (byte) (command.count >>> 8), 0, 0, 0, 0, 0, 0};
        host.memory.store(table(slot), fis);
        long at = gpa;
        for (int i = 0; i < lengths.length; i++) {
            prd(slot, i, at, lengths[i]);
            at += lengths[i];
        }
    }

    void prd(int slot, int index, long gpa, int length) {
        long at = table(slot) + AhciLayout.T_DESCRIPTORS + 16L * index;
        host.memory.storeLong(at, gpa);
        host.memory.storeLong(at + 8, (length - 1L) << 32);
    }

    void header(int port, int slot, int flags, int descriptors) {
        long at = list(port) + 32L * slot;
        host.memory.storeLong(at, flags | (long) descriptors << 16);
        host.memory.storeLong(at + 8, table(slot));
    }

    /// The control half of a reset by software.
    void describeControl(int port, int slot, int control) {
        header(port, slot, 5, 0);
        byte[] fis = new byte[20];
        fis[0] = AhciLayout.FIS_HOST_REGISTER;
        fis[15] = (byte) control;
        host.memory.store(table(slot), fis);
    }

    /// Runs one command in slot 0.
    ///
    /// @return the task file's status
    int run(int port, Command command, long gpa, int... lengths) {
        describe(port, 0, command, gpa, lengths);
        set(port, CI, 1);
        return get(port, TFD) & 0xff;
    }

    /// Runs one packet in slot 0.
    int packet(byte[] block, int features, long gpa, int... lengths) {
        describe(CD, 0, new Command(AtaLayout.PACKET, 0, 0, features, 0), gpa, lengths);
        header(CD, 0, 5 | AhciLayout.H_PACKET, lengths.length);
        host.memory.store(table(0) + AhciLayout.T_PACKET, Arrays.copyOf(block, 16));
        set(CD, CI, 1);
        return get(CD, TFD) & 0xff;
    }

    byte[] data(long gpa, int length) {
        byte[] found = new byte[length];
        host.memory.load(gpa, found, 0, length);
        return found;
    }

    @Override
    public void close() {
        host.close();
    }
}
