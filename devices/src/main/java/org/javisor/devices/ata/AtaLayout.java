// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

/// Commands, and bits of registers.
///
/// @ata ACS-3 §7 "Command descriptions", ATA8-APT for what is older
public final class AtaLayout {
    // Status.
    public static final int BSY = 0x80, DRDY = 0x40, DF = 0x20, DSC = 0x10, DRQ = 8, ERR = 1;
    // Error.
    public static final int ICRC = 0x80, UNC = 0x40, IDNF = 0x10, ABRT = 4;
    // Device.
    public static final int LBA = 0x40, DEV = 0x10;
    // Device control.
    public static final int SRST = 4, NIEN = 2, HOB = 0x80;
    // Interrupt reason, in the count register of a packet device.
    public static final int COMMAND_DATA = 1, TO_HOST = 2;

    public static final int DIAGNOSTIC_PASSED = 1;

    public static final int NOP = 0x00, DATA_SET_MANAGEMENT = 0x06, DEVICE_RESET = 0x08,
            RECALIBRATE = 0x10, READ_SECTORS = 0x20, READ_SECTORS_ONCE = 0x21, READ_SECTORS_EXT = 0x24,
            READ_DMA_EXT = 0x25, READ_NATIVE_MAX_ADDRESS_EXT = 0x27, READ_MULTIPLE_EXT = 0x29, READ_LOG_EXT = 0x2f,
            WRITE_SECTORS = 0x30, WRITE_SECTORS_ONCE = 0x31, WRITE_SECTORS_EXT = 0x34, WRITE_DMA_EXT = 0x35,
            WRITE_MULTIPLE_EXT = 0x39, WRITE_DMA_FUA_EXT = 0x3d, READ_VERIFY_SECTORS = 0x40,
            READ_VERIFY_SECTORS_ONCE = 0x41, READ_VERIFY_SECTORS_EXT = 0x42, READ_LOG_DMA_EXT = 0x47,
            READ_FPDMA_QUEUED = 0x60, WRITE_FPDMA_QUEUED = 0x61, SEEK = 0x70, EXECUTE_DEVICE_DIAGNOSTIC = 0x90,
            INITIALIZE_DEVICE_PARAMETERS = 0x91, PACKET = 0xa0, IDENTIFY_PACKET_DEVICE = 0xa1, SMART = 0xb0,
            READ_MULTIPLE = 0xc4, WRITE_MULTIPLE = 0xc5, SET_MULTIPLE_MODE = 0xc6, READ_DMA = 0xc8,
            READ_DMA_ONCE = 0xc9, WRITE_DMA = 0xca, WRITE_DMA_ONCE = 0xcb, WRITE_MULTIPLE_FUA_EXT = 0xce,
            STANDBY_IMMEDIATE = 0xe0, IDLE_IMMEDIATE = 0xe1, STANDBY = 0xe2, IDLE = 0xe3, CHECK_POWER_MODE = 0xe5,
            SLEEP = 0xe6, FLUSH_CACHE = 0xe7, FLUSH_CACHE_EXT = 0xea, IDENTIFY_DEVICE = 0xec, SET_FEATURES = 0xef,
            READ_NATIVE_MAX_ADDRESS = 0xf8;

    // Subcommands of SET FEATURES.
    static final int ENABLE_WRITE_CACHE = 0x02, SET_TRANSFER_MODE = 0x03, DISABLE_LOOK_AHEAD = 0x55,
            KEEP_SETTINGS = 0x66, DISABLE_WRITE_CACHE = 0x82, ENABLE_LOOK_AHEAD = 0xaa, REVERT_SETTINGS = 0xcc;

    // Power modes, as CHECK POWER MODE tells them.
    static final int POWER_STANDBY = 0x00, POWER_IDLE = 0x80, POWER_ACTIVE = 0xff;

    private AtaLayout() { }

    /// Whether a command is one of those whose data may be moved out of order.
    public static boolean queued(int command) {
        return command == READ_FPDMA_QUEUED || command == WRITE_FPDMA_QUEUED;
    }
}
