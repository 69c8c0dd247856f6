// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;

/// Takes the ELF kernel out of a bzImage, for tests of protocols that want one.
final class KernelPayload {
    private static final int SETUP_SECTS = 0x1f1, PAYLOAD_OFFSET = 0x248, PAYLOAD_LENGTH = 0x24c;
    private static final int LZ4_LEGACY = 0x184c_2102;

    private KernelPayload() { }

    /// @throws IOException if it is not compressed with LZ4, as Debian's is
    static byte[] elf(byte[] bzImage) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(bzImage).order(ByteOrder.LITTLE_ENDIAN);
        int start = ((file.get(SETUP_SECTS) & 0xff) + 1) * 512 + file.getInt(PAYLOAD_OFFSET);
        // The last four bytes are the length of what comes out.
        int end = start + file.getInt(PAYLOAD_LENGTH) - 4;
        if (file.getInt(start) != LZ4_LEGACY) {
            throw new IOException("payload is not LZ4");
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = start + 4; at < end; ) {
            int blockBytes = file.getInt(at);
            try (var block = new BlockLZ4CompressorInputStream(new ByteArrayInputStream(bzImage, at + 4, blockBytes))) {
                block.transferTo(out);
            }
            at += 4 + blockBytes;
        }
        return out.toByteArray();
    }
}
