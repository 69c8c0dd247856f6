// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorForms.vector;
import static org.javisor.cpu.VectorForms.vectorCopied;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// The SHA extensions. Vectors are four doublewords, numbered from the lowest; the manual's W0 and A are the
/// highest.
///
/// @sdm vol. 2B "SHA1RNDS4" to "SHA256MSG2"
final class Sha {
    /// FIPS 180-4 §4.2.1 "SHA-1 Constants".
    private static final int[] SHA1_CONSTANTS = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

    private Sha() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.SHA1RNDS4, (cpu, insn) -> vector(cpu, insn, Sha::sha1Rounds))
                .bind(Mnemonic.SHA1NEXTE, (cpu, insn) -> vectorCopied(cpu, insn, Sha::sha1NextE))
                .bind(Mnemonic.SHA1MSG1, (cpu, insn) -> vectorCopied(cpu, insn, Sha::sha1Message1))
                .bind(Mnemonic.SHA1MSG2, (cpu, insn) -> vectorCopied(cpu, insn, Sha::sha1Message2))
                .bind(Mnemonic.SHA256RNDS2, Sha::sha256rnds2)
                .bind(Mnemonic.SHA256MSG1, (cpu, insn) -> vectorCopied(cpu, insn, Sha::sha256Message1))
                .bind(Mnemonic.SHA256MSG2, (cpu, insn) -> vectorCopied(cpu, insn, Sha::sha256Message2));
    }

    private static int at(long vector, int index) {
        return HostMemory.loadInt(vector + 4 * index);
    }

    private static void put(long to, int d0, int d1, int d2, int d3) {
        VectorOperands.store(to, LaneMultiply.dwords(d0, d1), LaneMultiply.dwords(d2, d3));
    }

    /// Four rounds: `a` is ABCD, `b` the words with E added to the first.
    static void sha1Rounds(long to, long a, long b, int immediate) {
        int function = immediate & 3;
        int constant = SHA1_CONSTANTS[function];
        int va = at(a, 3);
        int vb = at(a, 2);
        int vc = at(a, 1);
        int vd = at(a, 0);
        int ve = 0;
        for (int i = 3; i >= 0; i--) {
            int next = sha1Function(function, vb, vc, vd) + Integer.rotateLeft(va, 5) + at(b, i) + ve
                    + constant;
            ve = vd;
            vd = vc;
            vc = Integer.rotateLeft(vb, 30);
            vb = va;
            va = next;
        }
        put(to, vd, vc, vb, va);
    }

    /// FIPS 180-4 §4.1.1: Ch, Parity, Maj, Parity.
    private static int sha1Function(int function, int b, int c, int d) {
        return switch (function) {
            case 0 -> choose(b, c, d);
            case 2 -> majority(b, c, d);
            default -> b ^ c ^ d;
        };
    }

    private static int choose(int x, int y, int z) {
        return x & y ^ ~x & z;
    }

    private static int majority(int x, int y, int z) {
        return x & y ^ x & z ^ y & z;
    }

    static void sha1NextE(long to, long a, long b) {
        put(to, at(b, 0), at(b, 1), at(b, 2), at(b, 3) + Integer.rotateLeft(at(a, 3), 30));
    }

    static void sha1Message1(long to, long a, long b) {
        put(to, at(b, 2) ^ at(a, 0), at(b, 3) ^ at(a, 1), at(a, 0) ^ at(a, 2), at(a, 1) ^ at(a, 3));
    }

    static void sha1Message2(long to, long a, long b) {
        int w16 = Integer.rotateLeft(at(a, 3) ^ at(b, 2), 1);
        int w17 = Integer.rotateLeft(at(a, 2) ^ at(b, 1), 1);
        int w18 = Integer.rotateLeft(at(a, 1) ^ at(b, 0), 1);
        int w19 = Integer.rotateLeft(at(a, 0) ^ w16, 1);
        put(to, w19, w18, w17, w16);
    }

    private static void sha256rnds2(Cpu cpu, Insn insn) {
        Availability.checkSse(cpu);
        long b = VectorOperands.source(cpu, insn);
        long a = VectorOperands.target(cpu, insn);
        sha256Rounds(a, a, b, cpu.state + CpuLayout.XMM);
    }

    /// Two rounds: `a` is CDGH, `b` ABEF; `words`, which SSE has in XMM0, the two words with their constants
    /// added.
    static void sha256Rounds(long to, long a, long b, long words) {
        int va = at(b, 3);
        int vb = at(b, 2);
        int ve = at(b, 1);
        int vf = at(b, 0);
        int vc = at(a, 3);
        int vd = at(a, 2);
        int vg = at(a, 1);
        int vh = at(a, 0);
        for (int i = 0; i < 2; i++) {
            int t1 = choose(ve, vf, vg) + sigma(ve, 6, 11, 25) + at(words, i) + vh;
            int next = t1 + majority(va, vb, vc) + sigma(va, 2, 13, 22);
            vh = vg;
            vg = vf;
            vf = ve;
            ve = vd + t1;
            vd = vc;
            vc = vb;
            vb = va;
            va = next;
        }
        put(to, vf, ve, vb, va);
    }

    private static int sigma(int x, int r1, int r2, int r3) {
        return Integer.rotateRight(x, r1) ^ Integer.rotateRight(x, r2) ^ Integer.rotateRight(x, r3);
    }

    private static int sigma0(int x) {
        return Integer.rotateRight(x, 7) ^ Integer.rotateRight(x, 18) ^ x >>> 3;
    }

    private static int sigma1(int x) {
        return Integer.rotateRight(x, 17) ^ Integer.rotateRight(x, 19) ^ x >>> 10;
    }

    static void sha256Message1(long to, long a, long b) {
        put(to, at(a, 0) + sigma0(at(a, 1)), at(a, 1) + sigma0(at(a, 2)), at(a, 2) + sigma0(at(a, 3)),
                at(a, 3) + sigma0(at(b, 0)));
    }

    static void sha256Message2(long to, long a, long b) {
        int w16 = at(a, 0) + sigma1(at(b, 2));
        int w17 = at(a, 1) + sigma1(at(b, 3));
        put(to, w16, w17, at(a, 2) + sigma1(w16), at(a, 3) + sigma1(w17));
    }
}
