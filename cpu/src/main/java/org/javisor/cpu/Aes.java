// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.VectorForms.vector;
import static org.javisor.cpu.VectorOperands.load;
import static org.javisor.cpu.VectorOperands.store;

import org.javisor.host.HostMemory;
import org.javisor.isa.Mnemonic;

/// AES-NI. A round works on columns of four bytes, each looked up in a table that has the substitution and
/// the column mix together.
///
/// @sdm vol. 1 §12.13.4 "AES instructions"; FIPS 197
final class Aes {
    private static final int[] SUBSTITUTION = substitution();
    private static final int[] INVERSE_SUBSTITUTION = inverse(SUBSTITUTION);
    /// MixColumns and InvMixColumns of a column that is the index in byte 0 alone.
    private static final int[] MIX = mix(2, 1, 1, 3);
    private static final int[] INVERSE_MIX = mix(14, 9, 13, 11);
    /// The same after substitution.
    private static final int[] ENCRYPT = compose(MIX, SUBSTITUTION);
    private static final int[] DECRYPT = compose(INVERSE_MIX, INVERSE_SUBSTITUTION);

    private Aes() { }

    static void bind(Bindings.Binder b) {
        b.bind(Mnemonic.AESENC, (cpu, insn) -> vector(cpu, insn, Aes::encrypt))
                .bind(Mnemonic.AESENCLAST, (cpu, insn) -> vector(cpu, insn, Aes::encryptLast))
                .bind(Mnemonic.AESDEC, (cpu, insn) -> vector(cpu, insn, Aes::decrypt))
                .bind(Mnemonic.AESDECLAST, (cpu, insn) -> vector(cpu, insn, Aes::decryptLast))
                .bind(Mnemonic.AESIMC, (cpu, insn) -> vector(cpu, insn, Aes::inverseMixColumns))
                .bind(Mnemonic.AESKEYGENASSIST, (cpu, insn) -> vector(cpu, insn, Aes::keyGenerationAssist));
    }

    // ---- tables ----

    private static int timesX(int a) {
        return a << 1 ^ ((a & 0x80) != 0 ? 0x11b : 0);
    }

    private static int times(int a, int b) {
        int product = 0;
        int power = a;
        for (int bits = b; bits != 0; bits >>= 1) {
            if ((bits & 1) != 0) {
                product ^= power;
            }
            power = timesX(power);
        }
        return product;
    }

    /// FIPS 197 §5.1.1 "SubBytes": the inverse in GF(2^8), then an affine map.
    private static int[] substitution() {
        int[] table = new int[256];
        table[0] = 0x63;
        int a = 1;
        int inverse = 1;
        do {
            // 3 generates the multiplicative group, and f6 is its inverse.
            a = times(a, 3);
            inverse = times(inverse, 0xf6);
            int twice = inverse * 0x101;
            table[a] = (inverse ^ twice >> 7 ^ twice >> 6 ^ twice >> 5 ^ twice >> 4) & 0xff ^ 0x63;
        } while (a != 1);
        return table;
    }

    private static int[] inverse(int[] table) {
        int[] inverse = new int[256];
        for (int i = 0; i < 256; i++) {
            inverse[table[i]] = i;
        }
        return inverse;
    }

    private static int[] mix(int byte0, int byte1, int byte2, int byte3) {
        int[] table = new int[256];
        for (int i = 0; i < 256; i++) {
            table[i] = times(i, byte0) | times(i, byte1) << 8 | times(i, byte2) << 16 | times(i, byte3) << 24;
        }
        return table;
    }

    private static int[] compose(int[] outer, int[] inner) {
        int[] table = new int[256];
        for (int i = 0; i < 256; i++) {
            table[i] = outer[inner[i]];
        }
        return table;
    }

    // ---- rounds; the state's column n is doubleword n, its row 0 the low byte ----

    private static int column(long vector, int index) {
        return HostMemory.loadInt(vector + 4 * (index & 3));
    }

    /// One column mixed: row `r` comes from column `n + r * step`, which is ShiftRows (1) or its inverse
    /// (-1).
    private static long mixed(int[] table, long state, int n, int step) {
        return (table[column(state, n) & 0xff]
                ^ Integer.rotateLeft(table[column(state, n + step) >>> 8 & 0xff], 8)
                ^ Integer.rotateLeft(table[column(state, n + 2) >>> 16 & 0xff], 16)
                ^ Integer.rotateLeft(table[column(state, n - step) >>> 24], 24)) & 0xffff_ffffL;
    }

    /// As [#mixed], for the last round, which does not mix.
    private static long substituted(int[] table, long state, int n, int step) {
        return table[column(state, n) & 0xff] | table[column(state, n + step) >>> 8 & 0xff] << 8
                | table[column(state, n + 2) >>> 16 & 0xff] << 16
                | (long) table[column(state, n - step) >>> 24] << 24;
    }

    private static void round(long to, long state, long key, int[] table, int step) {
        long low = mixed(table, state, 0, step) | mixed(table, state, 1, step) << 32;
        long high = mixed(table, state, 2, step) | mixed(table, state, 3, step) << 32;
        store(to, low ^ load(key), high ^ load(key + 8));
    }

    private static void lastRound(long to, long state, long key, int[] table, int step) {
        long low = substituted(table, state, 0, step) | substituted(table, state, 1, step) << 32;
        long high = substituted(table, state, 2, step) | substituted(table, state, 3, step) << 32;
        store(to, low ^ load(key), high ^ load(key + 8));
    }

    static void encrypt(long to, long a, long b) {
        round(to, a, b, ENCRYPT, 1);
    }

    static void encryptLast(long to, long a, long b) {
        lastRound(to, a, b, SUBSTITUTION, 1);
    }

    static void decrypt(long to, long a, long b) {
        round(to, a, b, DECRYPT, -1);
    }

    static void decryptLast(long to, long a, long b) {
        lastRound(to, a, b, INVERSE_SUBSTITUTION, -1);
    }

    /// AESIMC.
    static void inverseMixColumns(long to, long a, long b) {
        store(to, mixedWithoutShift(b, 0) | mixedWithoutShift(b, 1) << 32,
                mixedWithoutShift(b, 2) | mixedWithoutShift(b, 3) << 32);
    }

    private static long mixedWithoutShift(long state, int n) {
        int x = column(state, n);
        return (INVERSE_MIX[x & 0xff] ^ Integer.rotateLeft(INVERSE_MIX[x >>> 8 & 0xff], 8)
                ^ Integer.rotateLeft(INVERSE_MIX[x >>> 16 & 0xff], 16)
                ^ Integer.rotateLeft(INVERSE_MIX[x >>> 24], 24)) & 0xffff_ffffL;
    }

    /// AESKEYGENASSIST: SubWord of columns 1 and 3, plain and rotated with the round constant.
    static void keyGenerationAssist(long to, long a, long b, int constant) {
        int x1 = substituteWord(column(b, 1));
        int x3 = substituteWord(column(b, 3));
        store(to, LaneMultiply.dwords(x1, Integer.rotateRight(x1, 8) ^ constant),
                LaneMultiply.dwords(x3, Integer.rotateRight(x3, 8) ^ constant));
    }

    private static int substituteWord(int x) {
        return SUBSTITUTION[x & 0xff] | SUBSTITUTION[x >>> 8 & 0xff] << 8
                | SUBSTITUTION[x >>> 16 & 0xff] << 16
                | SUBSTITUTION[x >>> 24] << 24;
    }
}
