// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.javisor.devices.vga.Screen;
import org.javisor.memory.ConfigurationException;

/// What a screen shows as a file: a PNG, or a text screen's text.
final class Screenshot {
    private static final String TEXT = ".txt";
    private static final int MOST = 10_000;

    private Screenshot() { }

    static void write(Screen screen, Path file) {
        if (!file.toString().endsWith(TEXT)) {
            write(screen.frame(0), file);
            return;
        }
        if (!screen.textMode()) {
            throw new ConfigurationException("screenshot " + file + ": the screen shows no text but a picture");
        }
        try {
            Files.writeString(file, screen.text());
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    static void write(Screen.Frame frame, Path file) {
        BufferedImage image = new BufferedImage(frame.width(), frame.height(), BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, frame.width(), frame.height(), frame.pixels(), 0, frame.width());
        try {
            ImageIO.write(image, "png", file.toFile());
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    private static UncheckedIOException failed(Path file, IOException e) {
        return new UncheckedIOException("screenshot " + file + ": " + e.getMessage(), e);
    }

    /// Writes `javisor-1.png` or one behind it, whichever there is not yet, and for a text screen its text beside it.
    ///
    /// @return what to tell the person
    static String next(Screen screen, Path directory) {
        for (int n = 1; n < MOST; n++) {
            Path picture = directory.resolve("javisor-" + n + ".png");
            if (Files.exists(picture)) {
                continue;
            }
            try {
                write(screen, picture);
                if (screen.textMode()) {
                    write(screen, directory.resolve("javisor-" + n + TEXT));
                    return "javisor-" + n + ".png and .txt written";
                }
                return "javisor-" + n + ".png written";
            } catch (UncheckedIOException e) {
                return e.getMessage();
            }
        }
        return "no screenshot: there are " + MOST;
    }
}
