// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import org.javisor.host.Errno;
import org.javisor.host.Ioctl;

/// A request that the host's KVM refused: which, on what, the error number, and what it means there.
public final class KvmException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;

    /// @param on what the request was made of
    KvmException(Ioctl request, Object on, int errno) {
        super(request.name() + " on " + on + " failed with " + Errno.nameOf(errno) + ": " + meaning(request, errno));
        this.call = request.name();
        this.errno = errno;
    }

    /// The request's name, as in linux/kvm.h.
    public String call() {
        return call;
    }

    /// The host's error number, as in `errno(3)`.
    public int errno() {
        return errno;
    }

    private static String meaning(Ioctl request, int errno) {
        String ofThis = special(request.name(), Errno.nameOf(errno));
        return ofThis != null ? ofThis : general(Errno.nameOf(errno));
    }

    /// What an error means for one request, or null where it means what it always does.
    private static String special(String call, String errno) {
        return switch (call + " " + errno) {
            case "KVM_CREATE_VM EBUSY" -> "another hypervisor uses the processor's virtualization";
            case "KVM_CREATE_VCPU EEXIST" -> "the processor exists, or too many do";
            case "KVM_CREATE_VCPU EINVAL" -> "the number is higher than this host's KVM allows";
            case "KVM_SET_USER_MEMORY_REGION EEXIST" -> "the slot overlaps another";
            case "KVM_SET_USER_MEMORY_REGION EINVAL" ->
                "the slot is not aligned, too large, changes its size, or asks for what this host cannot";
            case "KVM_CREATE_IRQCHIP EEXIST", "KVM_CREATE_PIT2 EEXIST" -> "the machine has it already";
            case "KVM_CREATE_IRQCHIP EINVAL", "KVM_ENABLE_CAP EEXIST", "KVM_ENABLE_CAP EINVAL" ->
                "it comes too late (processors exist), or this host cannot do it";
            case "KVM_IRQFD EBUSY" -> "the event descriptor is connected already";
            case "KVM_IRQFD EINVAL" -> "no such interrupt, or no event descriptor";
            case "KVM_IOEVENTFD EEXIST" -> "the address is watched already";
            case "KVM_IOEVENTFD ENOENT" -> "nothing like that is watched";
            case "KVM_SET_SREGS EINVAL", "KVM_SET_SREGS2 EINVAL" ->
                "control registers, EFER and segments do not make a state that a processor can be in";
            case "KVM_SET_XSAVE EINVAL" -> "the area has components or MXCSR bits that this processor does not have";
            case "KVM_SET_CPUID2 EINVAL" -> "the processor cannot change once it has run, or cannot be like that";
            case "KVM_SET_MP_STATE EINVAL" -> "a machine without interrupt chips has no such state";
            case "KVM_SET_TSC_KHZ EINVAL" -> "this host cannot scale time stamp counters";
            case "KVM_RUN EBADF", "KVM_RUN ENOENT" -> "the processor was closed";
            case "KVM_RUN ENOSPC" -> "the machine has no memory, and so no room for page tables";
            case "KVM_RUN EFAULT" -> "guest memory is not mapped here any more";
            default -> null;
        };
    }

    private static String general(String errno) {
        return switch (errno) {
            case "EINVAL" -> "an argument is not one that this host's KVM takes";
            case "EFAULT" -> "an address is not mapped";
            case "EBADF" -> "a file descriptor is closed";
            case "ENOTTY" -> "this host's KVM does not know the request";
            case "ENOMEM" -> "the host has no memory for it";
            case "EBUSY" -> "it is in use";
            case "EEXIST" -> "it exists";
            case "ENXIO" -> "the machine does not have what this is about";
            case "EMFILE" -> "the process has too many files open";
            case "EPERM", "EACCES" -> "the host does not permit it";
            case "EAGAIN" -> "not now";
            case "E2BIG" -> "there is more of it than there is room for";
            case "ENOSPC" -> "there is no room left";
            default -> "the host gave no other reason";
        };
    }
}
