// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.kvm.KvmProbe;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What each engine counts can be sent and shown.
@Timeout(60)
class MachineReadingTest {
    /// again: in al, 0x60; out 0x80, al; jmp again
    private static final byte[] READS_AND_WRITES = HexFormat.of().parseHex("e460e680ebfa");

    @ParameterizedTest
    @EnumSource(names = {"SOFTWARE", "KVM"})
    void theReasonsAreTheSame(EngineKind engine) {
        KvmProbe probe = engine == EngineKind.KVM ? KvmProbe.result() : null;
        assumeTrue(probe == null || probe.instructionsPerSecond() > 0, () -> "KVM: " + probe.reason());
        try (Hypervisor hypervisor = Hypervisor.open(engine); Vm vm = hypervisor.createVm();
                Ram ram = Ram.allocate(0x1000)) {
            vm.memory().addSlot(0, 0x1000, ram);
            vm.memory().store(0x1000, READS_AND_WRITES);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            for (int i = 0; i < 20; i++) {
                vcpu.run();
            }

            MachineReading reading = MachineReading.of(vm, 1_000_000_000);

            assertEquals(engine.name().toLowerCase(Locale.ROOT), reading.engine());
            assertEquals(10, reading.exits(0).get("PORT_READ").count());
            assertEquals(10, reading.exits(0).get("PORT_WRITE").count());
            assertTrue(reading.exits(0).get("PORT_READ").nanos() > 0);
            assertTrue(reading.processors().getFirst().statistics().has("exits"));
            List<String> lines = ReadingText.lines(reading);
            assertEquals(lines, ReadingText.lines(ReadingText.parse(lines)));
            assertTrue(StatTable.of(null, reading, -1).contains("PORT_READ"));
        }
    }
}
