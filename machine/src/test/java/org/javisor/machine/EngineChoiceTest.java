// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Execution;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Test;

/// What happens where guest code cannot be translated: here because the host does not have that much memory for code.
class EngineChoiceTest {
    private static final TranslatorConfig IMPOSSIBLE = TranslatorConfig.DEFAULT.withCacheBytes(1L << 60);

    private final List<String> reports = new ArrayList<>();

    @Test
    void autoTranslatesAndSaysNothing() {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "no translator for this host");
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE)) {
            Vm vm = hypervisor.createVm(VmConfig.BARE.withReports(reports::add));

            assertEquals(Execution.AUTO, vm.config().execution());
            assertNotNull(vm.translationStats());
        }
        assertEquals(List.of(), reports);
    }

    @Test
    void autoInterpretsWhereCodeCannotBeTranslatedAndSaysWhyInOneLine() {
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE); Ram ram = Ram.allocate(1 << 20)) {
            Vm vm = hypervisor.createVm(VmConfig.BARE.withTranslator(IMPOSSIBLE).withReports(reports::add));
            assertNull(vm.translationStats());

            vm.memory().addSlot(0, 0, ram);
            vm.memory().storeByte(0x1000, (byte) 0xf4);
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(0x1000);
            assertEquals(VmExit.Halt.INSTANCE, vcpu.run());
        }
        assertEquals(1, reports.size(), reports.toString());
        assertTrue(reports.getFirst().startsWith("guest code is interpreted") && !reports.getFirst().contains("\n"),
                reports.getFirst());
    }

    @Test
    void aTranslatorThatIsAskedForIsRefused() {
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE)) {
            VmConfig config = VmConfig.BARE.withTranslator(IMPOSSIBLE).withExecution(Execution.TRANSLATOR);

            ConfigurationException e = assertThrows(ConfigurationException.class, () -> hypervisor.createVm(config));

            assertTrue(e.getMessage().startsWith("guest code cannot be translated: "), e.getMessage());
        }
    }
}
