// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import org.javisor.devices.ata.AtaLayout;
import org.javisor.devices.ata.PacketDevice;
import org.javisor.devices.ata.TaskFile;
import org.javisor.devices.block.ScatterList;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// One command of a list, as the driver has written it. Every field is read once.
///
/// Memory that is not there throws [GuestMemory.OutOfRangeException].
///
/// @ahci 1.3.1 §4.2.2 "Command List Structure", §4.2.3 "Command Table"
final class CommandSlot {
    private static final int DEVICE_CONTROL = 15;

    private final DmaSpace memory;
    private final byte[] fis = new byte[AhciLayout.FIS_REGISTER_BYTES];
    private final ScatterList data;
    private long header;
    private long table;
    private int flags;
    private boolean interrupting;

    CommandSlot(DmaSpace memory) {
        this.memory = memory;
        this.data = new ScatterList(memory);
    }

    /// Reads header and command FIS of slot `number` in the list at `list`.
    void fetch(long list, int number) {
        header = list + (long) AhciLayout.HEADER_BYTES * number;
        flags = memory.loadInt(header);
        table = memory.loadLong(header + AhciLayout.H_TABLE) & ~0x7fL;
        for (int at = 0; at < fis.length; at += 4) {
            int four = memory.loadInt(table + at);
            fis[at] = (byte) four;
            fis[at + 1] = (byte) (four >>> 8);
            fis[at + 2] = (byte) (four >>> 16);
            fis[at + 3] = (byte) (four >>> 24);
        }
    }

    private int field(int at) {
        return fis[at] & 0xff;
    }

    /// Whether it is a register FIS, the only kind that a drive obeys.
    boolean isRegisterFis() {
        return field(0) == AhciLayout.FIS_HOST_REGISTER;
    }

    /// Whether the FIS is a command; else it sets the device control register.
    boolean isCommand() {
        return (field(1) & AhciLayout.FIS_COMMAND) != 0;
    }

    boolean softReset() {
        return (field(DEVICE_CONTROL) & AtaLayout.SRST) != 0;
    }

    /// Takes the registers of the FIS over.
    void fill(TaskFile file) {
        file.command = field(2);
        file.features = field(3) | field(11) << 8;
        file.device = field(7);
        file.count = field(12) | field(13) << 8;
        file.lba = 0;
        for (int n = 0; n < 3; n++) {
            file.setLbaByte(n, field(4 + n));
            file.setLbaByte(3 + n, field(8 + n));
        }
    }

    byte[] packet() {
        byte[] block = new byte[PacketDevice.BLOCK_BYTES];
        memory.load(table + AhciLayout.T_PACKET, block, 0, block.length);
        return block;
    }

    /// Reads as much of the PRD table as `wanted` bytes need.
    ///
    /// @return false if it names what is no memory
    boolean describe(long wanted, boolean toBeWritten) {
        data.clear();
        interrupting = false;
        int count = flags >>> AhciLayout.H_PRDTL_SHIFT;
        for (int i = 0; i < count && data.bytes() < wanted; i++) {
            long at = table + AhciLayout.T_DESCRIPTORS + (long) AhciLayout.DESCRIPTOR_BYTES * i;
            int control = memory.loadInt(at + 12);
            long length = Math.min((control & AhciLayout.D_COUNT | 1) + 1, wanted - data.bytes());
            if (!data.add(memory.loadLong(at) & ~1L, length, toBeWritten)) {
                return false;
            }
            interrupting |= (control & AhciLayout.D_INTERRUPT) != 0;
        }
        return true;
    }

    /// What [#describe] found.
    ScatterList data() {
        return data;
    }

    /// Whether a PRD that was used asks for an interrupt.
    boolean interrupting() {
        return interrupting;
    }

    /// Tells the driver how many bytes were moved.
    void storeCount(long bytes) {
        memory.storeInt(header + AhciLayout.H_PRDBC, (int) bytes);
    }
}
