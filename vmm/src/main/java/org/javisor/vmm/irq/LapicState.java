// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// A local APIC's registers, as they lie in the first KiB of its page: 32 bits at each multiple of 16, by offsets as in
/// the SDM (`KVM_GET_LAPIC`). In x2APIC mode the id register holds all 32 bits of the id.
///
/// @param registers [#BYTES] of them
/// @sdm vol. 3A Table 11-1 "Local APIC Register Address Map"
public record LapicState(byte[] registers) {
    public static final int BYTES = 0x400;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    public LapicState {
        if (registers.length != BYTES) {
            throw new IllegalArgumentException("a local APIC has " + BYTES + " bytes of registers, not "
                    + registers.length);
        }
        registers = registers.clone();
    }

    @Override
    public byte[] registers() {
        return registers.clone();
    }

    /// @param offset a multiple of 16 below [#BYTES]
    public int register(int offset) {
        return (int) INT.get(registers, checked(offset));
    }

    /// The same but for one register.
    public LapicState with(int offset, int value) {
        byte[] changed = registers.clone();
        INT.set(changed, checked(offset), value);
        return new LapicState(changed);
    }

    private static int checked(int offset) {
        if (offset < 0 || offset >= BYTES || (offset & 15) != 0) {
            throw new IllegalArgumentException(String.format("a local APIC has no register at 0x%x", offset));
        }
        return offset;
    }
}
