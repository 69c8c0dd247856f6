// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.javisor.cpu.Translation;

/// The host code of a translation as it is kept for later runs: as if it were where the memory for code begins, had the
/// number 0, and were for a kernel that is where it was then.
///
/// What depends on the place of the kernel is found by moving it: what becomes of the same translation then differs in
/// some numbers by just that much, or it is not kept.
///
/// @param translated by piece: how many of its instructions have host code
/// @param targets    as of [Emission#targets]
/// @param callers    as of [Emission#callers]
/// @param links      as of [Emission#links]
/// @param leading    where the distances to routines are
/// @param numbered   where the exits are
/// @param rising     where there is a number that grows by as much as the kernel is further up
/// @param falling    where there is one that shrinks so
/// @param tier       1 or 2 alone
record Relocatable(byte[] code, int[] translated, int[] targets, int[] callers, int[] links, int[] leading,
        int[] numbered, int[] rising, int[] falling, int[] tier) {
    /// By how much the kernel is moved; it always is by a multiple of that, which leaves places in pages what they are.
    static final int STEP = 1 << 21;
    /// The lowest byte of a number that changes then.
    private static final int STEP_BYTE = 2;
    private static final int NUMBER_SHIFT = 12;
    private static final int ARRAYS = 9;
    private static final int SECOND = 2;
    private static final int[] NONE = {};

    /// @param origin where the code was made for, from where the memory for code begins
    static Relocatable of(Emission emission, int[] translated, long origin) {
        byte[] code = emission.asm.bytes();
        int[] leading = emission.leading(), numbered = emission.numbered();
        add(code, leading, (int) origin);
        add(code, numbered, -(emission.translation.number() << NUMBER_SHIFT));
        return new Relocatable(code, translated, emission.targets(), emission.callers(), emission.links(), leading,
                numbered, NONE, NONE, new int[] {emission.translation.isSecond() ? SECOND : 1});
    }

    /// The translation for a kernel that is [#STEP] further up.
    static Translation stepped(Translation translation) {
        return translation.moved(STEP);
    }

    /// The same, knowing what depends on the place of the kernel.
    ///
    /// @param stepped what was made of [#stepped]
    /// @return null if that differs in another way
    Relocatable comparedWith(Relocatable stepped) {
        int[] up = new int[code.length / Integer.BYTES + 1], down = new int[up.length];
        int rises = 0, falls = 0;
        if (stepped.code.length != code.length) {
            return null;
        }
        int at = Arrays.mismatch(code, stepped.code);
        while (at >= 0) {
            int field = at - STEP_BYTE;
            int behind = field + Integer.BYTES;
            int difference = field < 0 || behind > code.length ? 0 : get(stepped.code, field) - get(code, field);
            if (difference == STEP) {
                up[rises++] = field;
            } else if (difference == -STEP) {
                down[falls++] = field;
            } else {
                return null;
            }
            int next = Arrays.mismatch(code, behind, code.length, stepped.code, behind, code.length);
            at = next < 0 ? next : behind + next;
        }
        return new Relocatable(code, translated, targets, callers, links, leading, numbered, Arrays.copyOf(up, rises),
                Arrays.copyOf(down, falls), tier);
    }

    /// Whether it is of the second tier.
    boolean isSecond() {
        return tier.length == 1 && tier[0] == SECOND;
    }

    /// The code for a place.
    ///
    /// @param origin   from where the memory for code begins
    /// @param number   of the translation
    /// @param distance how much further up the kernel is
    byte[] at(long origin, int number, int distance) {
        byte[] placed = code.clone();
        move(placed, origin, number, distance);
        return placed;
    }

    /// As [#at], but changes [#code] itself, which is of no use for another place then.
    byte[] moved(long origin, int number, int distance) {
        move(code, origin, number, distance);
        return code;
    }

    private void move(byte[] placed, long origin, int number, int distance) {
        add(placed, leading, (int) -origin);
        add(placed, numbered, number << NUMBER_SHIFT);
        add(placed, rising, distance);
        add(placed, falling, -distance);
    }

    private static int get(byte[] code, int at) {
        return code[at] & 0xff | (code[at + 1] & 0xff) << 8 | (code[at + 2] & 0xff) << 16 | code[at + 3] << 24;
    }

    private static void add(byte[] code, int[] fields, int value) {
        for (int field : fields) {
            int sum = get(code, field) + value;
            code[field] = (byte) sum;
            code[field + 1] = (byte) (sum >> 8);
            code[field + 2] = (byte) (sum >> 16);
            code[field + 3] = (byte) (sum >> 24);
        }
    }

    // ---- as bytes ----

    private int[][] arrays() {
        return new int[][] {translated, targets, callers, links, leading, numbered, rising, falling, tier};
    }

    byte[] bytes() {
        int ints = ARRAYS;
        for (int[] array : arrays()) {
            ints += array.length;
        }
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * ints + code.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int[] array : arrays()) {
            bytes.putInt(array.length);
            for (int value : array) {
                bytes.putInt(value);
            }
        }
        return bytes.put(code).array();
    }

    /// What [#bytes] gave, from an index of `bytes` to its end.
    static Relocatable of(byte[] bytes, int from) {
        int[][] arrays = new int[ARRAYS][];
        int at = from;
        for (int n = 0; n < ARRAYS; n++) {
            int length = get(bytes, at);
            at += Integer.BYTES;
            if (length < 0 || length > (bytes.length - at) / Integer.BYTES) {
                throw new BufferUnderflowException();
            }
            arrays[n] = ints(bytes, at, length);
            at += Integer.BYTES * length;
        }
        return new Relocatable(Arrays.copyOfRange(bytes, at, bytes.length), arrays[0], arrays[1], arrays[2],
                arrays[3], arrays[4], arrays[5], arrays[6], arrays[7], arrays[8]);
    }

    private static int[] ints(byte[] bytes, int from, int length) {
        if (length == 0) {
            return NONE;
        }
        int[] ints = new int[length];
        for (int n = 0; n < length; n++) {
            ints[n] = get(bytes, from + Integer.BYTES * n);
        }
        return ints;
    }
}
