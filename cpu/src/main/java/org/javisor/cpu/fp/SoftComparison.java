// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

import static org.javisor.cpu.fp.FloatContext.IE;

/// Comparison of SSE with every flag, in integers.
final class SoftComparison {
    private SoftComparison() { }

    /// @param signalling whether quiet NaNs are invalid, too
    /// @return a [Relation]
    static int compare(FloatFormat f, long left, long right, boolean signalling, FloatContext context) {
        long a = SoftFloat.operand(f, left, context);
        long b = SoftFloat.operand(f, right, context);
        if (f.isNaN(a) || f.isNaN(b)) {
            if (signalling || f.isSignalling(a) || f.isSignalling(b)) {
                context.raise(IE);
            }
            return Relation.UNORDERED;
        }
        SoftFloat.noteDenormal(f, a, context);
        SoftFloat.noteDenormal(f, b, context);
        long difference = ordered(f, a) - ordered(f, b);
        if (difference == 0) {
            return Relation.EQUAL;
        }
        return ordered(f, a) < ordered(f, b) ? Relation.LESS : Relation.GREATER;
    }

    /// An integer that orders as the number does.
    private static long ordered(FloatFormat f, long a) {
        return f.isNegative(a) ? -(a & f.sign - 1) : a;
    }

    /// MIN and MAX: `b` if it is equal, or if one is a NaN (quiet or not: always invalid).
    static long choose(FloatFormat f, long a, long b, int wanted, FloatContext context) {
        boolean first = compare(f, a, b, true, context) == wanted;
        return SoftFloat.operand(f, first ? a : b, context);
    }
}
