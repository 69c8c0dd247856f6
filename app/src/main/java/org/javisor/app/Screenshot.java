// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.javisor.devices.vga.Screen;

/// A picture of the guest's screen as a PNG file.
final class Screenshot {
    private Screenshot() { }

    static void write(Screen screen, Path file) {
        Screen.Frame frame = screen.frame(0);
        BufferedImage image = new BufferedImage(frame.width(), frame.height(), BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, frame.width(), frame.height(), frame.pixels(), 0, frame.width());
        try {
            ImageIO.write(image, "png", file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("screenshot " + file + ": " + e.getMessage(), e);
        }
    }
}
