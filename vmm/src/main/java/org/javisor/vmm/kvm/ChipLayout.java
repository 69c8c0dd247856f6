// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

/// Offsets in the structures that hold the state of KVM's interrupt chips.
public final class ChipLayout {
    // struct kvm_irqchip: which chip, then its state
    public static final int CHIP_BYTES = 520, CHIP_STATE = 8;
    public static final int MASTER = 0, SLAVE = 1, IO_APIC = 2;

    // struct kvm_pic_state, of bytes
    public static final int PIC_LAST_IRR = 0, PIC_IRR = 1, PIC_IMR = 2, PIC_ISR = 3, PIC_PRIORITY_ADD = 4,
            PIC_IRQ_BASE = 5, PIC_READ_REG_SELECT = 6, PIC_POLL = 7, PIC_SPECIAL_MASK = 8, PIC_INIT_STATE = 9,
            PIC_AUTO_EOI = 10, PIC_ROTATE_ON_AUTO_EOI = 11, PIC_FULLY_NESTED = 12, PIC_INIT4 = 13, PIC_ELCR = 14,
            PIC_ELCR_MASK = 15;

    // struct kvm_ioapic_state
    public static final int IO_APIC_BASE = 0, IO_APIC_SELECT = 8, IO_APIC_ID = 12, IO_APIC_IRR = 16, IO_APIC_TABLE = 24;

    // struct kvm_pit_config and struct kvm_pit_state2
    public static final int PIT_CONFIG_BYTES = 64, PIT_SPEAKER = 1;
    public static final int PIT_BYTES = 112, PIT_CHANNEL_BYTES = 24, PIT_FLAGS = 72, PIT_FLAGS_SPEAKER_ON = 2;
    // struct kvm_pit_channel_state
    public static final int PIT_COUNT = 0, PIT_LATCHED_COUNT = 4, PIT_COUNT_LATCHED = 6, PIT_STATUS_LATCHED = 7,
            PIT_STATUS = 8, PIT_READ_STATE = 9, PIT_WRITE_STATE = 10, PIT_WRITE_LATCH = 11, PIT_RW_MODE = 12,
            PIT_MODE = 13, PIT_BCD = 14, PIT_GATE = 15, PIT_COUNT_LOAD_TIME = 16;

    private ChipLayout() { }
}
