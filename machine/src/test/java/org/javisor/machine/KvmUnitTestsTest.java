// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.javisor.cpu.CpuVendor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Those of kvm-unit-tests that a processor and a PC without virtualization extensions answer for.
///
/// They are not part of this project. To run them, name with `-Djavisor.suites=DIR` a directory that holds
/// built trees: `DIR/kvm-unit-tests` (configured with `--arch=x86_64`) and `DIR/kvm-unit-tests-i386`
/// (`--arch=i386`). `-Djavisor.engine` chooses what executes them.
class KvmUnitTestsTest {
    private static final int PASSED = 1;
    private static final String X86_64 = "kvm-unit-tests", I386 = "kvm-unit-tests-i386";

    /// @param tree     which of the built trees
    /// @param program  the file's name, without its ending
    /// @param withheld processor features to hide, separated by spaces
    private record Suite(String tree, String program, String arguments, int cpus, String withheld,
            int seconds) {
        Suite(String tree, String program) {
            this(tree, program, "", 1, "", 90);
        }

        /// What tests 32-bit SYSCALL is made for AMD's processors.
        CpuVendor vendor() {
            return program.equals("syscall") ? CpuVendor.AMD : CpuVendor.INTEL;
        }
    }

    private static final List<Suite> SUITES = List.of(
            new Suite(X86_64, "access_test", "", 1, "", 900),
            new Suite(X86_64, "debug"),
            new Suite(X86_64, "emulator"),
            new Suite(X86_64, "eventinj"),
            new Suite(X86_64, "hpet_read_test"),
            new Suite(X86_64, "idt_test"),
            new Suite(X86_64, "ioapic", "", 4, "", 90),
            new Suite(X86_64, "la57"),
            new Suite(X86_64, "memory"),
            new Suite(X86_64, "msr"),
            new Suite(X86_64, "pcid"),
            new Suite(X86_64, "pcid", "", 1, "invpcid", 90),
            new Suite(X86_64, "pcid", "", 1, "pcid invpcid", 90),
            new Suite(X86_64, "realmode"),
            new Suite(X86_64, "rmap_chain"),
            new Suite(X86_64, "setjmp"),
            new Suite(X86_64, "sieve", "", 1, "", 300),
            new Suite(X86_64, "smap"),
            new Suite(X86_64, "smptest", "", 2, "", 90),
            new Suite(X86_64, "smptest", "", 3, "", 90),
            new Suite(X86_64, "syscall"),
            new Suite(X86_64, "tsc"),
            new Suite(X86_64, "tsc_adjust"),
            new Suite(X86_64, "tscdeadline_latency"),
            new Suite(X86_64, "umip"),
            new Suite(X86_64, "vmexit", "cpuid", 1, "", 90),
            new Suite(X86_64, "xsave"),
            new Suite(I386, "cmpxchg8b"),
            new Suite(I386, "emulator"),
            new Suite(I386, "eventinj"),
            new Suite(I386, "la57"),
            new Suite(I386, "realmode"),
            new Suite(I386, "setjmp"),
            new Suite(I386, "smap"),
            new Suite(I386, "smptest", "", 2, "", 90),
            new Suite(I386, "taskswitch"),
            new Suite(I386, "taskswitch2"),
            new Suite(I386, "tsc"),
            new Suite(I386, "umip"));

    @TestFactory
    Stream<DynamicTest> suites() {
        return SUITES.stream().map(suite -> dynamicTest(name(suite), () -> run(suite)));
    }

    private static String name(Suite suite) {
        return String.join(" ", suite.tree, suite.program, suite.cpus + " CPU", suite.withheld).strip();
    }

    private static void run(Suite suite) throws Exception {
        String directory = System.getProperty("javisor.suites");
        assumeTrue(directory != null, "javisor.suites names no directory with built test suites");
        Path file = Path.of(directory, suite.tree, "x86", suite.program + ".flat");
        assumeTrue(Files.exists(file), file + " is not there");

        ByteArrayOutputStream output = new ByteArrayOutputStream();
        MachineExit exit = run(suite, file, output);

        String log = output.toString(StandardCharsets.US_ASCII);
        int status = assertInstanceOf(MachineExit.DebugExit.class, exit, log).status();
        assertEquals(List.of(), log.lines().filter(line -> line.startsWith("FAIL")).toList());
        assertEquals(PASSED, status, log);
    }

    private static MachineExit run(Suite suite, Path file, ByteArrayOutputStream output) throws Exception {
        long ramBytes = 512L << 20;
        MachineBuilder builder = Machine.builder().cpus(suite.cpus).memory(ramBytes).kernel(file)
                .commandLine(suite.arguments).protocol(MachineConfig.Protocol.MULTIBOOT)
                .serial(0, output::write).debugExit(0xf4).vendor(suite.vendor())
                .execution(TestEngine.chosen()).translator(TestEngine.translator());
        for (String feature : suite.withheld.split(" ")) {
            if (!feature.isEmpty()) {
                builder.withoutFeature(feature);
            }
        }
        try (Machine machine = builder.build()) {
            new TestDevice(machine.vm(), suite.cpus, ramBytes);
            Thread watchdog = Thread.ofVirtual().start(() -> stopLater(machine, suite.seconds));
            MachineExit exit = machine.run();
            watchdog.interrupt();
            watchdog.join();
            return exit;
        }
    }

    private static void stopLater(Machine machine, int seconds) {
        try {
            Thread.sleep(Duration.ofSeconds(seconds));
            machine.stop();
        } catch (InterruptedException e) {
            // The program ended in time.
        }
    }
}
