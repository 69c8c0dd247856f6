// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

/// Writes sequences with the predefined distributions: the last one first, as they are read from the end.
final class SequenceWriter {
    private static final FseEncoder.Model LITERALS =
            new FseEncoder.Model(SequenceDecoder.LITERAL_ACCURACY, SequenceDecoder.LITERAL_COUNTS);
    private static final FseEncoder.Model OFFSETS =
            new FseEncoder.Model(SequenceDecoder.OFFSET_ACCURACY, SequenceDecoder.OFFSET_COUNTS);
    private static final FseEncoder.Model MATCHES =
            new FseEncoder.Model(SequenceDecoder.MATCH_ACCURACY, SequenceDecoder.MATCH_COUNTS);
    /// Smaller offset values stand for repeated ones, which are not used.
    private static final int FIRST_OFFSET = 3;

    private SequenceWriter() { }

    /// @return where the bits end
    static int write(byte[] block, int from, int count, int[] runs, int[] offsets, int[] matches) {
        ForwardWriter out = new ForwardWriter(block, from);
        FseEncoder literals = new FseEncoder(LITERALS);
        FseEncoder offset = new FseEncoder(OFFSETS);
        FseEncoder match = new FseEncoder(MATCHES);
        for (int i = count - 1; i >= 0; i--) {
            int offsetValue = offsets[i] + FIRST_OFFSET;
            int offsetCode = 31 - Integer.numberOfLeadingZeros(offsetValue);
            int matchCode = code(matches[i], SequenceDecoder.MATCH_BASES);
            int literalCode = code(runs[i], SequenceDecoder.LITERAL_BASES);
            offset.encode(offsetCode, out);
            match.encode(matchCode, out);
            literals.encode(literalCode, out);
            out.write(runs[i] - SequenceDecoder.LITERAL_BASES[literalCode], SequenceDecoder.LITERAL_BITS[literalCode]);
            out.write(matches[i] - SequenceDecoder.MATCH_BASES[matchCode], SequenceDecoder.MATCH_BITS[matchCode]);
            out.write(offsetValue, offsetCode);
        }
        match.finish(out);
        offset.finish(out);
        literals.finish(out);
        return out.finish();
    }

    /// The last code whose range begins at or before `value`.
    private static int code(int value, int[] bases) {
        int code = java.util.Arrays.binarySearch(bases, value);
        return code >= 0 ? code : -code - 2;
    }
}
