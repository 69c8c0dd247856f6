// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.app.guest.Initramfs;
import org.javisor.machine.Machine;
import org.javisor.vmm.Execution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A program of a Linux guest executes what a disk's controller writes into its memory.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class DiskCodeTest {
    private static final int BLOCKS = 64, BLOCK_BYTES = 4096;

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final CommandResult result = new CommandResult();

    @Test
    void codeThatIsReadFromADiskOverCodeIsExecuted() throws Exception {
        Optional<Path> program = GuestProgram.compile("disk-code", directory);
        assumeTrue(program.isPresent(), "gcc is not installed");
        DebianGuest guest = DebianGuest.get(Cache.of(System.getenv()), _ -> { });
        ByteArrayOutputStream initramfs = new ByteArrayOutputStream();
        initramfs.write(guest.running("disk-code /dev/vda"));
        initramfs.write(new Initramfs().file("bin/disk-code", 0755, Files.readAllBytes(program.get())).build());
        try (Machine machine = Machine.builder().memory(256L << 20).kernel(guest.kernel())
                .initrd("initramfs", initramfs.toByteArray()).disk(disk(), true)
                .commandLine("console=ttyS0 quiet cryptomgr.notests").serial(1, out::write).serial(2, out::write)
                .serial(3, result).execution(Execution.AUTO).build()) {
            result.whenKnown(machine::stop);

            machine.run();

            assertEquals("right\n", out.toString(StandardCharsets.UTF_8));
            assertEquals(0, result.status());
        }
    }

    /// Block N begins with `mov eax, N; ret`.
    private Path disk() throws Exception {
        ByteBuffer content = ByteBuffer.allocate(BLOCKS * BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int block = 0; block < BLOCKS; block++) {
            content.position(block * BLOCK_BYTES).put((byte) 0xb8).putInt(block).put((byte) 0xc3);
        }
        return Files.write(directory.resolve("disk.img"), content.array());
    }
}
