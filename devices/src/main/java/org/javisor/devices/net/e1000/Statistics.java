// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.e1000;

/// The counters: they stop at their largest value, and reading clears them.
///
/// @datasheet Intel 317453 §13.7 "Statistics Registers"
final class Statistics {
    static final int FIRST = 0x4000, END = 0x4128;

    private static final int MISSED = 0x4010, RECEIVED_BY_SIZE = 0x405c, GOOD_RECEIVED = 0x4074,
            BROADCASTS_RECEIVED = 0x4078, MULTICASTS_RECEIVED = 0x407c, GOOD_SENT = 0x4080, OCTETS_RECEIVED = 0x4088,
            OCTETS_SENT = 0x4090, NO_BUFFER = 0x40a0, OVERSIZE = 0x40ac, ALL_OCTETS_RECEIVED = 0x40c0,
            ALL_OCTETS_SENT = 0x40c8, ALL_RECEIVED = 0x40d0, ALL_SENT = 0x40d4, SENT_BY_SIZE = 0x40d8,
            MULTICASTS_SENT = 0x40f0, BROADCASTS_SENT = 0x40f4;
    private static final int CRC = 4;

    private final int[] registers;

    Statistics(int[] registers) {
        this.registers = registers;
    }

    /// Reads and clears.
    int read(int offset) {
        int value = registers[offset >>> 2];
        boolean wide = wide(offset & ~4);
        if (!wide || (offset & 4) != 0) {
            registers[offset >>> 2] = 0;
        }
        if (wide && (offset & 4) != 0) {
            // The lower half was read first, and stayed until now.
            registers[offset - 4 >>> 2] = 0;
        }
        return value;
    }

    private static boolean wide(int offset) {
        return offset == OCTETS_RECEIVED || offset == OCTETS_SENT || offset == ALL_OCTETS_RECEIVED
                || offset == ALL_OCTETS_SENT;
    }

    void received(byte[] frame, int length) {
        count(GOOD_RECEIVED);
        count(ALL_RECEIVED);
        countGroup(frame, BROADCASTS_RECEIVED, MULTICASTS_RECEIVED);
        count(RECEIVED_BY_SIZE + 4 * sizeClass(length + CRC));
        add(OCTETS_RECEIVED, length + CRC);
        add(ALL_OCTETS_RECEIVED, length + CRC);
    }

    void sent(byte[] frame, int length) {
        count(GOOD_SENT);
        count(ALL_SENT);
        countGroup(frame, BROADCASTS_SENT, MULTICASTS_SENT);
        count(SENT_BY_SIZE + 4 * sizeClass(length + CRC));
        add(OCTETS_SENT, length + CRC);
        add(ALL_OCTETS_SENT, length + CRC);
    }

    void oversize() {
        count(OVERSIZE);
    }

    /// A frame waits, or is dropped, since the driver has no buffer ready.
    void noBuffer() {
        count(NO_BUFFER);
    }

    void missed() {
        count(MISSED);
    }

    private void countGroup(byte[] frame, int broadcasts, int multicasts) {
        if ((frame[0] & 1) != 0) {
            boolean broadcast = true;
            for (int i = 0; i < 6; i++) {
                broadcast &= frame[i] == -1;
            }
            count(broadcast ? broadcasts : multicasts);
        }
    }

    /// 0 up to 64 bytes, 1 up to 127, 2 up to 255 and so on; 5 from 1024.
    private static int sizeClass(int bytes) {
        return bytes <= 64 ? 0 : Math.min(26 - Integer.numberOfLeadingZeros(bytes), 5);
    }

    private void count(int offset) {
        if (registers[offset >>> 2] != -1) {
            registers[offset >>> 2]++;
        }
    }

    private void add(int offset, int octets) {
        long sum = ((long) registers[(offset >>> 2) + 1] << 32 | registers[offset >>> 2] & 0xffff_ffffL) + octets;
        registers[offset >>> 2] = (int) sum;
        registers[(offset >>> 2) + 1] = (int) (sum >>> 32);
    }
}
