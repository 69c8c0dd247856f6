// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.image;

import java.nio.file.Path;
import java.util.Map;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.image.DiskImage;
import org.javisor.devices.block.image.ImageCare;
import org.javisor.devices.block.image.ImageConversion;
import org.javisor.devices.block.image.ImageCreation;
import org.javisor.devices.block.image.ImageFormat;
import org.javisor.devices.block.image.ImageInfo;
import org.javisor.devices.block.qcow2.Qcow2Check;
import org.javisor.memory.ConfigurationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// `javisor image` and its commands.
@Command(name = "image", mixinStandardHelpOptions = true,
        description = "Makes, shows, converts, checks and resizes disk images.")
public final class ImageCommand implements Runnable {
    /// What `check` exits with besides 0: what was found destroys data, or only wastes space.
    private static final int ERRORS = 3, LEAKS = 4;

    /// Parses the name of a format.
    static final class FormatConverter implements ITypeConverter<ImageFormat> {
        @Override
        public ImageFormat convert(String name) {
            try {
                return ImageFormat.named(name);
            } catch (ConfigurationException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    @Spec
    private CommandSpec spec;

    private void say(Object text) {
        spec.commandLine().getOut().println(text);
        spec.commandLine().getOut().flush();
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    @Command(name = "create", mixinStandardHelpOptions = true, description = "Makes an empty disk image.")
    int create(
            @Option(names = {"-f", "--format"}, paramLabel = "FORMAT", converter = FormatConverter.class,
                    defaultValue = "qcow2", description = "raw or qcow2 (the default).") ImageFormat format,
            @Option(names = {"-b", "--backing"}, paramLabel = "FILE",
                    description = "Image with what is not in this one; relative to it.") String backing,
            @Option(names = {"-F", "--backing-format"}, paramLabel = "FORMAT", converter = FormatConverter.class,
                    description = "Its format.") ImageFormat backingFormat,
            @Option(names = {"-o", "--option"}, paramLabel = "NAME=VALUE", split = ",",
                    description = "compat, cluster_size, refcount_bits, lazy_refcounts, compression_type.")
            Map<String, String> options,
            @Parameters(paramLabel = "FILE") Path file,
            @Parameters(paramLabel = "SIZE", arity = "0..1", converter = DiskSize.Converter.class,
                    description = "As in 10G; that of the backing file if there is one.") DiskSize size) {
        long bytes = size == null ? -1 : size.from(0);
        ImageCreation.create(file, format, bytes, backing, backingFormat, options == null ? Map.of() : options);
        return 0;
    }

    @Command(name = "info", mixinStandardHelpOptions = true, description = "Shows what a disk image is.")
    int info(
            @Option(names = {"-f", "--format"}, paramLabel = "FORMAT", converter = FormatConverter.class,
                    description = "The image's format; found out if not given.") ImageFormat format,
            @Option(names = "--json", description = "For programs.") boolean json,
            @Parameters(paramLabel = "FILE") Path file) {
        ImageInfo info = ImageInfo.of(file, format);
        say(json ? InfoReport.json(info) : InfoReport.text(info));
        return 0;
    }

    @Command(name = "convert", mixinStandardHelpOptions = true, description = "Copies a disk into a new image.")
    int convert(
            @Option(names = {"-f", "--format"}, paramLabel = "FORMAT", converter = FormatConverter.class,
                    description = "The source's format; found out if not given.") ImageFormat format,
            @Option(names = {"-O", "--output-format"}, paramLabel = "FORMAT", converter = FormatConverter.class,
                    defaultValue = "qcow2", description = "raw or qcow2 (the default).") ImageFormat output,
            @Option(names = {"-c", "--compress"}, description = "Compress clusters.") boolean compress,
            @Option(names = "--snapshot", paramLabel = "NAME",
                    description = "The state that a snapshot in the source kept.") String snapshot,
            @Option(names = {"-o", "--option"}, paramLabel = "NAME=VALUE", split = ",",
                    description = "As for create.") Map<String, String> options,
            @Parameters(paramLabel = "SOURCE") Path source, @Parameters(paramLabel = "TARGET") Path target) {
        try (BlockBackend disk = snapshot == null ? DiskImage.open(source, format, true)
                : DiskImage.openSnapshot(source, snapshot)) {
            ImageConversion.convert(disk, target, output, compress, options == null ? Map.of() : options);
        }
        return 0;
    }

    @Command(name = "check", mixinStandardHelpOptions = true,
            description = "Checks that a qcow2 image is whole.",
            footer = {"", "Exit status: 0 whole, 3 errors, 4 only space that is lost."})
    int check(
            @Option(names = "--repair", description = "Make it whole as far as possible.") boolean repair,
            @Option(names = "--json", description = "For programs.") boolean json,
            @Parameters(paramLabel = "FILE") Path file) {
        Qcow2Check.Report report = ImageCare.check(file, repair);
        say(json ? InfoReport.json(file, report) : InfoReport.text(report));
        return report.errors() > 0 ? ERRORS : report.leaks() > 0 ? LEAKS : 0;
    }

    @Command(name = "resize", mixinStandardHelpOptions = true, description = "Changes the size of a disk.")
    int resize(
            @Option(names = {"-f", "--format"}, paramLabel = "FORMAT", converter = FormatConverter.class,
                    description = "The image's format; found out if not given.") ImageFormat format,
            @Option(names = "--shrink", description = "What is beyond a smaller size may be lost.") boolean shrink,
            @Parameters(paramLabel = "FILE") Path file,
            @Parameters(paramLabel = "[+-]SIZE", converter = DiskSize.Converter.class,
                    description = "The new size, or what is added or taken away.") DiskSize size) {
        ImageCare.resize(file, format, size.from(size.sign() == 0 ? 0 : ImageInfo.of(file, format).bytes()), shrink);
        return 0;
    }
}
