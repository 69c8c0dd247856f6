// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import static org.javisor.vmm.kvm.ChipLayout.IO_APIC_ID;
import static org.javisor.vmm.kvm.ChipLayout.IO_APIC_IRR;
import static org.javisor.vmm.kvm.ChipLayout.IO_APIC_SELECT;
import static org.javisor.vmm.kvm.ChipLayout.IO_APIC_TABLE;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.javisor.vmm.irq.IoApic;

/// KVM's I/O APIC as ours, and back. What KVM requests is the level of a pin: an edge is a message at once.
final class KvmIoApic {
    private static final int ID_SHIFT = 24, ID_BITS = 0xf;

    private KvmIoApic() { }

    static IoApic.State read(byte[] raw) {
        ByteBuffer chip = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        List<Long> table = new ArrayList<>();
        for (int pin = 0; pin < IoApic.PINS; pin++) {
            table.add(chip.getLong(IO_APIC_TABLE + Long.BYTES * pin));
        }
        return new IoApic.State(chip.getInt(IO_APIC_SELECT) & 0xff, (chip.getInt(IO_APIC_ID) & ID_BITS) << ID_SHIFT,
                chip.getInt(IO_APIC_IRR) & (1 << IoApic.PINS) - 1, table);
    }

    /// @param raw what the chip holds, which is changed
    static void write(IoApic.State state, byte[] raw) {
        ByteBuffer chip = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        chip.putInt(IO_APIC_SELECT, state.select());
        chip.putInt(IO_APIC_ID, state.id() >>> ID_SHIFT);
        chip.putInt(IO_APIC_IRR, state.pins());
        for (int pin = 0; pin < IoApic.PINS; pin++) {
            chip.putLong(IO_APIC_TABLE + Long.BYTES * pin, state.table().get(pin));
        }
    }
}
