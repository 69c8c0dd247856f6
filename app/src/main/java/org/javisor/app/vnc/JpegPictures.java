// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.javisor.devices.vga.Screen;

/// Makes JPEG pictures of areas.
final class JpegPictures implements AutoCloseable {
    /// Java's quality for each that a client may ask for.
    private static final float[] QUALITIES = {0.15f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.87f, 0.93f, 0.98f};

    private final ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    private final ImageWriteParam parameters = writer.getDefaultWriteParam();

    JpegPictures() {
        parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    }

    /// @param quality 0 to 9
    byte[] compress(Screen.Frame frame, Area area, int quality) throws IOException {
        BufferedImage image = new BufferedImage(area.width(), area.height(), BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, area.width(), area.height(), frame.pixels(), area.y() * frame.width() + area.x(),
                frame.width());
        parameters.setCompressionQuality(QUALITIES[quality]);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), parameters);
        }
        return bytes.toByteArray();
    }

    @Override
    public void close() {
        writer.dispose();
    }
}
