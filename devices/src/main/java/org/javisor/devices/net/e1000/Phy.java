// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import java.util.Arrays;

/// The transceiver, an M88E1011 or its successor, reached through MDIC: always linked at 1000 Mb/s, full duplex, with
/// a partner that can do everything.
///
/// Guarded by the card's lock.
///
/// @ieee 802.3 §22.2.4 "Management functions"
final class Phy {
    static final int REGISTERS = 32;

    private static final int CONTROL = 0, STATUS = 1, ID_HIGH = 2, ID_LOW = 3, ADVERTISEMENT = 4, PARTNER = 5,
            EXPANSION = 6, GIGABIT_CONTROL = 9, GIGABIT_STATUS = 10, EXTENDED_STATUS = 15, SPECIFIC_CONTROL = 16,
            SPECIFIC_STATUS = 17, INTERRUPTS = 19;
    private static final int RESET = 0x8000, LOOPBACK = 0x4000, RESTART = 0x200;
    /// All abilities, negotiation done, link up, extended registers present.
    private static final int STATUS_VALUE = 0x796d;
    /// 1000 Mb/s, full duplex, resolved, link up.
    private static final int SPECIFIC_STATUS_VALUE = 0xac00;

    private final int[] registers = new int[REGISTERS];
    private final int id;

    Phy(Model model) {
        id = model.phyId;
        reset();
    }

    int read(int register) {
        return registers[register];
    }

    void write(int register, int value) {
        switch (register) {
            case CONTROL -> {
                if ((value & RESET) != 0) {
                    reset();
                } else {
                    registers[CONTROL] = value & ~(RESET | RESTART);
                }
            }
            case STATUS, ID_HIGH, ID_LOW, PARTNER, EXPANSION, GIGABIT_STATUS, EXTENDED_STATUS, SPECIFIC_STATUS,
                    INTERRUPTS -> { }
            default -> registers[register] = value & 0xffff;
        }
    }

    /// Whether what is sent comes back.
    boolean loopback() {
        return (registers[CONTROL] & LOOPBACK) != 0;
    }

    void reset() {
        Arrays.fill(registers, 0);
        registers[CONTROL] = 0x1140;
        registers[STATUS] = STATUS_VALUE;
        registers[ID_HIGH] = id >>> 16;
        registers[ID_LOW] = id & 0xffff;
        registers[ADVERTISEMENT] = 0x0de1;
        registers[PARTNER] = 0x45e1;
        registers[EXPANSION] = 7;
        registers[GIGABIT_CONTROL] = 0x0e00;
        registers[GIGABIT_STATUS] = 0x3c00;
        registers[EXTENDED_STATUS] = 0x3000;
        registers[SPECIFIC_CONTROL] = 0x0060;
        registers[SPECIFIC_STATUS] = SPECIFIC_STATUS_VALUE;
    }

    int[] save() {
        return registers.clone();
    }

    void load(int[] saved) {
        System.arraycopy(saved, 0, registers, 0, REGISTERS);
    }
}
