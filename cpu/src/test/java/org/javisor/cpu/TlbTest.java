// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlbTest {
    /// These pages differ in nothing, or in what marks tracked pages, from what empty entries hold above the offset.
    @ParameterizedTest
    @ValueSource(longs = {-8, -0x1000, -0x200_1000, -0x200_0008, -0x100_0000})
    void pagesThatEmptyEntriesLookLikeAreNotWritable(long address) {
        try (TestMachine machine = TestMachine.in64BitMode()) {
            machine.cpu.reg64(CpuLayout.RBX, address);
            // mov [rbx], rax; mov rax, [rbx]
            assertEquals(GuestFault.PF, machine.execute(0x48, 0x89, 0x03));
            assertEquals(GuestFault.PF, machine.execute(0x48, 0x8b, 0x03));
        }
    }
}
