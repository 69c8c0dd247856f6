// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.javisor.memory.ConfigurationException;

/// Debian's kernel with a busybox user space: what `javisor run` boots when it is given no kernel.
///
/// The initramfs has busybox as `init`; `/etc/rc` mounts the usual file systems and loads the drivers. The second and
/// third serial ports carry a command's output and errors, the fourth is the line between host and guest: the host
/// sends `size ROWS COLUMNS`, the guest `exit STATUS`.
public final class DebianGuest {
    private static final String BUSYBOX_PACKAGE = "busybox-static";
    /// Loaded at boot, in this order.
    private static final List<String> DRIVERS = List.of("virtio_pci", "virtio_blk", "virtio_console", "virtio_rng");
    /// There for `modprobe`.
    private static final List<String> OPTIONAL_MODULES = List.of("ext4", "loop");
    private static final List<String> APPLET_DIRECTORIES = List.of("bin", "sbin", "usr/bin", "usr/sbin");

    /// One of the kernels that Debian builds.
    public enum Kernel {
        /// For virtual machines: small, without drivers of real hardware.
        CLOUD("linux-image-cloud-amd64"),
        /// With every driver, as modules.
        FULL("linux-image-amd64");

        private final String debianPackage;

        Kernel(String debianPackage) {
            this.debianPackage = debianPackage;
        }
    }

    private final Path kernel;
    private final KernelModules modules;
    private final Path busybox;
    private final List<String> wanted;

    private DebianGuest(Path kernel, KernelModules modules, Path busybox, List<String> wanted) {
        this.kernel = kernel;
        this.modules = modules;
        this.busybox = busybox;
        this.wanted = wanted;
    }

    /// The guest with the kernel for virtual machines.
    public static DebianGuest get(Cache cache, Consumer<String> progress) {
        return get(cache, Kernel.CLOUD, List.of(), progress);
    }

    /// The cached guest, downloaded first if need be.
    ///
    /// @param wanted   names of modules that `modprobe` is to find in it
    /// @param progress told what is being waited for
    /// @throws ConfigurationException if the kernel has no such module
    public static DebianGuest get(Cache cache, Kernel choice, List<String> wanted, Consumer<String> progress) {
        DebianPackages packages = new DebianPackages(progress);
        String name = choice.debianPackage;
        Path kernelRoot = cache.entry(name, into -> packages.unpack(name, into));
        Path busyboxRoot = cache.entry(BUSYBOX_PACKAGE, into -> packages.unpack(BUSYBOX_PACKAGE, into));
        KernelModules modules = new KernelModules(only(modulesOf(kernelRoot), ""));
        wanted.stream().filter(module -> !modules.has(module)).forEach(module -> {
            throw new ConfigurationException("guest module '" + module + "': " + name + " has none of that name");
        });
        return new DebianGuest(only(kernelRoot.resolve("boot"), "vmlinuz-"), modules, busyboxOf(busyboxRoot), wanted);
    }

    private static Path modulesOf(Path kernelRoot) {
        Path merged = kernelRoot.resolve("usr/lib/modules");
        return Files.isDirectory(merged) ? merged : kernelRoot.resolve("lib/modules");
    }

    private static Path busyboxOf(Path root) {
        Path merged = root.resolve("usr/bin/busybox");
        return Files.exists(merged) ? merged : root.resolve("bin/busybox");
    }

    private static Path only(Path directory, String prefix) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.getFileName().toString().startsWith(prefix)).findFirst().orElseThrow(
                    () -> new ConfigurationException("nothing named " + prefix + "... in " + directory
                            + ": remove that directory's parent to have it downloaded again"));
        } catch (IOException e) {
            throw new UncheckedIOException("cached guest: " + e.getMessage(), e);
        }
    }

    public Path kernel() {
        return kernel;
    }

    /// An initramfs whose console is a shell.
    public byte[] interactive() {
        return initramfs("ttyS0::respawn:-/bin/sh\n").build();
    }

    /// An initramfs that runs `command` with the shell, its output on the second serial port and its errors on the
    /// third, and reports its exit status on the fourth.
    public byte[] running(String command) {
        return initramfs("::once:/etc/javisor/run\n").file("etc/javisor/command", 0644, command + "\n").build();
    }

    private Initramfs initramfs(String console) {
        Initramfs root = new Initramfs();
        for (String directory : List.of("dev", "proc", "sys", "tmp", "run", "root", "mnt", "var")) {
            root.directory(directory);
        }
        root.characterDevice("dev/console", 0600, 5, 1).characterDevice("dev/null", 0666, 1, 3);
        try {
            root.file("bin/busybox", 0755, Files.readAllBytes(busybox));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        applets().forEach(path -> root.symbolicLink(path, "/bin/busybox"));
        root.symbolicLink("init", "/bin/busybox");
        root.file("etc/inittab", 0644, resource("inittab") + console).file("etc/rc", 0755, resource("rc"))
                .file("etc/profile", 0644, resource("profile")).file("etc/javisor/run", 0755, resource("run"))
                .file("etc/javisor/agent", 0755, resource("agent"))
                .file("etc/passwd", 0644, "root::0:0::/root:/bin/sh\n")
                .file("etc/group", 0644, "root:x:0:\n").file("etc/hostname", 0644, "javisor\n");
        addModules(root);
        return root;
    }

    private void addModules(Initramfs root) {
        String directory = "lib/modules/" + modules.version();
        List<String> all = Stream.of(DRIVERS, OPTIONAL_MODULES, wanted).flatMap(List::stream).toList();
        StringBuilder dependencies = new StringBuilder();
        modules.closure(all).forEach((name, content) -> {
            root.file(directory + "/" + name + ".ko", 0644, content);
            dependencies.append(name).append(".ko:");
            modules.closure(KernelModules.dependencies(content)).keySet().stream().toList().reversed()
                    .forEach(needed -> dependencies.append(' ').append(needed).append(".ko"));
            dependencies.append('\n');
        });
        root.file(directory + "/modules.dep", 0644, dependencies.toString());
        root.file("etc/javisor/drivers", 0644, String.join("\n", DRIVERS) + "\n");
    }

    /// The paths of busybox's applets, as the program itself lists them.
    private List<String> applets() {
        try {
            Process process = new ProcessBuilder(busybox.toString(), "--list-full").start();
            process.getOutputStream().close();
            String listed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return listed.lines().filter(path -> APPLET_DIRECTORIES.contains(parent(path)))
                    .filter(path -> !path.equals("bin/busybox")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + busybox, e);
        }
    }

    private static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    private static String resource(String name) {
        try (InputStream in = DebianGuest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
