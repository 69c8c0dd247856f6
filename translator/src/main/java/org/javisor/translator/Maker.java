// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.javisor.cpu.CpuLayout;
import org.javisor.host.HostMemory;
import org.javisor.isa.Decoder;
import org.javisor.isa.Feature;

/// Who made host code, and for which host: what another maker made is of no use, and wrong.
final class Maker {
    /// One class of each module that has a say in what host code looks like.
    private static final List<Class<?>> MODULES =
            List.of(Maker.class, CpuLayout.class, Decoder.class, HostMemory.class);

    private Maker() { }

    /// A hash of our own code, of the host's features and of what else is different from host to host.
    ///
    /// @param routines how many bytes of code there are before the translations
    /// @return 0 if our code cannot be told from another version of it
    static long identity(HostFeatures host, long routines) {
        CRC32 code = new CRC32();
        try {
            for (Class<?> part : MODULES) {
                if (!add(part, code)) {
                    return 0;
                }
            }
        } catch (IOException | URISyntaxException e) {
            return 0;
        }
        CRC32 features = new CRC32();
        for (Feature feature : Feature.values()) {
            features.update(host.has(feature) ? 1 : 0);
        }
        features.update(host.clock() != 0 ? 1 : 0);
        features.update((int) routines >> 8);
        features.update((int) routines);
        return code.getValue() << 32 | features.getValue() | 1;
    }

    /// Adds what a class comes from: a JAR file, or a directory of classes.
    private static boolean add(Class<?> part, CRC32 sum) throws IOException, URISyntaxException {
        CodeSource source = part.getProtectionDomain().getCodeSource();
        if (source == null || !source.getLocation().getProtocol().equals("file")) {
            return false;
        }
        Path path = Path.of(source.getLocation().toURI());
        if (Files.isRegularFile(path)) {
            sum.update(Files.readAllBytes(path));
            return true;
        }
        Path classes = path.resolve(part.getPackageName().replace('.', '/'));
        try (Stream<Path> files = Files.list(classes)) {
            for (Path file : files.filter(name -> name.toString().endsWith(".class")).sorted().toList()) {
                sum.update(Files.readAllBytes(file));
            }
        }
        return true;
    }
}
