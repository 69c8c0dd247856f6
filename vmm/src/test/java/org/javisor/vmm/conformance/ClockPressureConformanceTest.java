// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.javisor.testkit.Seeds;
import org.javisor.vmm.MpState;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.VmState;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Time that never goes backward, on whichever processor it is read, while the machine is paused and resumed, and when
/// another one goes on in its place.
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
        SplittableRandom random = Seeds.random("clock pressure");
        try (Guest guest = comparing(engine)) {
            List<CompletableFuture<VmExit>> ends = started(guest);
            for (int pause = 0; pause < 50; pause++) {
                awaitRounds(guest, ends, 1 + random.nextInt(2_000));
                guest.vm.pause();
                guest.vm.resume();
            }
            stop(guest, ends);
        }
    }

    private static Guest comparing(String engine) {
        VmConfig config = VmConfig.pc(PROCESSORS).withExitsOnUnclaimed(true);
        Guest guest = new Guest(engine, config, COMPARE_COUNTERS);
        Vcpu second = guest.vm.createVcpu(1);
        second.registers().realMode(Guest.CODE);
        second.mpState(MpState.RUNNABLE);
        return guest;
    }

    private static List<CompletableFuture<VmExit>> started(Guest guest) {
        return guest.vm.vcpus().stream().map(vcpu -> {
            CompletableFuture<VmExit> end = new CompletableFuture<>();
            Thread.ofPlatform().daemon().start(() -> end.complete(vcpu.run()));
            return end;
        }).toList();
    }

    private static void stop(Guest guest, List<CompletableFuture<VmExit>> ends) {
        guest.vm.vcpus().forEach(Vcpu::kick);
        ends.forEach(end -> assertEquals(VmExit.Interrupted.INSTANCE, end.join()));
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void countersNeverGoBackwardInOtherMachinesThatGoOn(String engine) {
        SplittableRandom random = Seeds.random("clock pressure");
        Guest guest = comparing(engine);
        try {
            for (int round = 0; round < 8; round++) {
                List<CompletableFuture<VmExit>> ends = started(guest);
                awaitRounds(guest, ends, 1 + random.nextInt(2_000));
                stop(guest, ends);
                guest = goneOn(guest, comparing(engine));
            }
        } finally {
            guest.close();
        }
    }

    private static Guest goneOn(Guest guest, Guest other) {
        byte[] memory = new byte[(int) Guest.RAM_BYTES];
        guest.vm.memory().load(0, memory, 0, memory.length);
        other.vm.memory().store(0, memory);
        guest.vm.pause();
        other.vm.pause();
        VmState.of(guest.vm).applyTo(other.vm);
        other.vm.resume();
        guest.close();
        return other;
    }

    private static void awaitRounds(Guest guest, List<CompletableFuture<VmExit>> ends, int more) {
        int from = guest.vm.memory().loadInt(ROUNDS);
        while (guest.vm.memory().loadInt(ROUNDS) - from < more && ends.stream().noneMatch(CompletableFuture::isDone)) {
            Thread.onSpinWait();
        }
    }
}
