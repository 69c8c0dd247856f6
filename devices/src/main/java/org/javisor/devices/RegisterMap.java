// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

/// Registers of different widths in one range: each declared once, then reached by accesses of any size and
/// alignment.
///
/// An access is cut at the borders of registers. What a write does not cover of a register is told by a mask,
/// so that bits which are cleared by writing ones survive their neighbours' writes.
public final class RegisterMap {
    /// Gives a register's value.
    @FunctionalInterface
    public interface Reader {
        long read();
    }

    /// Takes what a write covers of a register.
    @FunctionalInterface
    public interface Writer {
        /// A register that cannot be written.
        Writer READ_ONLY = (_, _) -> { };

        /// @param value the written bits, in their place; 0 outside `mask`
        /// @param mask  ones for the bytes that are written
        void write(long value, long mask);
    }

    private record Register(int offset, int bytes, Reader reader, Writer writer) { }

    private final Register[] at;

    /// @param bytes the size of the range; what no register claims reads as 0
    public RegisterMap(int bytes) {
        at = new Register[bytes];
    }

    /// Declares a register of up to 8 bytes.
    public void define(int offset, int bytes, Reader reader, Writer writer) {
        Register register = new Register(offset, bytes, reader, writer);
        for (int i = 0; i < bytes; i++) {
            if (at[offset + i] != null) {
                throw new IllegalArgumentException("two registers at offset " + (offset + i));
            }
            at[offset + i] = register;
        }
    }

    /// Declares a register that cannot be written.
    public void define(int offset, int bytes, Reader reader) {
        define(offset, bytes, reader, Writer.READ_ONLY);
    }

    /// Reads `size` bytes, zero-extended.
    public long read(long offset, int size) {
        long value = 0;
        for (int done = 0; done < size; ) {
            int position = (int) offset + done;
            Register register = position < at.length ? at[position] : null;
            if (register == null) {
                done++;
                continue;
            }
            int within = position - register.offset;
            int piece = Math.min(register.bytes - within, size - done);
            value |= (register.reader.read() >>> 8 * within & ones(piece)) << 8 * done;
            done += piece;
        }
        return value;
    }

    /// Writes the low `size` bytes of `value`.
    public void write(long offset, int size, long value) {
        for (int done = 0; done < size; ) {
            int position = (int) offset + done;
            Register register = position < at.length ? at[position] : null;
            if (register == null) {
                done++;
                continue;
            }
            int within = position - register.offset;
            int piece = Math.min(register.bytes - within, size - done);
            register.writer.write((value >>> 8 * done & ones(piece)) << 8 * within,
                    ones(piece) << 8 * within);
            done += piece;
        }
    }

    private static long ones(int bytes) {
        return bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
    }
}
