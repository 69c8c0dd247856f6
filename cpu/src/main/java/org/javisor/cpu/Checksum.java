// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.isa.Mnemonic;

/// CRC32: the CRC-32C of a source operand, added to the one in the destination.
///
/// @sdm vol. 2A "CRC32—Accumulate CRC32 Value"
final class Checksum {
    /// 0x11EDC6F41 with its bits reversed, as the instruction reflects what it reads.
    private static final int POLYNOMIAL = 0x82f6_3b78;
    private static final int[] TABLE = new int[256];

    static {
        for (int i = 0; i < 256; i++) {
            int crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
            }
            TABLE[i] = crc;
        }
    }

    private Checksum() { }

    static void bind(Bindings.Binder binder) {
        binder.bind(Mnemonic.CRC32, Checksum::crc32);
    }

    private static void crc32(Cpu cpu, Insn insn) {
        long source = cpu.read(insn, 1);
        int crc = cpu.reg32(insn.reg0);
        for (int i = 0; i < insn.bytes1; i++) {
            crc = TABLE[(crc ^ (int) (source >>> 8 * i)) & 0xff] ^ crc >>> 8;
        }
        cpu.reg32(insn.reg0, crc);
    }
}
