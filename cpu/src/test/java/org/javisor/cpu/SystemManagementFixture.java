// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.HexFormat;
import org.javisor.memory.BusDevice;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.junit.jupiter.api.AfterEach;

/// A guest with SMRAM and an SMI handler in it.
abstract class SystemManagementFixture {
    static final int SMBASE = (int) SystemManagement.DEFAULT_BASE, ENTRY = SMBASE + 0x8000,
            SMRAM_BYTES = 0x10000;
    static final int COMMAND_PORT = 0xb2;
    // rsm
    static final String RSM = "0faa";

    private final Ram smram = Ram.allocate(SMRAM_BYTES);
    SystemGuest guest;

    @AfterEach
    void close() {
        if (guest != null) {
            guest.close();
        }
        smram.close();
    }

    Cpu start(SystemGuest started, String handler) {
        guest = started;
        guest.memory.management().addSlot(0, SMBASE, smram);
        handler(ENTRY, handler);
        return guest.cpu;
    }

    void handler(long gpa, String hex) {
        management().store(gpa, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    GuestMemory management() {
        return guest.memory.management();
    }

    long saved(int offset, int bytes) {
        return management().load(SMBASE + offset, bytes);
    }

    void smi() {
        guest.cpu.request(Requests.SMI);
    }

    /// Has writes to port 0xb2 raise SMIs.
    void attachCommandPort() {
        guest.ports.attach(COMMAND_PORT, 2, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                smi();
            }
        }, "SMI command");
    }
}
