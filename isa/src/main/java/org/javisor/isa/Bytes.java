// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Takes little-endian numbers, sign-extended, from the place where an instruction has been read to.
final class Bytes {
    private static final VarHandle SHORT =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Bytes() { }

    static long take8(byte[] code, int start, Instruction into) {
        return code[start + into.length++];
    }

    static long take16(byte[] code, int start, Instruction into) {
        short value = (short) SHORT.get(code, start + into.length);
        into.length += 2;
        return value;
    }

    static long take32(byte[] code, int start, Instruction into) {
        int value = (int) INT.get(code, start + into.length);
        into.length += 4;
        return value;
    }

    static long take64(byte[] code, int start, Instruction into) {
        long value = (long) LONG.get(code, start + into.length);
        into.length += 8;
        return value;
    }

    static long take(byte[] code, int start, int bytes, Instruction into) {
        return switch (bytes) {
            case 2 -> take16(code, start, into);
            case 4 -> take32(code, start, into);
            default -> take64(code, start, into);
        };
    }
}
