// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.javisor.app.vnc.VncPassword;
import org.javisor.app.vnc.VncSecurity;
import org.javisor.app.vnc.VncServer;
import org.javisor.app.vnc.VncTls;
import org.javisor.machine.Machine;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Option;

/// The options of `javisor run` about the guest's screen.
final class DisplayOptions {
    /// Where else the screen is shown.
    enum Place {
        NONE,
        /// In the person's terminal.
        TERMINAL
    }

    @Option(names = "--vga", description = "Add a VGA.")
    private boolean vga;

    @Option(names = "--display", paramLabel = "PLACE", description = "none, or terminal: add a VGA and show it in this"
            + " terminal, with its keys on the guest's keyboard, in place of the first serial port.")
    private Place place = Place.NONE;

    @Option(names = "--vnc", paramLabel = "WHERE", description = "Add a VGA and show it to VNC clients: a display"
            + " below 100 or a port on the loopback interface, or HOST:PORT.")
    private String vnc;

    @Option(names = "--vnc-password-file", paramLabel = "FILE", description = "The password that VNC clients must"
            + " know: the first line of FILE, up to 8 characters.")
    private Path password;

    @Option(names = "--vnc-tls-certificate", paramLabel = "FILE", description = "Have VNC clients use TLS (VeNCrypt)"
            + " with this certificate: PEM, or PKCS #12 without a password.")
    private Path certificate;

    @Option(names = "--vnc-tls-key", paramLabel = "FILE", description = "The certificate's key, as PEM, if it is not in"
            + " the same file.")
    private Path key;

    @Option(names = "--vnc-tls-anonymous", description = "Have VNC clients use TLS without a certificate: who only"
            + " listens learns nothing, but clients cannot know whom they reach.")
    private boolean anonymous;

    @Option(names = "--screenshot", paramLabel = "FILE", description = "With a VGA: write what the screen shows"
            + " at the end to FILE, as PNG; or as text, for a text screen and a FILE that ends in .txt.")
    private Path screenshot;

    /// Whether the guest has a display adapter.
    boolean adapter() {
        return vga || vnc != null || inTerminal();
    }

    boolean inTerminal() {
        return place == Place.TERMINAL;
    }

    /// What is wrong with the combination of options; null if nothing is.
    ///
    /// @param firmware whether the guest starts from firmware
    String complaint(boolean firmware) {
        if (screenshot != null && !adapter()) {
            return "--screenshot needs --vga, --vnc or --display terminal";
        }
        if (vnc == null && (password != null || certificate != null || anonymous)) {
            return "--vnc-password-file, --vnc-tls-certificate and --vnc-tls-anonymous need --vnc";
        }
        if (anonymous && certificate != null) {
            return "--vnc-tls-anonymous and --vnc-tls-certificate: one of them";
        }
        if (key != null && certificate == null) {
            return "--vnc-tls-key needs --vnc-tls-certificate";
        }
        if (inTerminal() && !firmware) {
            return "--display terminal needs --firmware: without it nobody draws on the screen";
        }
        if (inTerminal() && (System.console() == null || !System.console().isTerminal())) {
            return "--display terminal: standard input or output is no terminal";
        }
        return null;
    }

    /// Before anything is done that uses TLS.
    void prepare() {
        if (anonymous) {
            VncTls.allowAnonymous();
        }
    }

    /// Starts what VNC clients connect to; null if none are wanted.
    VncServer listen(Machine machine, Consumer<String> reports) {
        return vnc == null ? null : VncServer.listen(machine, vnc, security(), reports);
    }

    private VncSecurity security() {
        return new VncSecurity(password == null ? null : new VncPassword(firstLine(password)),
                anonymous ? VncTls.anonymous() : certificate == null ? null : VncTls.of(certificate, key));
    }

    static String firstLine(Path file) {
        try {
            return Files.readAllLines(file).stream().findFirst().filter(line -> !line.isEmpty()).orElseThrow(
                    () -> new ConfigurationException("password file " + file + ": its first line is empty"));
        } catch (IOException e) {
            throw new ConfigurationException("password file " + file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /// What is wanted at the end.
    void finish(Machine machine) {
        if (screenshot != null) {
            Screenshot.write(machine.screen(), screenshot);
        }
    }
}
