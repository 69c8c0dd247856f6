// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.fp;

/// How two floating-point numbers compare: exactly one of these bits. A predicate is the set of those that
/// satisfy it.
public final class Relation {
    public static final int LESS = 1, EQUAL = 2, GREATER = 4, UNORDERED = 8;

    /// The predicates of CMPPS and its like by the low four bits of the immediate; SSE has the first eight.
    ///
    /// @sdm vol. 2A "CMPPD", table 3-1 "Comparison Predicate for CMPPD and CMPPS Instructions"
    private static final int[] PREDICATES = {
        EQUAL, LESS, LESS | EQUAL, UNORDERED,
        LESS | GREATER | UNORDERED, EQUAL | GREATER | UNORDERED, GREATER | UNORDERED, LESS | EQUAL | GREATER,
        EQUAL | UNORDERED, LESS | UNORDERED, LESS | EQUAL | UNORDERED, 0,
        LESS | GREATER, EQUAL | GREATER, GREATER, LESS | EQUAL | GREATER | UNORDERED};

    /// Bit n: predicate n raises an invalid-operation exception for a quiet NaN, too. Bit 4 of the immediate
    /// inverts it.
    private static final int SIGNALLING = 0b0110_0110_0110_0110;

    private Relation() { }

    /// Whether `relation` satisfies the predicate.
    static boolean satisfies(int relation, int predicate) {
        return (PREDICATES[predicate & 15] & relation) != 0;
    }

    static boolean signals(int predicate) {
        return (SIGNALLING >> (predicate & 15) & 1) != predicate >> 4;
    }
}
