// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

import org.javisor.devices.net.MacAddress;
import org.javisor.memory.Clock;

/// The registers: what reading and writing each does. Most only hold what was written.
///
/// Guarded by the card's lock.
final class RegisterFile {
    private static final int ADDRESS_VALID = 1 << 31;
    private static final int EERD_START = 1;
    private static final int RECEIVE_ALIASES = 0x108, TRANSMIT_ALIASES = 0x420;
    private static final int STATUS_RESET = Layout.STATUS_FULL_DUPLEX | Layout.STATUS_1000;
    private static final int NANOS_BITS = 24;

    /// What the card has to do after a write.
    enum Effect { NONE, TRANSMIT, RECEIVE, RESET }

    private final Model model;
    private final Clock clock;
    private final int[] registers;
    private final Interrupts interrupts;
    private final Statistics statistics;
    private final Eeprom eeprom;
    private final Phy phy;

    RegisterFile(Model model, MacAddress address, Clock clock, int[] registers, Interrupts interrupts,
            Statistics statistics) {
        this.model = model;
        this.clock = clock;
        this.registers = registers;
        this.interrupts = interrupts;
        this.statistics = statistics;
        this.eeprom = new Eeprom(model, address);
        this.phy = new Phy(model);
    }

    Eeprom eeprom() {
        return eeprom;
    }

    Phy phy() {
        return phy;
    }

    boolean phyLoopback() {
        return phy.loopback();
    }

    // ---- reading ----

    /// Reads the register at `offset`, a multiple of 4.
    int read(int offset) {
        int at = canonical(offset);
        if (at >= Layout.REGISTERS_END) {
            return 0;
        }
        if (at >= Statistics.FIRST && at < Statistics.END) {
            return statistics.read(at);
        }
        return switch (at) {
            case Layout.STATUS -> status();
            case Layout.EECD -> eeprom.readControl();
            case Layout.CTRL_EXT -> interrupts.controlExtended();
            case Layout.ICR -> interrupts.readCauses();
            case Layout.ITR -> interrupts.interval(0);
            case Layout.IMS -> interrupts.mask();
            case Layout.ICS, Layout.IMC -> 0;
            case Layout.SWSM -> takeSemaphore();
            case Layout.SYSTIML -> (int) systemTime();
            case Layout.SYSTIMH -> (int) (systemTime() >>> 32);
            default -> model.express() ? readExpress(at) : registers[at >>> 2];
        };
    }

    private int readExpress(int at) {
        if (isInterval(at)) {
            return interrupts.interval((at - Layout.EITR) / 4);
        }
        return switch (at) {
            case Layout.EIAC -> interrupts.autoClear();
            case Layout.IAM -> interrupts.autoMask();
            case Layout.IVAR -> interrupts.allocation();
            case Layout.EEMNGCTL -> registers[at >>> 2] | Layout.NVM_CONFIGURED;
            default -> registers[at >>> 2];
        };
    }

    private static boolean isInterval(int at) {
        return at >= Layout.EITR && at < Layout.EITR + 4 * Interrupts.VECTORS;
    }

    private int status() {
        int control = registers[Layout.CTRL >>> 2];
        return STATUS_RESET | ((control & Layout.CTRL_LINK_UP) != 0 ? Layout.STATUS_LINK_UP : 0)
                | (model.express() && (control & Layout.CTRL_MASTER_DISABLE) == 0 ? Layout.STATUS_MASTER : 0);
    }

    /// Who reads zero has it.
    private int takeSemaphore() {
        int value = registers[Layout.SWSM >>> 2];
        registers[Layout.SWSM >>> 2] |= Layout.SWSM_SMBI;
        return value;
    }

    /// The time for stamps: so much a period as the driver chose, a period being so many clocks of 40 ns.
    private long systemTime() {
        int increment = registers[Layout.TIMINCA >>> 2];
        int period = increment >>> NANOS_BITS;
        return period == 0 ? 0 : clock.nanos() / (period * 40L) * (increment & (1 << NANOS_BITS) - 1);
    }

    // ---- writing ----

    /// Writes the register at `offset`, a multiple of 4.
    Effect write(int offset, int value) {
        int at = canonical(offset);
        if (at >= Layout.REGISTERS_END || at >= Statistics.FIRST && at < Statistics.END) {
            return Effect.NONE;
        }
        switch (at) {
            case Layout.CTRL -> {
                return writeControl(value);
            }
            case Layout.STATUS, Layout.SYSTIML, Layout.SYSTIMH -> { }
            case Layout.EECD -> eeprom.writeControl(value);
            case Layout.EERD -> registers[at >>> 2] = readWord(value);
            case Layout.CTRL_EXT -> interrupts.controlExtended(value);
            case Layout.MDIC -> registers[at >>> 2] = manage(value);
            case Layout.ICR -> interrupts.clearCauses(value);
            case Layout.ITR -> interrupts.interval(0, value);
            case Layout.ICS -> interrupts.raise(value);
            case Layout.IMS -> interrupts.unmask(value);
            case Layout.IMC -> interrupts.mask(value);
            default -> {
                if (!model.express() || !writeExpress(at, value)) {
                    registers[at >>> 2] = value;
                }
            }
        }
        return effect(at);
    }

    private boolean writeExpress(int at, int value) {
        if (isInterval(at)) {
            interrupts.interval((at - Layout.EITR) / 4, value);
            return true;
        }
        switch (at) {
            case Layout.EIAC -> interrupts.autoClear(value);
            case Layout.IAM -> interrupts.autoMask(value);
            case Layout.IVAR -> interrupts.allocation(value);
            default -> {
                return false;
            }
        }
        return true;
    }

    private static Effect effect(int at) {
        return switch (at & ~Layout.QUEUE_STRIDE) {
            case Layout.TX_QUEUE + Layout.TAIL -> Effect.TRANSMIT;
            case Layout.RX_QUEUE + Layout.TAIL -> Effect.RECEIVE;
            default -> at == Layout.TCTL ? Effect.TRANSMIT : at == Layout.RCTL ? Effect.RECEIVE : Effect.NONE;
        };
    }

    private Effect writeControl(int value) {
        if ((value & Layout.CTRL_RESET) != 0) {
            return Effect.RESET;
        }
        int old = registers[Layout.CTRL >>> 2];
        registers[Layout.CTRL >>> 2] = value & ~Layout.CTRL_PHY_RESET;
        if ((value & Layout.CTRL_PHY_RESET) != 0) {
            phy.reset();
        }
        if (((old ^ value) & Layout.CTRL_LINK_UP) != 0) {
            interrupts.raise(Layout.LSC);
        }
        return Effect.NONE;
    }

    /// EERD: both models put address and "done" elsewhere.
    private int readWord(int value) {
        if ((value & EERD_START) == 0) {
            return value;
        }
        int index = model.express() ? value >>> 2 & 0x3fff : value >>> 8 & 0xff;
        int done = model.express() ? 1 << 1 : 1 << 4;
        return value & 0xffff & ~EERD_START | done | eeprom.word(index) << 16;
    }

    /// MDIC: an access to the transceiver, done at once.
    private int manage(int value) {
        int register = value >>> 16 & 31;
        int station = value >>> 21 & 31;
        int result = value & ~(Layout.MDIC_READY | Layout.MDIC_ERROR);
        if (station != 1) {
            result |= Layout.MDIC_ERROR;
        } else if ((value & Layout.MDIC_OP) == Layout.MDIC_READ) {
            result = result & ~0xffff | phy.read(register);
        } else if ((value & Layout.MDIC_OP) == Layout.MDIC_WRITE) {
            phy.write(register, value & 0xffff);
        } else {
            result |= Layout.MDIC_ERROR;
        }
        if ((value & Layout.MDIC_INTERRUPT) != 0) {
            interrupts.raise(Layout.MDAC);
        }
        return result | Layout.MDIC_READY;
    }

    /// The place of a register that the 82542 had elsewhere, where old drivers still look.
    private static int canonical(int offset) {
        if (offset >= RECEIVE_ALIASES && offset <= 0x128) {
            return switch (offset) {
                case 0x108 -> 0x2820;
                case 0x110, 0x114, 0x118 -> Layout.RX_QUEUE + offset - 0x110;
                case 0x120, 0x128 -> Layout.RX_QUEUE + offset - 0x110;
                default -> offset;
            };
        }
        if (offset >= TRANSMIT_ALIASES && offset <= 0x440) {
            return switch (offset) {
                case 0x420, 0x424, 0x428, 0x430, 0x438, 0x440 -> Layout.TX_QUEUE + offset - 0x420;
                default -> offset;
            };
        }
        return offset >= 0x200 && offset < 0x400 ? Layout.MTA + offset - 0x200 : offset;
    }

    // ---- life ----

    /// To what the reset bit leaves; the EEPROM and the transceiver have their own.
    void reset() {
        registers[Layout.CTRL >>> 2] = Layout.CTRL_LINK_UP | 1 | 2 << 8;
        registers[Layout.VET >>> 2] = 0x8100;
        registers[Layout.PBA >>> 2] = model.express() ? 0x0014_0014 : 0x0010_0030;
        registers[Layout.RA >>> 2] = eeprom.word(0) | eeprom.word(1) << 16;
        registers[Layout.RA + 4 >>> 2] = eeprom.word(2) | ADDRESS_VALID;
        eeprom.reset();
    }

    /// What only power does.
    void powerOn() {
        phy.reset();
        reset();
    }
}
