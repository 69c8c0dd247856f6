// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.javisor.app.vnc.VncAddress;
import org.javisor.app.vnc.VncViewer;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `javisor screenshot`: looks at the screen of a running machine, Javisor's or another's, through its VNC server.
@Command(name = "screenshot", mixinStandardHelpOptions = true,
        description = "Writes what a VNC server shows to a PNG file.")
final class ScreenshotCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "WHERE", description = "The server: a display below 100 or a port on this"
            + " host, or HOST:DISPLAY or HOST:PORT.")
    private String where;

    @Parameters(index = "1", paramLabel = "FILE", description = "The file to write.")
    private Path file;

    @Option(names = "--password-file", paramLabel = "FILE", description = "The server's password: the first line of"
            + " FILE.")
    private Path password;

    @Option(names = "--tls-certificate", paramLabel = "FILE", description = "With TLS: trust this certificate, a PEM"
            + " file, instead of those that Java trusts.")
    private Path certificate;

    @Override
    public Integer call() {
        try (VncViewer viewer = VncViewer.connect(VncAddress.ofServer(where),
                password == null ? null : DisplayOptions.firstLine(password), certificate)) {
            Screenshot.write(viewer.look(), file);
            return 0;
        } catch (IOException e) {
            throw new ConfigurationException("screenshot of " + where + ": " + e.getMessage(), e);
        }
    }
}
