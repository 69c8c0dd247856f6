// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

/// Offsets of registers, and the bits in them that mean something here.
///
/// @datasheet Intel 317453 §13 "Register Descriptions"; Intel 82574 §10 "Driver Programing Interface"
final class Layout {
    static final int BAR_BYTES = 0x20000;
    /// Behind the last register.
    static final int REGISTERS_END = 0xc000;

    static final int CTRL = 0x0, STATUS = 0x8, EECD = 0x10, EERD = 0x14, CTRL_EXT = 0x18, MDIC = 0x20, VET = 0x38;
    static final int ICR = 0xc0, ITR = 0xc4, ICS = 0xc8, IMS = 0xd0, IMC = 0xd8, EIAC = 0xdc, IAM = 0xe0, IVAR = 0xe4,
            EITR = 0xe8;
    static final int RCTL = 0x100, TCTL = 0x400, EXTCNF_CTRL = 0xf00, PBA = 0x1000, EEMNGCTL = 0x1010;
    static final int RX_QUEUE = 0x2800, TX_QUEUE = 0x3800, QUEUE_STRIDE = 0x100;
    static final int RXCSUM = 0x5000, RFCTL = 0x5008, MTA = 0x5200, RA = 0x5400, VFTA = 0x5600, MRQC = 0x5818;
    static final int SWSM = 0x5b50, RETA = 0x5c00, RSSRK = 0x5c80;
    static final int SYSTIML = 0xb600, SYSTIMH = 0xb604, TIMINCA = 0xb608;

    /// Registers of a queue, from [#RX_QUEUE] or [#TX_QUEUE].
    static final int BASE_LOW = 0x0, BASE_HIGH = 0x4, LENGTH = 0x8, HEAD = 0x10, TAIL = 0x18;

    static final int CTRL_MASTER_DISABLE = 1 << 2, CTRL_LINK_UP = 1 << 6, CTRL_RESET = 1 << 26, CTRL_VLAN = 1 << 30,
            CTRL_PHY_RESET = 1 << 31;
    static final int STATUS_FULL_DUPLEX = 1, STATUS_LINK_UP = 2, STATUS_1000 = 2 << 6, STATUS_MASTER = 1 << 19;
    static final int CTRL_EXT_IAME = 1 << 27;
    static final int MDIC_OP = 3 << 26, MDIC_WRITE = 1 << 26, MDIC_READ = 2 << 26, MDIC_READY = 1 << 28,
            MDIC_INTERRUPT = 1 << 29, MDIC_ERROR = 1 << 30;
    static final int SWSM_SMBI = 1;
    static final int NVM_CONFIGURED = 1 << 18;

    static final int RCTL_ENABLE = 1 << 1, RCTL_UNICAST = 1 << 3, RCTL_MULTICAST = 1 << 4, RCTL_LONG = 1 << 5,
            RCTL_LOOPBACK = 1 << 6, RCTL_BROADCAST = 1 << 15, RCTL_VLAN_FILTER = 1 << 18, RCTL_STRIP_CRC = 1 << 26,
            RCTL_SPLIT = 1 << 10;
    static final int TCTL_ENABLE = 1 << 1, TCTL_PAD = 1 << 3;
    static final int RXCSUM_IP = 1 << 8, RXCSUM_TCP = 1 << 9, RXCSUM_HASH = 1 << 13;
    static final int RFCTL_EXTENDED = 1 << 15;

    static final int TXDW = 1, TXQE = 1 << 1, LSC = 1 << 2, RXDMT0 = 1 << 4, RXO = 1 << 6, RXT0 = 1 << 7,
            MDAC = 1 << 9, RXQ0 = 1 << 20, TXQ0 = 1 << 22, OTHER = 1 << 24, INT_ASSERTED = 1 << 31;

    private Layout() { }
}
