// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.javisor.host.IoVector;

/// The data that a drive's command moves: a range of its medium, or a few bytes that the drive makes or wants.
///
/// A controller asks for it as its own rules demand, in one piece or in many.
public final class DataPhase {
    /// Seen from the host: `IN` is towards memory.
    public enum Direction { NONE, IN, OUT }

    /// The most that a drive makes or wants beside its medium.
    public static final int BUFFER_BYTES = 65536;

    /// A phase that is under way.
    ///
    /// @param offset where on the medium it begins; -1 for what is in `buffer`
    /// @param buffer empty for a range of the medium
    public record State(Direction direction, long offset, long bytes, byte[] buffer) {
        public State {
            if (bytes < 0 || offset < -1 || buffer.length > BUFFER_BYTES || offset == -1 && bytes > buffer.length
                    || bytes > Long.MAX_VALUE - Math.max(offset, 0)) {
                throw new IllegalArgumentException("a data phase of " + bytes + " bytes from " + offset);
            }
            buffer = buffer.clone();
        }

        /// Whether it stays within a medium of `limit` bytes.
        public boolean within(long limit) {
            return offset == -1 || offset <= limit && bytes <= limit - offset;
        }
    }

    private static final byte[] NO_BYTES = {};

    private Direction direction = Direction.NONE;
    private long offset = -1;
    private long bytes;
    private byte[] buffer = NO_BYTES;

    /// No data.
    public void none() {
        direction = Direction.NONE;
        offset = -1;
        bytes = 0;
        buffer = NO_BYTES;
    }

    /// A range of the medium.
    public void medium(Direction way, long from, long length) {
        direction = way;
        offset = from;
        bytes = length;
        buffer = NO_BYTES;
    }

    /// The first `length` bytes of what the drive answers.
    public void answer(byte[] content, int length) {
        direction = length == 0 ? Direction.NONE : Direction.IN;
        offset = -1;
        bytes = length;
        buffer = content;
    }

    /// Bytes that the drive wants, to be found in [#buffer] at the end.
    public void want(int length) {
        direction = length == 0 ? Direction.NONE : Direction.OUT;
        offset = -1;
        bytes = length;
        buffer = new byte[length];
    }

    public Direction direction() {
        return direction;
    }

    public long bytes() {
        return bytes;
    }

    /// Whether it is a range of the medium.
    public boolean onMedium() {
        return offset >= 0;
    }

    /// Where on the medium it begins.
    public long offset() {
        return offset;
    }

    /// What is not on the medium.
    public byte[] buffer() {
        return buffer;
    }

    /// Moves what is `at` bytes from the beginning between the drive and `memory`, all of which lies in the phase.
    public void move(BlockBackend medium, long at, IoVector memory) throws IOException {
        if (memory.bytes() > bytes - at) {
            throw new IndexOutOfBoundsException(memory.bytes() + " bytes from " + at + " of " + bytes);
        }
        if (direction == Direction.IN) {
            if (onMedium()) {
                medium.read(offset + at, memory);
            } else {
                memory.copyFrom(MemorySegment.ofArray(buffer).asSlice(at));
            }
        } else if (onMedium()) {
            medium.write(offset + at, memory);
        } else {
            memory.copyTo(MemorySegment.ofArray(buffer).asSlice(at));
        }
    }

    public State save() {
        return new State(direction, offset, bytes, buffer);
    }

    public void load(State state) {
        direction = state.direction;
        offset = state.offset;
        bytes = state.bytes;
        buffer = state.buffer.clone();
    }
}
