// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.javisor.cpu.KeptCode;

/// Where [KeptCode] is kept from one run to the next. It makes later runs faster, no more: a file that cannot be read
/// or written is as good as none.
///
/// What is in it will be executed by this process. So it counts only if it is this user's, and in a directory of this
/// user's, and nobody else may write to either.
final class KeptCodeFile implements AutoCloseable {
    private static final int WRITABLE_BY_OTHERS = 0022;
    private static final String OWNER = "uid", ATTRIBUTES = "unix:uid,mode", MODE = "mode";
    private static final Path THIS_PROCESS = Path.of("/proc/self");

    private final Path file;
    private final KeptCode code;

    KeptCodeFile(Path file) {
        this.file = file.toAbsolutePath();
        this.code = new KeptCode(read());
    }

    KeptCode code() {
        return code;
    }

    private ByteBuffer read() {
        try {
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && isOurs(file) && isOurs(file.getParent())) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    // Whoever replaces it replaces the whole file: what is mapped stays.
                    long bytes = Math.min(channel.size(), Integer.MAX_VALUE);
                    return channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, Arena.ofAuto()).asByteBuffer();
                }
            }
        } catch (IOException | UnsupportedOperationException e) {
            // The first run, or a host that does not tell whose it is.
        }
        return ByteBuffer.allocate(0);
    }

    private static boolean isOurs(Path path) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(path, ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
        return attributes.get(OWNER).equals(Files.getAttribute(THIS_PROCESS, "unix:" + OWNER))
                && ((Integer) attributes.get(MODE) & WRITABLE_BY_OTHERS) == 0;
    }

    /// Writes what is known now, if that is enough more than before. Who does so at the same time wins or loses as a
    /// whole.
    @Override
    public void close() {
        if (!code.hasGrown()) {
            return;
        }
        try {
            Files.createDirectories(file.getParent());
            // Readable and writable by its owner alone.
            Path draft = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".draft");
            try {
                try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                    code.writeTo(channel);
                }
                Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(draft);
            }
        } catch (IOException e) {
            // The next run has to translate for itself.
        }
    }
}
