// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.javisor.app.control.RuntimeDirectory;

/// How guests reach the world, and other processes machines.
final class ConnectionsCheck implements Check {
    private final HostFiles host;
    private final RuntimeDirectory runtime;

    ConnectionsCheck(HostFiles host, RuntimeDirectory runtime) {
        this.host = host;
        this.runtime = runtime;
    }

    @Override
    public List<Finding> look() {
        return List.of(Finding.ok("network", "--nic user needs nothing of the host"), tap(), sockets());
    }

    private Finding tap() {
        String user = "; guests have --nic user all the same";
        return switch (DeviceFile.look(host.path("/dev/net/tun"))) {
            case OPENS -> Finding.ok("TUN/TAP", "/dev/net/tun opens");
            case MISSING -> Finding.note("TUN/TAP", "there is no /dev/net/tun" + user, null);
            case FORBIDDEN -> Finding.note("TUN/TAP", "/dev/net/tun is not this user's to open" + user, null);
            case DEAD -> Finding.note("TUN/TAP", "/dev/net/tun is there, but the kernel has no driver behind it" + user,
                    "modprobe tun, as root");
        };
    }

    private Finding sockets() {
        Path directory = runtime.path(), parent = directory.getParent();
        if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) ? Files.isWritable(directory)
                : !Files.exists(directory, LinkOption.NOFOLLOW_LINKS) && Files.isWritable(parent)) {
            return Finding.ok("kvm-stat", "machines' sockets are in " + directory);
        }
        return Finding.note("kvm-stat", directory + " cannot be used: kvm-stat will find no machine",
                "name a directory of your own in XDG_RUNTIME_DIR");
    }
}
