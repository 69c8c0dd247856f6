// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import org.javisor.host.Ioctl;

/// KVM's requests, one row each: name, number, and the size of the structure that goes along.
///
/// Sizes are those of the structures on x86-64; a structure that ends in an array of any length counts without it.
///
/// @see <a href="https://docs.kernel.org/virt/kvm/api.html">The Definitive KVM API Documentation</a>
public final class KvmCalls {
    private static final int KVMIO = 0xae;

    // ---- of the system ----

    public static final Ioctl KVM_GET_API_VERSION = plain("KVM_GET_API_VERSION", 0x00);
    public static final Ioctl KVM_CREATE_VM = plain("KVM_CREATE_VM", 0x01);
    public static final Ioctl KVM_GET_MSR_INDEX_LIST = exchanges("KVM_GET_MSR_INDEX_LIST", 0x02, 4);
    public static final Ioctl KVM_CHECK_EXTENSION = plain("KVM_CHECK_EXTENSION", 0x03);
    public static final Ioctl KVM_GET_VCPU_MMAP_SIZE = plain("KVM_GET_VCPU_MMAP_SIZE", 0x04);
    public static final Ioctl KVM_GET_SUPPORTED_CPUID = exchanges("KVM_GET_SUPPORTED_CPUID", 0x05, 8);
    public static final Ioctl KVM_X86_GET_MCE_CAP_SUPPORTED = gives("KVM_X86_GET_MCE_CAP_SUPPORTED", 0x9d, 8);

    // ---- of a machine ----

    public static final Ioctl KVM_CREATE_VCPU = plain("KVM_CREATE_VCPU", 0x41);
    public static final Ioctl KVM_GET_DIRTY_LOG = takes("KVM_GET_DIRTY_LOG", 0x42, 16);
    public static final Ioctl KVM_SET_USER_MEMORY_REGION = takes("KVM_SET_USER_MEMORY_REGION", 0x46, 32);
    public static final Ioctl KVM_SET_TSS_ADDR = plain("KVM_SET_TSS_ADDR", 0x47);
    public static final Ioctl KVM_SET_IDENTITY_MAP_ADDR = takes("KVM_SET_IDENTITY_MAP_ADDR", 0x48, 8);
    public static final Ioctl KVM_CREATE_IRQCHIP = plain("KVM_CREATE_IRQCHIP", 0x60);
    public static final Ioctl KVM_IRQ_LINE = takes("KVM_IRQ_LINE", 0x61, 8);
    public static final Ioctl KVM_GET_IRQCHIP = exchanges("KVM_GET_IRQCHIP", 0x62, 520);
    public static final Ioctl KVM_SET_IRQCHIP = gives("KVM_SET_IRQCHIP", 0x63, 520);
    public static final Ioctl KVM_REGISTER_COALESCED_MMIO = takes("KVM_REGISTER_COALESCED_MMIO", 0x67, 16);
    public static final Ioctl KVM_UNREGISTER_COALESCED_MMIO = takes("KVM_UNREGISTER_COALESCED_MMIO", 0x68, 16);
    public static final Ioctl KVM_SET_GSI_ROUTING = takes("KVM_SET_GSI_ROUTING", 0x6a, 8);
    public static final Ioctl KVM_IRQFD = takes("KVM_IRQFD", 0x76, 32);
    public static final Ioctl KVM_CREATE_PIT2 = takes("KVM_CREATE_PIT2", 0x77, 64);
    public static final Ioctl KVM_SET_BOOT_CPU_ID = plain("KVM_SET_BOOT_CPU_ID", 0x78);
    public static final Ioctl KVM_IOEVENTFD = takes("KVM_IOEVENTFD", 0x79, 64);
    public static final Ioctl KVM_SET_CLOCK = takes("KVM_SET_CLOCK", 0x7b, 48);
    public static final Ioctl KVM_GET_CLOCK = gives("KVM_GET_CLOCK", 0x7c, 48);
    public static final Ioctl KVM_GET_PIT2 = gives("KVM_GET_PIT2", 0x9f, 112);
    public static final Ioctl KVM_SET_PIT2 = takes("KVM_SET_PIT2", 0xa0, 112);
    public static final Ioctl KVM_ENABLE_CAP = takes("KVM_ENABLE_CAP", 0xa3, 104);
    public static final Ioctl KVM_SIGNAL_MSI = takes("KVM_SIGNAL_MSI", 0xa5, 32);
    public static final Ioctl KVM_CLEAR_DIRTY_LOG = exchanges("KVM_CLEAR_DIRTY_LOG", 0xc0, 24);
    public static final Ioctl KVM_X86_SET_MSR_FILTER = takes("KVM_X86_SET_MSR_FILTER", 0xc6, 392);
    public static final Ioctl KVM_RESET_DIRTY_RINGS = plain("KVM_RESET_DIRTY_RINGS", 0xc7);

    // ---- of a processor ----

    public static final Ioctl KVM_RUN = plain("KVM_RUN", 0x80);
    public static final Ioctl KVM_GET_REGS = gives("KVM_GET_REGS", 0x81, 144);
    public static final Ioctl KVM_SET_REGS = takes("KVM_SET_REGS", 0x82, 144);
    public static final Ioctl KVM_GET_SREGS = gives("KVM_GET_SREGS", 0x83, 312);
    public static final Ioctl KVM_SET_SREGS = takes("KVM_SET_SREGS", 0x84, 312);
    public static final Ioctl KVM_TRANSLATE = exchanges("KVM_TRANSLATE", 0x85, 24);
    public static final Ioctl KVM_INTERRUPT = takes("KVM_INTERRUPT", 0x86, 4);
    public static final Ioctl KVM_GET_MSRS = exchanges("KVM_GET_MSRS", 0x88, 8);
    public static final Ioctl KVM_SET_MSRS = takes("KVM_SET_MSRS", 0x89, 8);
    public static final Ioctl KVM_GET_LAPIC = gives("KVM_GET_LAPIC", 0x8e, 1024);
    public static final Ioctl KVM_SET_LAPIC = takes("KVM_SET_LAPIC", 0x8f, 1024);
    public static final Ioctl KVM_SET_CPUID2 = takes("KVM_SET_CPUID2", 0x90, 8);
    public static final Ioctl KVM_GET_CPUID2 = exchanges("KVM_GET_CPUID2", 0x91, 8);
    public static final Ioctl KVM_GET_MP_STATE = gives("KVM_GET_MP_STATE", 0x98, 4);
    public static final Ioctl KVM_SET_MP_STATE = takes("KVM_SET_MP_STATE", 0x99, 4);
    public static final Ioctl KVM_NMI = plain("KVM_NMI", 0x9a);
    public static final Ioctl KVM_SET_GUEST_DEBUG = takes("KVM_SET_GUEST_DEBUG", 0x9b, 72);
    public static final Ioctl KVM_X86_SETUP_MCE = takes("KVM_X86_SETUP_MCE", 0x9c, 8);
    public static final Ioctl KVM_X86_SET_MCE = takes("KVM_X86_SET_MCE", 0x9e, 64);
    public static final Ioctl KVM_GET_VCPU_EVENTS = gives("KVM_GET_VCPU_EVENTS", 0x9f, 64);
    public static final Ioctl KVM_SET_VCPU_EVENTS = takes("KVM_SET_VCPU_EVENTS", 0xa0, 64);
    public static final Ioctl KVM_GET_DEBUGREGS = gives("KVM_GET_DEBUGREGS", 0xa1, 128);
    public static final Ioctl KVM_SET_DEBUGREGS = takes("KVM_SET_DEBUGREGS", 0xa2, 128);
    public static final Ioctl KVM_SET_TSC_KHZ = plain("KVM_SET_TSC_KHZ", 0xa2);
    public static final Ioctl KVM_GET_TSC_KHZ = plain("KVM_GET_TSC_KHZ", 0xa3);
    public static final Ioctl KVM_GET_XSAVE = gives("KVM_GET_XSAVE", 0xa4, 4096);
    public static final Ioctl KVM_SET_XSAVE = takes("KVM_SET_XSAVE", 0xa5, 4096);
    public static final Ioctl KVM_GET_XCRS = gives("KVM_GET_XCRS", 0xa6, 392);
    public static final Ioctl KVM_SET_XCRS = takes("KVM_SET_XCRS", 0xa7, 392);
    public static final Ioctl KVM_KVMCLOCK_CTRL = plain("KVM_KVMCLOCK_CTRL", 0xad);
    public static final Ioctl KVM_SMI = plain("KVM_SMI", 0xb7);
    public static final Ioctl KVM_GET_NESTED_STATE = exchanges("KVM_GET_NESTED_STATE", 0xbe, 128);
    public static final Ioctl KVM_SET_NESTED_STATE = takes("KVM_SET_NESTED_STATE", 0xbf, 128);
    public static final Ioctl KVM_GET_SUPPORTED_HV_CPUID = exchanges("KVM_GET_SUPPORTED_HV_CPUID", 0xc1, 8);
    public static final Ioctl KVM_GET_SREGS2 = gives("KVM_GET_SREGS2", 0xcc, 320);
    public static final Ioctl KVM_SET_SREGS2 = takes("KVM_SET_SREGS2", 0xcd, 320);

    // ---- of machines and processors ----

    public static final Ioctl KVM_GET_STATS_FD = plain("KVM_GET_STATS_FD", 0xce);

    public static final Ioctl KVM_SET_DEVICE_ATTR = takes("KVM_SET_DEVICE_ATTR", 0xe1, 24);
    public static final Ioctl KVM_GET_DEVICE_ATTR = takes("KVM_GET_DEVICE_ATTR", 0xe2, 24);

    private KvmCalls() { }

    private static Ioctl plain(String name, int number) {
        return Ioctl.plain(name, KVMIO, number);
    }

    private static Ioctl takes(String name, int number, int bytes) {
        return Ioctl.takes(name, KVMIO, number, bytes);
    }

    private static Ioctl gives(String name, int number, int bytes) {
        return Ioctl.gives(name, KVMIO, number, bytes);
    }

    private static Ioctl exchanges(String name, int number, int bytes) {
        return Ioctl.exchanges(name, KVMIO, number, bytes);
    }
}
