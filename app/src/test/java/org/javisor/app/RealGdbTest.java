// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import org.javisor.app.guest.DebianPackages;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's gdb, with the symbols of Debian's kernel: breakpoints, steps, a watchpoint, variables.
@Tag("slow")
class RealGdbTest {
    /// Of its first command gdb says nothing but what the guest does; `echo` tells the parts of the session apart.
    private static final String SESSION = """
            set pagination off
            set confirm off
            set width 0
            target remote %s
            echo == before the first instruction\\n
            info threads
            hbreak start_kernel
            continue
            echo == at start_kernel\\n
            backtrace 1
            print linux_banner
            delete
            break do_sys_openat2
            continue
            echo == at do_sys_openat2\\n
            info args
            print $_streq(filename, "") == 0
            stepi 3
            next
            info threads
            finish
            echo == watching\\n
            delete
            watch jiffies_64
            continue
            echo == at the end\\n
            delete
            print/x $cr0 & 0x80000001
            print init_task.comm
            monitor cpus
            detach
            """;

    @TempDir
    private Path directory;

    /// The kernel's file with symbols, of the very version that the guest boots.
    private static Path symbols(Cache cache) throws Exception {
        String release = DebianGuest.get(cache, _ -> { }).kernel().getFileName().toString().replace("vmlinuz-", "");
        String debianPackage = "linux-image-" + release + "-dbg";
        return cache.entry(debianPackage, into -> new DebianPackages(_ -> { }).unpack(debianPackage, into))
                .resolve("usr/lib/debug/boot/vmlinux-" + release);
    }

    /// What gdb says when it is given `commands`.
    private String session(Path symbols, Path socket) throws Exception {
        Path commands = Files.writeString(directory.resolve("commands"), SESSION.formatted(socket));
        Path said = directory.resolve("said");
        Process gdb = new ProcessBuilder("gdb", "-batch", "-nx", "-x", commands.toString(), symbols.toString())
                .redirectErrorStream(true).redirectOutput(said.toFile()).start();
        try {
            assertTrue(gdb.waitFor(4, TimeUnit.MINUTES), () -> "gdb does not end");
            return Files.readString(said);
        } finally {
            gdb.destroyForcibly();
        }
    }

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void aKernelIsDebuggedByItsSymbols() throws Exception {
        Assumptions.assumeTrue(Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(place -> Files.isExecutable(Path.of(place, "gdb"))), "gdb is not installed");
        Path symbols = symbols(Cache.of(System.getenv()));
        Path socket = directory.resolve("gdb");
        CompletableFuture<CommandRun> guest = CompletableFuture.supplyAsync(() -> CommandRun.of("run", "--cpus", "2",
                "--append", "nokaslr", "--gdb", socket.toString(), "--gdb-wait", "--exec", "echo done"));
        while (!Files.exists(socket) && !guest.isDone()) {
            Thread.onSpinWait();
        }

        String said = session(symbols, socket);

        for (String expected : List.of(
                "before the first instruction\\s.*Thread 1 \\(vCPU 0, CPL 0\\)",
                "Thread 1 hit Breakpoint 1, .*start_kernel \\(\\) at init/main\\.c:\\d+",
                "at start_kernel\\s+#0 +start_kernel .*\\$1 = 0x\\p{XDigit}+ <linux_banner> \"Linux version \\d",
                "hit Breakpoint 2, do_sys_openat2 \\(dfd=",
                "at do_sys_openat2\\sdfd = .*\\sfilename = 0x\\p{XDigit}+ \"/[^\"]+\"",
                "\\$2 = 1",
                "\\* \\d +Thread \\d \\(vCPU \\d, CPL 0\\).* do_sys_openat2",
                "__x64_sys_openat .*Value returned is \\$3 = ",
                "hit Hardware watchpoint 3: jiffies_64\\s+Old value = \\d+\\sNew value = \\d+",
                "\\$\\d = 0x80000001\\s\\$\\d = \"swapper",
                "detached")) {
            assertTrue(Pattern.compile(expected, Pattern.DOTALL).matcher(said).find(), () -> expected + "\n" + said);
        }
        CommandRun run = guest.get(4, TimeUnit.MINUTES);
        assertEquals("done\n", run.out(), run.err());
        assertEquals(0, run.status(), run.err());
    }
}
