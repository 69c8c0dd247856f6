// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class VerdictTest {
    @Test
    void aProgramThatExitsWithZeroHasPassed() {
        Verdict verdict = Verdict.ofExit(1, "PASS: a\nPASS: b\nSUMMARY: 2 tests\n", 0.5);

        assertEquals("pass (2)", verdict.brief());
    }

    @Test
    void theFirstFailureIsTold() {
        Verdict verdict = Verdict.ofExit(3, "PASS: a\nFAIL: b\r\nFAIL: c\nSUMMARY: 3 tests, 2 unexpected failures\n",
                1);

        assertEquals("2 of 3 fail", verdict.brief());
        assertEquals("b", verdict.detail());
    }

    @Test
    void failuresCountWhateverTheStatusIs() {
        assertEquals(Verdict.Kind.FAIL, Verdict.ofExit(1, "SUMMARY: 3 tests, 1 unexpected failures\n", 1).kind());
    }

    @Test
    void aProgramThatCheckedNothingWasSkipped() {
        assertEquals(Verdict.Kind.SKIP, Verdict.ofExit(77, "SKIP: no LAM\nSUMMARY: 1 tests, 1 skipped\n", 1).kind());
        assertEquals(Verdict.Kind.SKIP, Verdict.ofExit(1, "SUMMARY: 0 tests\n", 1).kind());
        assertEquals("no LAM", Verdict.ofExit(77, "SKIP: no LAM\n", 1).detail());
    }
}
