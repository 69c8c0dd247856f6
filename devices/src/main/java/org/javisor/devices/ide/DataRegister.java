// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ide;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A block of data on its way through the data register. Belongs to its channel, whose lock guards it.
final class DataRegister {
    static final int BUFFER_BYTES = 0x1_0000;

    private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
    private int position;
    private int end;
    private boolean in;

    /// Where a drive puts what is to be read, and finds what has been written.
    MemorySegment buffer() {
        return buffer;
    }

    /// How large the block is, 0 without one.
    int bytes() {
        return end;
    }

    int position() {
        return position;
    }

    /// Whether the last block was one to be read.
    boolean in() {
        return in;
    }

    boolean readable() {
        return in && position < end;
    }

    boolean writable() {
        return !in && position < end;
    }

    boolean complete() {
        return position >= end;
    }

    long read(int size) {
        long value = 0;
        for (int i = 0; i < size && position < end; i++) {
            value |= (buffer.get(ValueLayout.JAVA_BYTE, position++) & 0xffL) << 8 * i;
        }
        return value;
    }

    void write(int size, long value) {
        for (int i = 0; i < size && position < end; i++) {
            buffer.set(ValueLayout.JAVA_BYTE, position++, (byte) (value >>> 8 * i));
        }
    }

    /// The buffer's first bytes are to be read.
    void offer(int bytes) {
        position = 0;
        end = bytes;
        in = true;
    }

    /// So many bytes are to be written. What was in the buffer is forgotten: it is part of the state.
    void expect(int bytes) {
        buffer.asSlice(0, bytes).fill((byte) 0);
        position = 0;
        end = bytes;
        in = false;
    }

    /// There is no block any more.
    void clear() {
        position = end = 0;
    }

    byte[] content() {
        return buffer.asSlice(0, end).toArray(ValueLayout.JAVA_BYTE);
    }

    void load(byte[] content, int newPosition, boolean newIn) {
        MemorySegment.copy(MemorySegment.ofArray(content), 0, buffer, 0, content.length);
        position = newPosition;
        end = content.length;
        in = newIn;
    }
}
