// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

/// Registers of the controller and of its ports, and structures in memory.
///
/// ```
/// 0x000 generic host control    0x100 port 0    0x180 port 1    ...
///
/// command list: 32 headers           command table              received FISes
///   0 flags, PRDTL, PRDBC, CTBA        0x00 command FIS           0x00 DMA setup
///  32 ...                              0x40 ATAPI command         0x20 PIO setup
///                                      0x80 PRDs of 16 bytes      0x40 device to host register
///                                                                 0x58 set device bits
/// ```
///
/// @ahci 1.3.1 §3 "HBA Memory Registers", §4 "System Memory Structures"
final class AhciLayout {
    static final int BYTES = 0x1000;

    static final int CAP = 0x00, GHC = 0x04, IS = 0x08, PI = 0x0c, VS = 0x10, CAP2 = 0x24, BOHC = 0x28;
    static final int PORTS_START = 0x100, PORT_BYTES = 0x80;

    static final int VERSION = 0x0001_0301;
    static final int CAP_64_BIT = 1 << 31, CAP_NCQ = 1 << 30, CAP_CLO = 1 << 24, CAP_AHCI_ONLY = 1 << 18,
            CAP_SPEED_SHIFT = 20, CAP_SLOTS_SHIFT = 8;
    static final int GHC_AHCI = 1 << 31, GHC_INTERRUPTS = 2, GHC_RESET = 1;

    // Registers of a port.
    static final int P_CLB = 0x00, P_CLBU = 0x04, P_FB = 0x08, P_FBU = 0x0c, P_IS = 0x10, P_IE = 0x14, P_CMD = 0x18,
            P_TFD = 0x20, P_SIG = 0x24, P_SSTS = 0x28, P_SCTL = 0x2c, P_SERR = 0x30, P_SACT = 0x34, P_CI = 0x38;

    static final int CMD_START = 1, CMD_SPIN_UP = 2, CMD_POWER_ON = 4, CMD_OVERRIDE = 8, CMD_RECEIVE = 0x10,
            CMD_SLOT_SHIFT = 8, CMD_SLOT = 0x1f00, CMD_RECEIVING = 1 << 14, CMD_RUNNING = 1 << 15,
            CMD_ATAPI = 1 << 24, CMD_LED = 1 << 25;
    /// What a driver writes and reads back.
    static final int CMD_WRITABLE = CMD_START | CMD_RECEIVE | CMD_ATAPI | CMD_LED;

    // Causes of a port's interrupt.
    static final int IS_REGISTER = 1, IS_PIO_SETUP = 2, IS_DEVICE_BITS = 8, IS_DESCRIPTOR = 0x20,
            IS_CONNECT_CHANGE = 0x40, IS_READY_CHANGE = 1 << 22, IS_OVERFLOW = 1 << 24, IS_INTERFACE = 1 << 27,
            IS_HOST_BUS = 1 << 29, IS_TASK_FILE = 1 << 30;
    /// Those that follow from other registers and cannot be cleared by themselves.
    static final int IS_READ_ONLY = IS_CONNECT_CHANGE | IS_READY_CHANGE;
    static final int IE_WRITABLE = 0xfdc0_00ff;

    static final int SERR_EXCHANGED = 1 << 26, SERR_READY_CHANGE = 1 << 16;
    static final int SCTL_WRITABLE = 0xfff, DETECTION = 0xf, DETECTION_RESET = 1, DETECTION_OFF = 4;
    /// A drive at 3 Gbit/s, active.
    static final int LINK_UP = 0x123;
    static final int NO_SIGNATURE = -1, NO_DEVICE_STATUS = 0x7f;

    // A command header.
    static final int HEADER_BYTES = 32, H_PRDBC = 4, H_TABLE = 8, H_PRDTL_SHIFT = 16;
    static final int H_PACKET = 0x20, H_CLEAR_BUSY = 0x400;
    static final int SLOTS = 32;

    // A command table.
    static final int T_PACKET = 0x40, T_DESCRIPTORS = 0x80, DESCRIPTOR_BYTES = 16;
    static final int D_COUNT = 0x3f_ffff, D_INTERRUPT = 1 << 31;

    // Received FISes, and types of FIS.
    static final int R_PIO_SETUP = 0x20, R_REGISTER = 0x40, R_DEVICE_BITS = 0x58;
    static final int FIS_HOST_REGISTER = 0x27, FIS_DEVICE_REGISTER = 0x34, FIS_DEVICE_BITS = 0xa1,
            FIS_PIO_SETUP = 0x5f;
    static final int FIS_REGISTER_BYTES = 20, FIS_DEVICE_BITS_BYTES = 8;
    static final int FIS_COMMAND = 0x80, FIS_INTERRUPT = 0x40, FIS_TO_HOST = 0x20;

    private AhciLayout() { }
}
