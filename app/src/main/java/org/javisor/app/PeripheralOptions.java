// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.javisor.machine.MachineConfig.SerialOutput;
import org.javisor.machine.PeripheralConfig;
import org.javisor.machine.PeripheralConfig.PanicDevice;
import org.javisor.machine.PeripheralConfig.Reaction;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Option;

/// Which of the devices that not every machine has the guest gets.
final class PeripheralOptions implements AutoCloseable {
    private static final String WATCHDOG = "i6300esb", ACTION = "action=";

    @Option(names = "--floppy", paramLabel = "FILE[,ro]", description = "Add a floppy drive with the image in it, of"
            + " 160K to 2880K; twice at most. Options as those of --disk.")
    private List<String> floppies = List.of();

    @Option(names = "--parallel", paramLabel = "FILE", description = "Add a parallel port with a printer that prints to"
            + " FILE.")
    private Path parallel;

    @Option(names = "--speaker", paramLabel = "FILE", description = "Record what the PC speaker plays in FILE, as WAV.")
    private Path speaker;

    @Option(names = "--debug-console", paramLabel = "FILE", description = "Write what the guest sends to ports 0xe9 and"
            + " 0x402 to FILE.")
    private Path debugConsole;

    @Option(names = "--pvpanic", paramLabel = "BUS", description = "Add a device by which the guest's kernel tells that"
            + " it panicked: isa (the default with --on-panic) or pci.")
    private String panicBus;

    @Option(names = "--on-panic", paramLabel = "POLICY", description = "When the guest's kernel panics: report (the"
            + " default), stop or restart.")
    private String onPanic;

    @Option(names = "--watchdog", paramLabel = "i6300esb[,action=ACTION]", description = "Add a watchdog. When the"
            + " guest does not reload it in time: reset (the default), stop or report.")
    private String watchdog;

    @Option(names = "--tpm", paramLabel = "SOCKET", description = "Add a TPM 2.0: the swtpm process whose control"
            + " channel is at SOCKET.")
    private Path tpm;

    private SpeakerRecording recording;

    /// @param throwaway whether what is written to diskettes is to be forgotten
    /// @param reports   told when a file can no longer be written
    PeripheralConfig config(boolean throwaway, Consumer<String> reports) {
        PeripheralConfig config = PeripheralConfig.NONE.withFloppies(
                floppies.stream().map(floppy -> DiskOption.parse(floppy, throwaway)).toList());
        if (parallel != null) {
            config = config.withPrinter(file("--parallel", parallel, reports));
        }
        if (speaker != null) {
            recording = new SpeakerRecording(speaker);
            config = config.withSpeaker(recording);
        }
        if (debugConsole != null) {
            config = config.withDebugConsole(file("--debug-console", debugConsole, reports));
        }
        if (panicBus != null || onPanic != null) {
            config = config.withPanicDevice(panicDevice(), reaction("--on-panic", onPanic, "restart", Reaction.REPORT));
        }
        if (tpm != null) {
            config = config.withTpm(tpm);
        }
        return watchdog == null ? config : config.withWatchdog(watchdogAction());
    }

    private static SerialOutput file(String option, Path file, Consumer<String> reports) {
        try {
            return new FileOutput(option + " " + file, Files.newOutputStream(file), reports);
        } catch (IOException e) {
            throw new ConfigurationException(option + " " + file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    /// Bytes on their way to a file. What the host has no room for is lost, as with a printer that has no paper.
    private static final class FileOutput implements SerialOutput {
        private final String name;
        private final OutputStream file;
        private final Consumer<String> reports;
        private boolean failed;

        FileOutput(String name, OutputStream file, Consumer<String> reports) {
            this.name = name;
            this.file = file;
            this.reports = reports;
        }

        @Override
        public synchronized void write(byte[] bytes, int from, int count) {
            try {
                file.write(bytes, from, count);
                failed = false;
            } catch (IOException e) {
                if (!failed) {
                    reports.accept(name + ": " + e.getMessage());
                }
                failed = true;
            }
        }
    }

    private PanicDevice panicDevice() {
        return switch (panicBus == null ? "isa" : panicBus) {
            case "isa" -> PanicDevice.ISA;
            case "pci" -> PanicDevice.PCI;
            default -> throw new ConfigurationException("--pvpanic " + panicBus + ": isa or pci is meant");
        };
    }

    private Reaction watchdogAction() {
        if (watchdog.equals(WATCHDOG)) {
            return Reaction.RESTART;
        }
        if (!watchdog.startsWith(WATCHDOG + "," + ACTION)) {
            throw new ConfigurationException("--watchdog " + watchdog + ": the watchdog is an i6300esb, with action="
                    + " reset, stop or report");
        }
        String action = watchdog.substring(WATCHDOG.length() + 1 + ACTION.length());
        return reaction("--watchdog " + WATCHDOG + "," + ACTION, action, "reset", Reaction.RESTART);
    }

    /// @param again what starting again is called
    private static Reaction reaction(String option, String word, String again, Reaction ifNone) {
        if (word == null) {
            return ifNone;
        }
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "stop" -> Reaction.STOP;
            case "report" -> Reaction.REPORT;
            case String other when other.equals(again) -> Reaction.RESTART;
            default -> throw new ConfigurationException(option + " " + word + ": " + again
                    + ", stop or report is meant");
        };
    }

    /// Writes what is written at the end alone.
    @Override
    public void close() {
        if (recording != null) {
            recording.close();
        }
    }
}
