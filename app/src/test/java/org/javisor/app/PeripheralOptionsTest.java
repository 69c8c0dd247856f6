// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.javisor.machine.PeripheralConfig;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.javisor.memory.ConfigurationException;
import org.javisor.testkit.MicroGuest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class PeripheralOptionsTest {
    @TempDir
    private Path directory;
    private final List<String> reports = new ArrayList<>();

    private PeripheralConfig config(String... arguments) {
        PeripheralOptions options = new PeripheralOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("peripherals",
                CommandLine.Model.CommandSpec.forAnnotatedObject(options))).parseArgs(arguments);
        return options.config(false, reports::add);
    }

    @Test
    void withoutOptionsThereIsNothing() {
        PeripheralConfig config = config();

        assertEquals(PanicDevice.NONE, config.panicDevice());
        assertNull(config.watchdog());
        assertNull(config.printer());
        assertEquals(List.of(), config.floppies());
    }

    @Test
    void floppiesAreDisksInOrder() {
        PeripheralConfig config = config("--floppy", "a.img,ro", "--floppy", "b.img");

        assertEquals(Path.of("a.img"), config.floppies().getFirst().file());
        assertEquals(true, config.floppies().getFirst().readOnly());
        assertEquals(Path.of("b.img"), config.floppies().getLast().file());
    }

    @ParameterizedTest
    @CsvSource({"i6300esb,RESTART", "'i6300esb,action=reset',RESTART", "'i6300esb,action=stop',STOP",
        "'i6300esb,action=report',REPORT"})
    void aWatchdogDoesWhatItIsTold(String option, Reaction reaction) {
        assertEquals(reaction, config("--watchdog", option).watchdog());
    }

    @Test
    void aPolicyForPanicsBringsTheDevice() {
        assertEquals(PanicDevice.ISA, config("--on-panic", "stop").panicDevice());
        assertEquals(Reaction.STOP, config("--on-panic", "stop").onPanic());
        assertEquals(Reaction.RESTART, config("--on-panic", "restart", "--pvpanic", "pci").onPanic());
        assertEquals(PanicDevice.PCI, config("--pvpanic", "pci").panicDevice());
        assertEquals(Reaction.REPORT, config("--pvpanic", "pci").onPanic());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--watchdog tco", "--watchdog i6300esb,action=restart", "--on-panic reset", "--pvpanic usb",
        "--parallel /no/such/file", "--debug-console /no/such/file", "--speaker /no/such/file",
        "--floppy a --floppy b --floppy c"})
    void whatCannotBeIsSaidInALine(String arguments) {
        ConfigurationException e = assertThrows(ConfigurationException.class, () -> config(arguments.split(" ")));

        assertEquals(1, e.getMessage().lines().count());
    }

    @Test
    void whatIsPrintedIsInTheFile() throws Exception {
        Path paper = directory.resolve("paper");
        PeripheralConfig config = config("--parallel", paper.toString());

        config.printer().write("xhellox".getBytes(StandardCharsets.US_ASCII), 1, 5);

        assertEquals("hello", Files.readString(paper));
    }

    /// Linux's device that never has room.
    @Test
    void aFullHostIsReportedOnceAndLosesWhatIsPrinted() {
        PeripheralConfig config = config("--parallel", "/dev/full");
        for (int n = 0; n < 3; n++) {
            config.printer().write(new byte[1], 0, 1);
        }

        assertEquals(1, reports.size(), reports.toString());
    }

    @Test
    void aFloppyOfNoSizeAndATpmThatIsNotThereAreSaid() throws Exception {
        Path odd = Files.write(directory.resolve("odd"), new byte[1000 << 10]);
        assertTrue(refused("--floppy", odd.toString()).contains("1440K"));
        assertTrue(refused("--tpm", directory.resolve("nothing").toString()).contains("swtpm socket"));
    }

    /// Runs the command with a kernel that would end it, and returns what it says instead.
    private String refused(String... arguments) throws Exception {
        Path kernel = Files.write(directory.resolve("kernel"), new MicroGuest().stop().elf());
        List<String> all = new ArrayList<>(List.of("run", "--memory", "32M", "--kernel", kernel.toString()));
        all.addAll(List.of(arguments));
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        CommandLine command = TestCommand.commandLine().setErr(new PrintWriter(err, true));

        assertEquals(ExitStatus.USAGE, command.execute(all.toArray(String[]::new)), err.toString());
        return err.toString(StandardCharsets.UTF_8);
    }
}
