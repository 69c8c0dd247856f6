// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.javisor.host.Errno;
import org.javisor.host.HostDevice;

/// `/dev/kvm`: what the host's KVM can do, and where machines come from.
public final class SystemFd extends KvmFd {
    public static final Path DEVICE = Path.of("/dev/kvm");
    /// The only version there is.
    public static final int API_VERSION = 12;
    private static final int MAX_CPUID_ENTRIES = 256;
    private static final int MAX_MSRS = 1024;

    private SystemFd(HostDevice device) {
        super(device);
    }

    /// @throws org.javisor.host.HostException if it is not there or may not be opened
    public static SystemFd open() {
        return new SystemFd(HostDevice.open(DEVICE));
    }

    public int apiVersion() {
        return call(KvmCalls.KVM_GET_API_VERSION, 0);
    }

    /// How many bytes a processor shares with who runs it.
    public int vcpuMmapBytes() {
        return call(KvmCalls.KVM_GET_VCPU_MMAP_SIZE, 0);
    }

    public VmFd createVm() {
        return new VmFd(HostDevice.of(call(KvmCalls.KVM_CREATE_VM, 0), "a KVM machine"), vcpuMmapBytes());
    }

    /// What CPUID can be made to answer.
    public CpuidTable supportedCpuid() {
        return with(CpuidTable.bytes(MAX_CPUID_ENTRIES), table -> {
            table.set(ValueLayout.JAVA_INT, 0, MAX_CPUID_ENTRIES);
            call(KvmCalls.KVM_GET_SUPPORTED_CPUID, table);
            return CpuidTable.read(table);
        });
    }

    /// The model-specific registers that make up a processor's state.
    public int[] msrIndices() {
        return with(4 + 4L * MAX_MSRS, list -> {
            list.set(ValueLayout.JAVA_INT, 0, MAX_MSRS);
            call(KvmCalls.KVM_GET_MSR_INDEX_LIST, list);
            return list.asSlice(4, 4L * list.get(ValueLayout.JAVA_INT, 0)).toArray(ValueLayout.JAVA_INT);
        });
    }

    /// What IA32_MCG_CAP of processors can say, but for the number of banks.
    public long machineCheckCapabilities() {
        return with(8, value -> {
            call(KvmCalls.KVM_X86_GET_MCE_CAP_SUPPORTED, value);
            return value.get(ValueLayout.JAVA_LONG, 0);
        });
    }

    /// @return whether an error of [#open] says that there is no KVM, rather than that it may not be used
    public static boolean isAbsence(int errno) {
        return errno == Errno.ENOENT.number || errno == Errno.ENODEV.number || errno == Errno.ENXIO.number;
    }
}
