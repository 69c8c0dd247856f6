// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

import org.javisor.host.Mapping;

/// Host memory that backs guest memory: zeroed, shareable with other processes through its memfd, and not touched until
/// the guest touches it.
public final class Ram implements AutoCloseable {
    private final Mapping mapping;
    /// Null if all of it is there.
    final AbsentPages absent;

    private Ram(Mapping mapping, PageSource source) {
        this.mapping = mapping;
        this.absent = source == null ? null : new AbsentPages(mapping.hva(), mapping.bytes(), source);
    }

    /// @param bytes a positive multiple of 4096
    /// @throws org.javisor.host.HostException if the host has no such memory to give
    public static Ram allocate(long bytes) {
        return allocate(bytes, null);
    }

    /// As [#allocate], where pages get their contents from `source` when somebody first asks the [GuestMemory] for
    /// them. Who works on the mapping itself, or on the memfd, may find them empty.
    ///
    /// @param source null for zeros
    public static Ram allocate(long bytes, PageSource source) {
        Mapping mapping = Mapping.shared("javisor-ram", bytes);
        mapping.adviseHugePages();
        return new Ram(mapping, source);
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
