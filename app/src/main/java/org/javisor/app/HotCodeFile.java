// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.javisor.cpu.HotCode;

/// Where [HotCode] is kept from one run to the next: a file of big-endian 64-bit numbers, the first of which says what
/// it is. It makes later runs faster, no more: one that cannot be read or written is as good as none.
final class HotCodeFile implements AutoCloseable {
    /// "HOTCODE", and what the hashes are made of: to be changed with that.
    private static final long MAGIC = 0x484f_5443_4f44_4501L;

    private final Path file;
    private final HotCode code;

    HotCodeFile(Path file) {
        this.file = file;
        this.code = read(file);
    }

    HotCode code() {
        return code;
    }

    private static HotCode read(Path file) {
        try {
            // Not more than was written, whatever is there now.
            if (Files.size(file) <= Long.BYTES * (1L + HotCode.CAPACITY)) {
                LongBuffer numbers = ByteBuffer.wrap(Files.readAllBytes(file)).asLongBuffer();
                if (numbers.hasRemaining() && numbers.get() == MAGIC) {
                    long[] entries = new long[numbers.remaining()];
                    numbers.get(entries);
                    return new HotCode(entries);
                }
            }
        } catch (IOException e) {
            // The first run.
        }
        return new HotCode();
    }

    /// Writes what is known now, if that is more than before. Who does so at the same time wins or loses as a whole.
    @Override
    public void close() {
        if (!code.hasLearned()) {
            return;
        }
        long[] entries = code.entries();
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * (1 + entries.length));
        bytes.asLongBuffer().put(MAGIC).put(entries);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path draft = Files.createTempFile(file.toAbsolutePath().getParent(), "hot-code", ".draft");
            try {
                Files.write(draft, bytes.array());
                Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(draft);
            }
        } catch (IOException e) {
            // The next run has to find out for itself.
        }
    }
}
