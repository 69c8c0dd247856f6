// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import org.javisor.host.Mapping;

/// Host memory that backs guest memory: zeroed, shareable with other processes through its memfd, and not touched until
/// the guest touches it.
public final class Ram implements AutoCloseable {
    private final Mapping mapping;

    private Ram(Mapping mapping) {
        this.mapping = mapping;
    }

    /// @param bytes a positive multiple of 4096
    /// @throws org.javisor.host.HostException if the host has no such memory to give
    public static Ram allocate(long bytes) {
        Mapping mapping = Mapping.shared("javisor-ram", bytes);
        mapping.adviseHugePages();
        return new Ram(mapping);
    }

    /// Where it is mapped in this process; it never moves.
    public long hva() {
        return mapping.hva();
    }

    public long bytes() {
        return mapping.bytes();
    }

    /// The memfd behind it, for other processes to map.
    public int fd() {
        return mapping.fd();
    }

    /// Unmaps it. No vCPU may run and no device may work on it any more.
    @Override
    public void close() {
        mapping.close();
    }
}
