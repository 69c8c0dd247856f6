// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.math.BigInteger;

/// Which divisions do not fault.
final class Quotients {
    private Quotients() { }

    /// Whether the quotient exists and fits into `bytes` bytes.
    static boolean fit(boolean signed, int bytes, long rax, long rdx, long divisor) {
        int bits = 8 * bytes;
        BigInteger dividend = bytes == 1 ? extend(signed, 16, rax)
                : extend(signed, bits, rdx).shiftLeft(bits).or(extend(false, bits, rax));
        BigInteger by = extend(signed, bits, divisor);
        if (by.signum() == 0) {
            return false;
        }
        BigInteger quotient = dividend.divide(by);
        return signed ? quotient.bitLength() < bits : quotient.bitLength() <= bits;
    }

    private static BigInteger extend(boolean signed, int bits, long value) {
        BigInteger low = BigInteger.valueOf(value).and(BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE));
        return signed && low.testBit(bits - 1) ? low.subtract(BigInteger.ONE.shiftLeft(bits)) : low;
    }
}
