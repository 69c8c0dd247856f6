// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.javisor.host.HostMemory;
import org.javisor.host.Mapping;
import org.javisor.isa.Decoder;
import org.javisor.testkit.HostProcessor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The judge of the oracle: a difference anywhere must count, unless it is known to be undefined.
class OracleComparisonTest {
    private static final int BLOCK_BYTES = HostProcessor.FX + HostProcessor.FX_BYTES;
    private static final long FX = HostProcessor.FX;

    private final Mapping memory = Mapping.anonymous(Mapping.PAGE_BYTES);
    private final long inputs = memory.hva();
    private final long expected = inputs + BLOCK_BYTES;
    private final long actual = expected + BLOCK_BYTES;
    private final OracleComparison comparison = new OracleComparison(inputs, expected, actual);

    @AfterEach
    void close() {
        memory.close();
    }

    private static Insn decode(int... code) {
        byte[] bytes = new byte[code.length];
        for (int n = 0; n < code.length; n++) {
            bytes[n] = (byte) code[n];
        }
        Insn insn = new Insn();
        Decoder.decode(bytes, 0, bytes.length, 64, insn);
        return insn;
    }

    private boolean noticesBit(Insn insn, long offset, int bit) {
        HostMemory.storeByte(actual + offset, (byte) (1 << bit));
        boolean noticed = !comparison.equal(insn);
        HostMemory.storeByte(actual + offset, (byte) 0);
        return noticed;
    }

    private void assertNoticesBytes(Insn insn, long offset, int bytes) {
        for (long at = offset; at < offset + bytes; at++) {
            for (int bit = 0; bit < 8; bit++) {
                assertTrue(noticesBit(insn, at, bit), "bit " + bit + " of byte " + at);
            }
        }
    }

    @Test
    void everyBitOfARegisterCounts() {
        Insn add = decode(0x01, 0xd8);

        assertTrue(comparison.equal(add));
        assertNoticesBytes(add, HostProcessor.GPR, 128);
        assertNoticesBytes(add, FX + FxImage.XMM, 256);
        assertNoticesBytes(add, FX + FxImage.MXCSR, 4);
        assertNoticesBytes(add, FX + FxImage.FCW, 2);
        assertNoticesBytes(add, FX + FxImage.FSW, 2);
        assertNoticesBytes(add, FX + FxImage.FTW, 1);
        assertNoticesBytes(add, HostProcessor.TAKEN, 1);
        for (int n = 0; n < 8; n++) {
            assertNoticesBytes(add, FX + FxImage.ST + 16L * n, 10);
        }
    }

    @Test
    void everyArithmeticFlagCountsWhereItIsDefined() {
        int flags = Flags.ARITHMETIC | Flags.DF;
        Insn add = decode(0x01, 0xd8);
        Insn and = decode(0x21, 0xd8);

        for (int bit = 0; bit < 16; bit++) {
            boolean counts = (flags >> bit & 1) != 0;
            boolean undefined = 1 << bit == Flags.AF;
            long offset = HostProcessor.RFLAGS + bit / 8;
            assertTrue(noticesBit(add, offset, bit % 8) == counts, "ADD: bit " + bit);
            assertTrue(noticesBit(and, offset, bit % 8) == (counts && !undefined), "AND: bit " + bit);
        }
    }

    @Test
    void aShiftByNothingLeavesNoFlagUndefined() {
        assertTrue(noticesBit(decode(0xc1, 0xe0, 0x20), HostProcessor.RFLAGS + 1, 3), "by 32, which is 0");
        assertTrue(noticesBit(decode(0xc1, 0xe0, 0x01), HostProcessor.RFLAGS + 1, 3), "by 1");
        assertFalse(noticesBit(decode(0xc1, 0xe0, 0x02), HostProcessor.RFLAGS + 1, 3), "by 2");
    }

    @Test
    void aTranscendentalFunctionMayBeOffByTwoUnitsInTheLastPlace() {
        Insn fsin = decode(0xd9, 0xfe);
        long st0 = FX + FxImage.ST;
        HostMemory.storeLong(expected + st0, Long.MIN_VALUE);
        HostMemory.storeShort(expected + st0 + 8, (short) 0x3fff);
        HostMemory.storeLong(actual + st0, -2);
        HostMemory.storeShort(actual + st0 + 8, (short) 0x3ffe);
        assertTrue(comparison.equal(fsin));

        HostMemory.storeLong(actual + st0, -3);
        assertFalse(comparison.equal(fsin));

        HostMemory.storeLong(actual + st0, -1);
        assertFalse(comparison.equal(decode(0xd9, 0xfa)), "FSQRT is exact");
    }
}
