// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import org.javisor.devices.ata.TaskFile;
import org.javisor.memory.DmaSpace;

/// What a drive sends to its host, put where the driver wants to find it.
///
/// @sata Serial ATA 3.2 §10.5 "FIS types"
/// @ahci 1.3.1 §4.2.1 "Received FIS Structure"
final class ReceivedFis {
    private final DmaSpace memory;
    private final byte[] fis = new byte[AhciLayout.FIS_REGISTER_BYTES];

    ReceivedFis(DmaSpace memory) {
        this.memory = memory;
    }

    /// A register FIS that says how a command ended.
    void register(long area, TaskFile file, boolean interrupt) {
        fill(AhciLayout.FIS_DEVICE_REGISTER, interrupt ? AhciLayout.FIS_INTERRUPT : 0, file);
        fis[2] = (byte) file.status;
        memory.store(area + AhciLayout.R_REGISTER, fis);
    }

    /// The setup of a PIO transfer of `bytes` bytes, after which the registers are as in `file`.
    void pioSetup(long area, TaskFile file, int statusBefore, boolean toHost, long bytes) {
        fill(AhciLayout.FIS_PIO_SETUP, AhciLayout.FIS_INTERRUPT | (toHost ? AhciLayout.FIS_TO_HOST : 0), file);
        fis[2] = (byte) statusBefore;
        fis[15] = (byte) file.status;
        fis[16] = (byte) bytes;
        fis[17] = (byte) (bytes >>> 8);
        memory.store(area + AhciLayout.R_PIO_SETUP, fis);
    }

    private void fill(int type, int flags, TaskFile file) {
        fis[0] = (byte) type;
        fis[1] = (byte) flags;
        fis[3] = (byte) file.error;
        for (int n = 0; n < 3; n++) {
            fis[4 + n] = (byte) file.lbaByte(n);
            fis[8 + n] = (byte) file.lbaByte(3 + n);
        }
        fis[7] = (byte) file.device;
        fis[11] = 0;
        fis[12] = (byte) file.count;
        fis[13] = (byte) (file.count >>> 8);
        fis[14] = fis[15] = fis[16] = fis[17] = fis[18] = fis[19] = 0;
    }

    /// That the queued commands in `tags` are done, or that one has failed.
    void deviceBits(long area, int status, int error, int tags) {
        memory.storeInt(area + AhciLayout.R_DEVICE_BITS, AhciLayout.FIS_DEVICE_BITS
                | AhciLayout.FIS_INTERRUPT << 8 | (status & 0x77) << 16 | error << 24);
        memory.storeInt(area + AhciLayout.R_DEVICE_BITS + 4, tags);
    }
}
