// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.ParseException;
import jdk.jfr.Configuration;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Option;

/// The option of `javisor run` that has JDK Flight Recorder write down what the machine does.
final class RecordingOptions {
    private static final String SETTINGS = "javisor.jfc";

    @Option(names = "--jfr", paramLabel = "FILE", description = "Record exits, interrupts, page faults and halts with"
            + " JDK Flight Recorder; jfr and JDK Mission Control read the FILE.")
    private Path file;

    /// Starts to record; whoever closes what this returns has it written.
    ///
    /// @return null if that is not wanted
    Recording start() {
        if (file == null) {
            return null;
        }
        if (!FlightRecorder.isAvailable()) {
            throw new ConfigurationException("--jfr: this Java has no Flight Recorder");
        }
        Recording recording = new Recording(settings());
        try {
            recording.setName("javisor");
            recording.setDestination(file);
            recording.start();
            return recording;
        } catch (IOException | RuntimeException e) {
            recording.close();
            throw new ConfigurationException("--jfr " + file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    private static Configuration settings() {
        try (InputStream in = RecordingOptions.class.getResourceAsStream(SETTINGS)) {
            return Configuration.create(new InputStreamReader(in, StandardCharsets.UTF_8));
        } catch (IOException | ParseException e) {
            throw new IllegalStateException(SETTINGS, e);
        }
    }
}
