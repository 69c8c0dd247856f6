// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.xhci;

/// Registers, TRBs and contexts of an xHCI controller.
///
/// @xhci 1.1 §5 "Register Interface", §6 "Data Structures"
final class XhciLayout {
    // BAR 0.
    static final int OPERATIONAL = 0x40, PORTS = 0x440, PORT_BYTES = 0x10, EXTENDED = 0x800, RUNTIME = 0x1000,
            INTERRUPTERS = 0x1020, INTERRUPTER_BYTES = 0x20, DOORBELLS = 0x2000, BAR_BYTES = 0x4000;

    // What there is.
    static final int MAX_SLOTS = 64, MAX_INTERRUPTERS = 8, PORTS_OF_EACH = 8, MAX_PORTS = 2 * PORTS_OF_EACH,
            SEGMENTS_SHIFT = 4, MAX_SEGMENTS = 1 << SEGMENTS_SHIFT;

    // Capability registers.
    static final int CAPLENGTH = 0, HCSPARAMS1 = 4, HCSPARAMS2 = 8, HCSPARAMS3 = 0xc, HCCPARAMS1 = 0x10, DBOFF = 0x14,
            RTSOFF = 0x18, HCCPARAMS2 = 0x1c;
    static final int VERSION = 0x0110, ADDRESS_64 = 1;

    // Operational registers.
    static final int USBCMD = 0x40, USBSTS = 0x44, PAGESIZE = 0x48, DNCTRL = 0x54, CRCR = 0x58, DCBAAP = 0x70,
            CONFIG = 0x78;
    static final int CMD_RUN = 1, CMD_RESET = 2, CMD_INTERRUPTS = 4, CMD_SYSTEM_ERRORS = 8, CMD_RESTORE = 0x200,
            CMD_WRAP_EVENTS = 0x400;
    static final int STS_HALTED = 1, STS_SYSTEM_ERROR = 4, STS_INTERRUPT = 8, STS_PORT_CHANGE = 0x10,
            STS_RESTORE_ERROR = 0x400;
    static final int STS_CLEARABLE = STS_SYSTEM_ERROR | STS_INTERRUPT | STS_PORT_CHANGE | STS_RESTORE_ERROR;
    static final int CR_CYCLE = 1, CR_STOP = 2, CR_ABORT = 4, CR_RUNNING = 8;

    // Types of TRBs.
    static final int NORMAL = 1, SETUP_STAGE = 2, DATA_STAGE = 3, STATUS_STAGE = 4, ISOCH = 5, LINK = 6,
            EVENT_DATA = 7, NO_OP = 8, ENABLE_SLOT = 9, DISABLE_SLOT = 10, ADDRESS_DEVICE = 11,
            CONFIGURE_ENDPOINT = 12, EVALUATE_CONTEXT = 13, RESET_ENDPOINT = 14, STOP_ENDPOINT = 15,
            SET_TR_DEQUEUE = 16, RESET_DEVICE = 17, NO_OP_COMMAND = 23, TRANSFER_EVENT = 32, COMMAND_COMPLETION = 33,
            PORT_STATUS_CHANGE = 34;
    static final int TRB_BYTES = 16;

    // Bits of a TRB's last word.
    static final int CYCLE = 1, TOGGLE_CYCLE = 2, SHORT_INTERRUPTS = 4, CHAIN = 0x10, INTERRUPTS = 0x20,
            IMMEDIATE = 0x40, BLOCK_EVENT_INTERRUPT = 0x200, BLOCK_SET_ADDRESS = 0x200, DECONFIGURE = 0x200;

    // Completion codes.
    static final int SUCCESS = 1, DATA_BUFFER_ERROR = 2, TRANSACTION_ERROR = 4, TRB_ERROR = 5, STALL_ERROR = 6,
            BANDWIDTH_ERROR = 8, NO_SLOTS = 9, SLOT_NOT_ENABLED = 11, ENDPOINT_NOT_ENABLED = 12, SHORT_PACKET = 13,
            PARAMETER_ERROR = 17, CONTEXT_STATE_ERROR = 19, COMMAND_RING_STOPPED = 24, STOPPED = 26;

    // Contexts.
    static final int CONTEXT_BYTES = 32, ENDPOINTS = 32;

    private XhciLayout() { }
}
