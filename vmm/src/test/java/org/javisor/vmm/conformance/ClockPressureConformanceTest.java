// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Time that never goes backward, on whichever processor it is read, while the machine is paused and resumed.
@Timeout(120)
class ClockPressureConformanceTest {
    private static final String ENGINES = "org.javisor.vmm.conformance.Engines#all";
    private static final int PROCESSORS = 2, ROUNDS = 0x818;
    /// Under a lock, each processor reads its counter and compares it with the last that any has read.
    private static final String COMPARE_COUNTERS = """
            b001            mov al, 1
            86060008        xchg al, [0x800]
            84c0            test al, al
            7404            jz got
            f390            pause
            ebf2            jmp again
            0f31            got: rdtsc
            663b161408      cmp edx, [0x814]
            7709            ja fine
            721c            jb bad
            663b061008      cmp eax, [0x810]
            7215            jb bad
            66a31008        fine: mov [0x810], eax
            6689161408      mov [0x814], edx
            66ff061808      inc dword [0x818]
            c606000800      mov byte [0x800], 0
            ebcb            jmp again
            e6e1            bad: out 0xe1, al
            f4              hlt
            """;

    @ParameterizedTest
    @MethodSource(ENGINES)
    void countersNeverGoBackwardAcrossProcessorsAndPauses(String engine) {
        long seed = Long.getLong("javisor.seed", System.nanoTime());
        System.out.println("ClockPressureConformanceTest seed " + seed);
        Random random = new Random(seed);
        VmConfig config = VmConfig.pc(PROCESSORS).withExitsOnUnclaimed(true);
        try (Guest guest = new Guest(engine, config, COMPARE_COUNTERS)) {
            List<Vcpu> vcpus = new ArrayList<>(List.of(guest.vcpu));
            Vcpu second = guest.vm.createVcpu(1);
            second.registers().realMode(Guest.CODE);
            second.mpState(MpState.RUNNABLE);
            vcpus.add(second);
            List<CompletableFuture<VmExit>> ends = vcpus.stream().map(vcpu -> {
                CompletableFuture<VmExit> end = new CompletableFuture<>();
                Thread.ofPlatform().daemon().start(() -> end.complete(vcpu.run()));
                return end;
            }).toList();
            for (int pause = 0; pause < 50; pause++) {
                awaitRounds(guest, ends, 1 + random.nextInt(2_000));
                guest.vm.pause();
                guest.vm.resume();
            }
            vcpus.forEach(Vcpu::kick);
            ends.forEach(end -> assertEquals(VmExit.Interrupted.INSTANCE, end.join()));
        }
    }

    private static void awaitRounds(Guest guest, List<CompletableFuture<VmExit>> ends, int more) {
        int from = guest.vm.memory().loadInt(ROUNDS);
        while (guest.vm.memory().loadInt(ROUNDS) - from < more && ends.stream().noneMatch(CompletableFuture::isDone)) {
            Thread.onSpinWait();
        }
    }
}
