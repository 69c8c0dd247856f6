// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

/// Offsets in `struct kvm_run`, which a processor shares with who runs it.
public final class RunLayout {
    public static final int REQUEST_INTERRUPT_WINDOW = 0, IMMEDIATE_EXIT = 1, EXIT_REASON = 8,
            READY_FOR_INTERRUPT_INJECTION = 12, IF_FLAG = 13, FLAGS = 14, CR8 = 16, APIC_BASE = 24;

    /// Where the part begins that differs by exit reason.
    public static final int UNION = 32;
    public static final int HARDWARE_REASON = UNION, FAILED_CPU = UNION + 8;
    public static final int IO_DIRECTION = UNION, IO_SIZE = UNION + 1, IO_PORT = UNION + 2, IO_COUNT = UNION + 4,
            IO_DATA_OFFSET = UNION + 8;
    public static final int DEBUG_EXCEPTION = UNION, DEBUG_PC = UNION + 8, DEBUG_DR6 = UNION + 16,
            DEBUG_DR7 = UNION + 24;
    public static final int MMIO_ADDRESS = UNION, MMIO_DATA = UNION + 8, MMIO_BYTES = UNION + 16,
            MMIO_IS_WRITE = UNION + 20;
    public static final int HYPERCALL_NUMBER = UNION, HYPERCALL_ARGUMENTS = UNION + 8, HYPERCALL_RESULT = UNION + 56;
    public static final int INTERNAL_SUBERROR = UNION, INTERNAL_COUNT = UNION + 4, INTERNAL_DATA = UNION + 8;
    public static final int SYSTEM_EVENT_TYPE = UNION, SYSTEM_EVENT_COUNT = UNION + 4, SYSTEM_EVENT_DATA = UNION + 8;
    public static final int HYPERV_TYPE = UNION, HYPERV_CALL_RESULT = UNION + 16;
    public static final int EOI_VECTOR = UNION;
    public static final int MSR_ERROR = UNION, MSR_REASON = UNION + 8, MSR_INDEX = UNION + 12, MSR_DATA = UNION + 16;

    // Exit reasons.
    public static final int EXIT_UNKNOWN = 0, EXIT_EXCEPTION = 1, EXIT_IO = 2, EXIT_HYPERCALL = 3, EXIT_DEBUG = 4,
            EXIT_HLT = 5, EXIT_MMIO = 6, EXIT_IRQ_WINDOW_OPEN = 7, EXIT_SHUTDOWN = 8, EXIT_FAIL_ENTRY = 9,
            EXIT_INTR = 10, EXIT_SET_TPR = 11, EXIT_TPR_ACCESS = 12, EXIT_NMI = 16, EXIT_INTERNAL_ERROR = 17,
            EXIT_SYSTEM_EVENT = 24, EXIT_IOAPIC_EOI = 26, EXIT_HYPERV = 27, EXIT_X86_RDMSR = 29, EXIT_X86_WRMSR = 30,
            EXIT_DIRTY_RING_FULL = 31, EXIT_X86_BUS_LOCK = 33;

    // What MSR_REASON holds, and what user space asks to be told of.
    public static final int MSR_INVALID = 1, MSR_UNKNOWN = 2, MSR_FILTER = 4;

    // What HYPERV_TYPE holds: the guest has written registers of its SynIC, called, or written the debugger's.
    public static final int HYPERV_SYNIC = 1, HYPERV_CALL = 2, HYPERV_DEBUGGER = 3;

    // What SYSTEM_EVENT_TYPE holds.
    public static final int SYSTEM_SHUTDOWN = 1, SYSTEM_RESET = 2, SYSTEM_CRASH = 3;

    // What FLAGS has.
    public static final int IN_SYSTEM_MANAGEMENT = 1;

    // What IO_DIRECTION holds.
    public static final int IO_IN = 0, IO_OUT = 1;

    private RunLayout() { }
}
