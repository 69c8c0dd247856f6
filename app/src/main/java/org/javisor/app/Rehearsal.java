// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import org.javisor.cpu.TranslatorConfig;
import org.javisor.host.HostException;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Execution;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;

/// A guest of one instruction that is run and thrown away while the command line is being read: its machine has Java
/// load the classes and bind the host's functions that the person's machine would otherwise wait for.
final class Rehearsal implements Runnable {
    private static final int START = 0x1000;
    private static final byte HLT = (byte) 0xf4;
    private static final long CODE_CACHE_BYTES = 1 << 20;

    private Rehearsal() { }

    /// Begins on a thread of its own. Nobody waits for it.
    static void begin() {
        Thread.ofPlatform().name("javisor-rehearsal").daemon().start(new Rehearsal());
    }

    @Override
    public void run() {
        VmConfig config = VmConfig.pc(1).withExecution(Execution.AUTO).withReports(_ -> { })
                .withTranslator(TranslatorConfig.DEFAULT.withCacheBytes(CODE_CACHE_BYTES));
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE); Vm vm = hypervisor.createVm(config);
                Ram ram = Ram.allocate(GuestMemory.PAGE_BYTES)) {
            vm.memory().addSlot(0, START, ram);
            vm.memory().store(START, new byte[] {HLT});
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.registers().realMode(START);
            vcpu.run();
        } catch (ConfigurationException | HostException e) {
            // The machine that matters meets the same, and says so.
        }
    }
}
