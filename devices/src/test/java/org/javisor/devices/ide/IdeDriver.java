// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

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

/// The driver's side of an IDE controller with a disk as the first channel's master and a CD drive as its slave. Drives
/// work in place, within the access that lets them, unless an executor says otherwise.
final class IdeDriver implements AutoCloseable {
    static final int BLOCK = 0x1f0, CONTROL = 0x3f6, OTHER_BLOCK = 0x170;
    static final int ERROR = 1, FEATURES = 1, COUNT = 2, LOW = 3, MID = 4, HIGH = 5, DEVICE = 6, STATUS = 7;
    static final int SLAVE = AtaLayout.DEV;
    static final int MASTER_COMMAND = 0, MASTER_STATUS = 2, MASTER_TABLE = 4;
    static final int READY = AtaLayout.DRDY | AtaLayout.DSC;
    static final int MASTERS = 0xc000;
    static final long DISK_BYTES = 1 << 20, CD_BYTES = 64 << 10;
    static final long TABLE = 0x1000, DATA = 0x20_0000;

    final PciHost host = new PciHost();
    final MemoryDisk disk = new MemoryDisk(DISK_BYTES);
    final MemoryDisk cd = new MemoryDisk(CD_BYTES);
    final CdDrive drive = new CdDrive(cd, "cd-serial");
    final IdeController controller;

    IdeDriver() {
        this(Runnable::run);
    }

    IdeDriver(Executor worker) {
        controller = new IdeController(Arrays.asList(new AtaDisk(disk, new Identity("a disk", "serial", false)),
                new PacketDevice(drive, new Identity("a CD drive", "serial 2", false))), host.memory, host.bus(),
                        host.ports,
                irq -> host.gsis[irq], _ -> worker);
        host.plug(controller.function());
        controller.function().writeConfig(0x20, 4, MASTERS);
        controller.function().writeConfig(ConfigSpace.COMMAND, 2, 5);
    }

    /// The device alone, as it is before anybody has touched it.
    IdeController untouched() {
        controller.reset();
        return controller;
    }

    int in(int port) {
        return (int) host.ports.read(port, 1);
    }

    void out(int port, int value) {
        host.ports.write(port, 1, value);
    }

    int status() {
        return in(CONTROL);
    }

    /// Issues a command with 28 bits of address.
    void command(int code, int device, long lba, int count) {
        out(BLOCK + DEVICE, device | AtaLayout.LBA | (int) (lba >>> 24) & 0xf);
        out(BLOCK + COUNT, count & 0xff);
        out(BLOCK + LOW, (int) lba & 0xff);
        out(BLOCK + MID, (int) (lba >>> 8) & 0xff);
        out(BLOCK + HIGH, (int) (lba >>> 16) & 0xff);
        out(BLOCK + STATUS, code);
    }

    /// Issues a command with 48 bits of address.
    void commandExt(int code, long lba, int count) {
        out(BLOCK + DEVICE, AtaLayout.LBA);
        out(BLOCK + COUNT, count >>> 8);
        out(BLOCK + COUNT, count & 0xff);
        for (int half = 24; half >= 0; half -= 24) {
            for (int n = 0; n < 3; n++) {
                out(BLOCK + LOW + n, (int) (lba >>> half + 8 * n) & 0xff);
            }
        }
        out(BLOCK + STATUS, code);
    }

    /// Issues a packet.
    ///
    /// @param limit the most bytes of a block
    void packet(byte[] block, int features, int limit) {
        out(BLOCK + DEVICE, SLAVE);
        out(BLOCK + FEATURES, features);
        out(BLOCK + MID, limit & 0xff);
        out(BLOCK + HIGH, limit >>> 8);
        out(BLOCK + STATUS, AtaLayout.PACKET);
        for (int i = 0; i < PacketDevice.BLOCK_BYTES; i += 2) {
            host.ports.write(BLOCK, 2, block[i] & 0xff | (block[i + 1] & 0xff) << 8);
        }
    }

    byte[] readData(int bytes) {
        byte[] found = new byte[bytes];
        for (int i = 0; i < bytes; i += 2) {
            long word = host.ports.read(BLOCK, 2);
            found[i] = (byte) word;
            found[i + 1] = (byte) (word >>> 8);
        }
        return found;
    }

    void writeData(byte[] bytes) {
        for (int i = 0; i < bytes.length; i += 4) {
            host.ports.write(BLOCK, 4, (bytes[i] & 0xff | (bytes[i + 1] & 0xff) << 8 | (bytes[i + 2] & 0xff) << 16
                    | (bytes[i + 3] & 0xff) << 24) & 0xffff_ffffL);
        }
    }

    /// Describes one region of the first channel's table.
    void region(int index, long gpa, int bytes, boolean last) {
        host.memory.storeLong(TABLE + 8L * index, gpa | (long) (bytes & 0xffff) << 32 | (last ? 1L << 63 : 0));
        host.ports.write(MASTERS + MASTER_TABLE, 4, TABLE);
    }

    void startMaster(boolean toMemory) {
        out(MASTERS + MASTER_STATUS, 0x66);
        out(MASTERS + MASTER_COMMAND, toMemory ? 9 : 1);
    }

    void stopMaster() {
        out(MASTERS + MASTER_COMMAND, 0);
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
