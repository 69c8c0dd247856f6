// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;
import org.javisor.host.Errno;
import org.javisor.host.HostDevice;
import org.javisor.host.Ioctl;

/// A file descriptor of KVM's, and the ways in which requests are made of it.
///
/// SAFETY, for every request that goes through here: a structure that is passed is as large as [KvmCalls] says of its
/// request, or longer by the array that it announces, and lives until the call is over; KVM keeps no address that it is
/// passed this way.
public abstract sealed class KvmFd implements AutoCloseable permits SystemFd, VmFd, VcpuFd {
    final HostDevice device;

    KvmFd(HostDevice device) {
        this.device = device;
    }

    /// For messages, and calls that name other descriptors.
    public int fd() {
        return device.fd();
    }

    /// Makes a request with a number.
    ///
    /// @throws KvmException if it is refused
    final int call(Ioctl request, long argument) {
        int result;
        do {
            result = device.tryCall(request, argument);
        } while (result == -Errno.EINTR.number);
        if (result < 0) {
            throw new KvmException(request, device, -result);
        }
        return result;
    }

    /// Makes a request with a structure.
    ///
    /// @throws KvmException if it is refused
    final int call(Ioctl request, MemorySegment structure) {
        return call(request, structure.address());
    }

    /// Uses a structure of `bytes` bytes, all zero.
    static <T> T with(long bytes, Function<MemorySegment, T> use) {
        try (Arena arena = Arena.ofConfined()) {
            return use.apply(arena.allocate(bytes, Long.BYTES));
        }
    }

    /// What a capability is worth: 0 where it is missing.
    public int extension(KvmCapability capability) {
        return Math.max(0, device.tryCall(KvmCalls.KVM_CHECK_EXTENSION, capability.number));
    }

    /// Whether there is a capability.
    public final boolean has(KvmCapability capability) {
        return extension(capability) > 0;
    }

    /// Turns a capability of the machine on.
    public void enable(KvmCapability capability, long... arguments) {
        with(104, wanted -> {
            wanted.set(ValueLayout.JAVA_INT, 0, capability.number);
            for (int i = 0; i < arguments.length; i++) {
                wanted.set(ValueLayout.JAVA_LONG, 8 + 8L * i, arguments[i]);
            }
            return call(KvmCalls.KVM_ENABLE_CAP, wanted);
        });
    }

    /// What tells of this one's statistics.
    public StatisticsFd statistics() {
        return new StatisticsFd(HostDevice.of(call(KvmCalls.KVM_GET_STATS_FD, 0), "statistics of " + device));
    }

    @Override
    public void close() {
        device.close();
    }

    @Override
    public final String toString() {
        return device.toString();
    }
}
