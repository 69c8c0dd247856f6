// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.util.List;
import java.util.function.Consumer;
import org.javisor.app.guest.Cache;
import org.javisor.app.guest.DebianGuest;
import picocli.CommandLine.Option;

/// Which of Debian's kernels the default guest has, and what is in its initial RAM disk.
final class GuestOptions {
    @Option(names = "--guest-kernel", paramLabel = "KERNEL", description = "Without --kernel, which of Debian's to"
            + " boot: cloud (the default), for virtual machines, or full, with the drivers of real hardware.")
    private DebianGuest.Kernel kernel = DebianGuest.Kernel.CLOUD;

    @Option(names = "--guest-modules", paramLabel = "MODULE", split = ",", description = "Modules of Debian's kernel"
            + " that the guest's modprobe is to find, as in ahci,sr_mod; what they need comes with them; repeatable.")
    private List<String> modules = List.of();

    /// Whether anything was said that only Debian's guest heeds.
    boolean given() {
        return kernel != DebianGuest.Kernel.CLOUD || !modules.isEmpty();
    }

    DebianGuest guest(Consumer<String> progress) {
        return DebianGuest.get(Cache.of(System.getenv()), kernel, modules, progress);
    }
}
