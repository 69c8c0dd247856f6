// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

import java.util.Arrays;

/// Decodes one frame. Frames may end with a checksum, which is not looked at.
public final class ZstdDecoder {
    private static final int MAGIC = 0xfd2fb528, BLOCK_LIMIT = 128 << 10;
    private static final int[] CONTENT_SIZE_BYTES = {0, 2, 4, 8}, DICTIONARY_ID_BYTES = {0, 1, 2, 4};
    private static final int RAW = 0, RLE = 1, COMPRESSED = 2, TREELESS = 3;

    private final byte[] in;
    private final int end;
    private final byte[] out;
    private final byte[] literals = new byte[BLOCK_LIMIT];
    private final SequenceDecoder sequences = new SequenceDecoder();
    private int at;
    private int produced;
    private HuffmanTable huffman;

    private ZstdDecoder(byte[] in, int from, int length, byte[] out) {
        this.in = in;
        this.at = from;
        this.end = from + length;
        this.out = out;
    }

    /// Decodes the frame that begins at `from`; what follows it is ignored.
    ///
    /// @return how many bytes of `out` it fills
    /// @throws DamagedException if it is no frame, or too large for `out`
    public static int decode(byte[] in, int from, int length, byte[] out) throws DamagedException {
        try {
            return new ZstdDecoder(in, from, length, out).frame();
        } catch (IndexOutOfBoundsException _) {
            // Lengths that lead outside are found by the arrays themselves.
            throw new DamagedException();
        }
    }

    private int number(int bytes) throws DamagedException {
        if (bytes > end - at) {
            throw new DamagedException();
        }
        int value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (in[at++] & 0xff) << 8 * i;
        }
        return value;
    }

    private int frame() throws DamagedException {
        if (number(4) != MAGIC) {
            throw new DamagedException();
        }
        int descriptor = number(1);
        boolean single = (descriptor & 0x20) != 0;
        int sizeBytes = CONTENT_SIZE_BYTES[descriptor >>> 6];
        boolean dictionary = (descriptor & 3) != 0;
        if ((descriptor & 8) != 0 || dictionary && number(DICTIONARY_ID_BYTES[descriptor & 3]) != 0) {
            throw new DamagedException();
        }
        // Window and content size are of no interest: the whole output is the window.
        at += single ? Math.max(1, sizeBytes) : 1 + sizeBytes;
        boolean last;
        do {
            int header = number(3);
            last = (header & 1) != 0;
            block(header >>> 1 & 3, header >>> 3);
        } while (!last);
        return produced;
    }

    private void block(int type, int size) throws DamagedException {
        switch (type) {
            case RAW -> {
                copy(in, at, size);
                at += size;
            }
            case RLE -> {
                byte value = (byte) number(1);
                Arrays.fill(out, produced, produced + size, value);
                produced += size;
            }
            case COMPRESSED -> {
                if (size > BLOCK_LIMIT || size > end - at) {
                    throw new DamagedException();
                }
                compressed(at + size);
                at += size;
            }
            default -> throw new DamagedException();
        }
    }

    private void copy(byte[] from, int first, int count) {
        System.arraycopy(from, first, out, produced, count);
        produced += count;
    }

    private void compressed(int blockEnd) throws DamagedException {
        int saved = at;
        int header = in[at] & 0xff;
        int type = header & 3;
        int format = header >>> 2 & 3;
        int count;
        if (type == RAW || type == RLE) {
            int headerBytes = (format & 1) == 0 ? 1 : format == 1 ? 2 : 3;
            count = headerBytes == 1 ? number(1) >>> 3 : number(headerBytes) >>> 4;
            literals(type, count);
        } else {
            count = huffmanLiterals(type, format, blockEnd);
        }
        produced = sequences.decode(in, at, blockEnd, literals, count, out, produced);
        at = saved;
    }

    private void literals(int type, int count) throws DamagedException {
        if (count > BLOCK_LIMIT) {
            throw new DamagedException();
        }
        if (type == RLE) {
            Arrays.fill(literals, 0, count, (byte) number(1));
        } else {
            System.arraycopy(in, at, literals, 0, count);
            at += count;
        }
    }

    private int huffmanLiterals(int type, int format, int blockEnd) throws DamagedException {
        int headerBytes = format < 2 ? 3 : format + 2;
        int sizeBits = format < 2 ? 10 : format == 2 ? 14 : 18;
        long header = Integer.toUnsignedLong(number(Math.min(4, headerBytes)));
        if (headerBytes == 5) {
            header |= (long) number(1) << 32;
        }
        int count = (int) (header >>> 4) & (1 << sizeBits) - 1;
        int size = (int) (header >>> 4 + sizeBits) & (1 << sizeBits) - 1;
        if (count > BLOCK_LIMIT || size > blockEnd - at) {
            throw new DamagedException();
        }
        int streamsEnd = at + size;
        if (type != TREELESS) {
            huffman = HuffmanTable.read(in, at, streamsEnd);
            at += huffman.described;
        }
        if (huffman == null) {
            throw new DamagedException();
        }
        if (format == 0) {
            huffman.decode(in, at, streamsEnd - at, literals, 0, count);
        } else {
            fourStreams(count, streamsEnd);
        }
        at = streamsEnd;
        return count;
    }

    private void fourStreams(int count, int streamsEnd) throws DamagedException {
        int[] sizes = {number(2), number(2), number(2), 0};
        sizes[3] = streamsEnd - at - sizes[0] - sizes[1] - sizes[2];
        int each = (count + 3) / 4;
        for (int i = 0; i < 4; i++) {
            int here = i < 3 ? each : count - 3 * each;
            if (here < 0) {
                throw new DamagedException();
            }
            huffman.decode(in, at, sizes[i], literals, i * each, here);
            at += sizes[i];
        }
    }
}
