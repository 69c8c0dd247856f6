// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

/// Offsets in the structures that make up a processor's state.
public final class StateLayout {
    // struct kvm_regs: RAX, RBX, RCX, RDX, RSI, RDI, RSP, RBP, R8 to R15, RIP, RFLAGS
    public static final int REGS_BYTES = 144, RIP = 128, RFLAGS = 136;
    /// Where each general register is, by the number that instructions encode it with.
    private static final int[] GENERAL = {0, 16, 24, 8, 48, 56, 32, 40, 64, 72, 80, 88, 96, 104, 112, 120};

    // struct kvm_sregs
    public static final int SREGS_BYTES = 312, GDT = 192, IDT = 208, CR0 = 224, CR2 = 232, CR3 = 240, CR4 = 248,
            CR8 = 256, EFER = 264, APIC_BASE = 272, INTERRUPT_BITMAP = 280;
    /// struct kvm_sregs2, where it goes on differently.
    public static final int SREGS2_BYTES = 320, SREGS2_FLAGS = 280, SREGS2_PDPTRS = 288;
    /// CS, DS, ES, FS, GS, SS, TR and LDT follow each other; here by the numbers that instructions encode, then LDTR
    /// and TR.
    private static final int[] SEGMENTS = {48, 0, 120, 24, 72, 96, 168, 144};

    // struct kvm_segment
    public static final int SEGMENT_BASE = 0, SEGMENT_LIMIT = 8, SEGMENT_SELECTOR = 12, SEGMENT_TYPE = 14,
            SEGMENT_PRESENT = 15, SEGMENT_DPL = 16, SEGMENT_DB = 17, SEGMENT_S = 18, SEGMENT_L = 19, SEGMENT_G = 20,
            SEGMENT_AVL = 21, SEGMENT_UNUSABLE = 22;
    // struct kvm_dtable
    public static final int TABLE_BASE = 0, TABLE_LIMIT = 8;

    // struct kvm_debugregs: DR0 to DR3, DR6, DR7
    public static final int DEBUGREGS_BYTES = 128, DR6 = 32, DR7 = 40;

    // struct kvm_xsave: the standard format, as XSAVE writes it
    public static final int XSAVE_BYTES = 4096, FCW = 0, FSW = 2, ABRIDGED_FTW = 4, FOP = 6, FIP = 8, FDP = 16,
            MXCSR = 24, ST = 32, XMM = 160, XSTATE_BV = 512, XCOMP_BV = 520, YMM_HIGH = 576;
    public static final int SLOT_BYTES = 16, XSAVE_LEAST_BYTES = 576;

    // struct kvm_guest_debug
    public static final int GUEST_DEBUG_BYTES = 72, GUEST_DEBUG_CONTROL = 0, GUEST_DEBUG_REGISTERS = 8;

    // struct kvm_xcrs, with one register
    public static final int XCRS_BYTES = 392, XCRS_COUNT = 0, XCRS_FIRST_NUMBER = 8, XCRS_FIRST_VALUE = 16;

    // struct kvm_vcpu_events
    public static final int EVENTS_BYTES = 64, EXCEPTION_INJECTED = 0, EXCEPTION_VECTOR = 1, EXCEPTION_HAS_CODE = 2,
            EXCEPTION_PENDING = 3, EXCEPTION_CODE = 4, INTERRUPT_INJECTED = 8, INTERRUPT_VECTOR = 9,
            INTERRUPT_SHADOW = 11, NMI_INJECTED = 12, NMI_PENDING = 13, NMI_MASKED = 14, STARTUP_VECTOR = 16,
            EVENTS_FLAGS = 20, SMM_ACTIVE = 24, SMI_PENDING = 25, SMM_INSIDE_NMI = 26, SMM_LATCHED_INIT = 27,
            TRIPLE_FAULT_PENDING = 28;
    // Which fields of it count, beside those that always do.
    public static final int NMI_PENDING_VALID = 1, STARTUP_VECTOR_VALID = 2, SHADOW_VALID = 4, SMM_VALID = 8,
            TRIPLE_FAULT_VALID = 0x20;
    // What INTERRUPT_SHADOW holds: one of STI, one of MOV SS.
    public static final int SHADOW_STI = 2, SHADOW_MOV_SS = 1;
    // struct kvm_mp_state
    public static final int MP_STATE_BYTES = 4;
    public static final int MP_STATE_RUNNABLE = 0, MP_STATE_UNINITIALIZED = 1, MP_STATE_INIT_RECEIVED = 2,
            MP_STATE_HALTED = 3, MP_STATE_SIPI_RECEIVED = 4;
    // struct kvm_nested_state, before the processors' own structures
    public static final int NESTED_BYTES = 128, NESTED_SIZE = 4;
    // struct kvm_lapic_state: the registers of the APIC's page
    public static final int LAPIC_BYTES = 1024;

    private StateLayout() { }

    public static int general(int number) {
        return GENERAL[number];
    }

    /// @param number as in [org.javisor.vmm.Registers]: ES, CS, SS, DS, FS, GS, LDTR, TR
    public static int segment(int number) {
        return SEGMENTS[number];
    }
}
