// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.javisor.memory.Ram;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.ExitHandler;
import org.javisor.vmm.GuestCode;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.VmRunner;
import org.javisor.vmm.VmRunner.Outcome;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Measures how late a guest's timer is, and what an idle guest costs. Asserts nothing that another program on the same
/// host could spoil; the figures are printed.
@Tag("slow")
class TimerLatenessTest {
    private static final int ROUNDS = 3_000;
    private static final int TABLE = 0x4000;

    /// Again and again sets a deadline a millisecond ahead and sleeps. The handler notes at 0x4000 how late it is.
    private static final byte[] SLEEPER = GuestCode.of("""
            bc000f             mov sp,0xf00
            c70604016610       mov word [0x104],0x1066
            c70606010000       mov word [0x106],0x0
            66b91b000000       mov ecx,0x1b
            0f32               rdmsr
            660d000c0000       or eax,0xc00
            0f30               wrmsr
            6631d2             xor edx,edx
            66b90f080000       mov ecx,0x80f
            66b8ff010000       mov eax,0x1ff
            0f30               wrmsr
            66b932080000       mov ecx,0x832
            66b841000400       mov eax,0x40041
            0f30               wrmsr
            bf0040             mov di,0x4000
            0f31               rdtsc
            660540420f00       add eax,0xf4240
            6683d200           adc edx,byte +0x0
            6689c3             mov ebx,eax
            66b9e0060000       mov ecx,0x6e0
            0f30               wrmsr
            fb                 sti
            f4                 hlt
            fa                 cli
            81ffe06e           cmp di,0x6ee0
            72e0               jc 0x1041
            e6e1               out 0xe1,al
            f4                 hlt
            ebfd               jmp short 0x1063
            0f31               rdtsc
            6629d8             sub eax,ebx
            66ab               stosd
            66b90b080000       mov ecx,0x80b
            6631c0             xor eax,eax
            6631d2             xor edx,edx
            0f30               wrmsr
            cf                 iret
            """);

    private final Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE);

    private Vm machine(Ram ram, byte[] code) {
        Vm vm = hypervisor.createVm(VmConfig.pc(1).withExitsOnUnclaimed(true));
        vm.memory().addSlot(0, 0, ram);
        vm.memory().store(0x1000, code);
        vm.createVcpu(0).registers().realMode(0x1000);
        return vm;
    }

    @Test
    void timersFireInTime() {
        try (hypervisor; Ram ram = Ram.allocate(1 << 20)) {
            Vm vm = machine(ram, SLEEPER);
            VmRunner[] runner = new VmRunner[1];
            runner[0] = new VmRunner(vm, new ExitHandler() {
                @Override
                public void exit(Vcpu vcpu, VmExit exit) {
                    runner[0].stop(new Outcome.Stopped(0, "done"));
                }
            });
            long start = System.nanoTime();
            long cpuStart = processNanos();

            assertEquals(new Outcome.Stopped(0, "done"), runner[0].run());

            double load = (double) (processNanos() - cpuStart) / (System.nanoTime() - start);
            int[] late = new int[ROUNDS];
            Arrays.setAll(late, i -> vm.memory().loadInt(TABLE + 4L * i));
            Arrays.sort(late);
            assertTrue(late[0] >= 0, "early by " + -late[0] + " ns");
            System.out.printf(
                    "1 ms timer: late by %.1f us (median), %.1f us (90 %%), %.1f us (99 %%); host load %.2f %%%n",
                    late[ROUNDS / 2] / 1e3, late[ROUNDS * 9 / 10] / 1e3, late[ROUNDS * 99 / 100] / 1e3, load * 100);
        }
    }

    @Test
    void anIdleGuestCostsLittle() throws InterruptedException {
        try (hypervisor; Ram ram = Ram.allocate(1 << 20)) {
            Vm vm = machine(ram, GuestCode.of("""
                    f4      hlt
                    ebfd    jmp $-1
                    """));
            VmRunner runner = new VmRunner(vm, new ExitHandler() { });
            Thread thread = Thread.ofPlatform().start(runner::run);
            while (!vm.stats().exits().containsKey("HALT")) {
                Thread.onSpinWait();
            }
            long start = System.nanoTime();
            long cpuStart = processNanos();

            // What is measured is time passing.
            TimeUnit.SECONDS.sleep(3);

            double load = (double) (processNanos() - cpuStart) / (System.nanoTime() - start);
            System.out.printf("idle guest: host load %.2f %%%n", load * 100);
            runner.stop(new Outcome.Stopped(0, "done"));
            thread.join();
        }
    }

    /// Processor time of this process.
    private static long processNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
