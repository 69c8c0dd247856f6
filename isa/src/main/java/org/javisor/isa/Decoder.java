// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

/// Turns bytes into [Instruction]s. Stateless; any thread.
public final class Decoder {
    /// The longest instruction; a longer one is #GP(0).
    public static final int MAX_BYTES = 15;

    /// Results of [#decode] that are no length.
    public static final int NEEDS_MORE = 0, TOO_LONG = -1;

    private Decoder() { }

    /// Decodes the instruction at `code[from]`.
    ///
    /// @param limit    the end of the bytes at hand (exclusive)
    /// @param codeBits 16, 32 or 64
    /// @return its length; [#NEEDS_MORE] when it does not end before `limit`; [#TOO_LONG] when it is longer than
    ///     [#MAX_BYTES]. Bytes that are no instruction yield [OpcodeRow#UNDEFINED] and the length read so far.
    public static int decode(byte[] code, int from, int limit, int codeBits, Instruction into) {
        throw new UnsupportedOperationException();
    }
}
