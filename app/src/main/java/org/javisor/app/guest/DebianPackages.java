// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.javisor.memory.ConfigurationException;

/// Debian packages, downloaded and unpacked with apt's and dpkg's own tools, without privileges: package lists of our
/// own are fetched when the machine's are missing or out of date.
public final class DebianPackages {
    private static final Pattern DEPENDENCY = Pattern.compile("(?m)^Depends:.*?\\b(linux-image-\\d\\S*)");

    private final Consumer<String> progress;

    /// @param progress told, in a few words, what is being waited for
    public DebianPackages(Consumer<String> progress) {
        this.progress = progress;
    }

    /// Downloads `name` and unpacks it into `directory`; of a metapackage for a kernel, the kernel it stands for.
    ///
    /// @throws ConfigurationException if apt cannot get it
    public void unpack(String name, Path directory) throws IOException {
        Path work = Files.createTempDirectory(directory, "apt");
        try {
            Path archive = download(name, work);
            progress.accept("unpacking " + archive.getFileName());
            run(work, List.of("dpkg-deb", "--extract", archive.toString(), directory.toString()));
        } finally {
            try (Stream<Path> files = Files.walk(work)) {
                for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private Path download(String name, Path work) throws IOException {
        try {
            return download(name, work, List.of());
        } catch (ConfigurationException _) {
            // The machine's own lists are missing or old, or not ours to refresh.
            progress.accept("fetching Debian's package lists");
            List<String> own = ownLists(work);
            run(work, apt("apt-get", own, "update"));
            return download(name, work, own);
        }
    }

    private Path download(String name, Path work, List<String> options) throws IOException {
        String description = run(work, apt("apt-cache", options, "show", "--no-all-versions", name));
        Matcher kernel = DEPENDENCY.matcher(description);
        String wanted = name.startsWith("linux-image-") && kernel.find() ? kernel.group(1) : name;
        progress.accept("downloading " + wanted);
        run(work, apt("apt-get", options, "download", wanted));
        try (Stream<Path> files = Files.list(work)) {
            return files.filter(f -> f.getFileName().toString().startsWith(wanted + "_")).findFirst()
                    .orElseThrow(() -> new ConfigurationException("apt-get download " + wanted + " brought no file"));
        }
    }

    private static List<String> ownLists(Path work) throws IOException {
        Files.createDirectories(work.resolve("lists/partial"));
        Files.createDirectories(work.resolve("cache/archives/partial"));
        return List.of("-o", "Dir::State::Lists=" + work.resolve("lists"), "-o", "Dir::Cache=" + work.resolve("cache"));
    }

    private static List<String> apt(String program, List<String> options, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(program);
        // Without it apt, run by root, complains that its unprivileged user cannot write here.
        command.addAll(List.of("-q", "-o", "APT::Sandbox::User=root"));
        command.addAll(options);
        command.addAll(List.of(arguments));
        return command;
    }

    /// Runs a command in `directory` and returns what it prints.
    private static String run(Path directory, List<String> command) throws IOException {
        Process process;
        try {
            ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile())
                    .redirectErrorStream(true);
            builder.environment().put("LC_ALL", "C");
            process = builder.start();
        } catch (IOException e) {
            throw new ConfigurationException("cannot run " + command.getFirst() + ", which fetches the guest: install "
                    + "apt and dpkg, or name a guest with --kernel and --initrd", e);
        }
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status;
        try {
            status = process.waitFor();
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted while running " + command.getFirst()));
        }
        if (status != 0) {
            String[] lines = output.strip().split("\n");
            throw new ConfigurationException(String.join(" ", command.getFirst(), command.getLast()) + " failed: "
                    + lines[lines.length - 1]);
        }
        return output;
    }
}
