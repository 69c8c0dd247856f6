// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.util.HexFormat;
import org.javisor.memory.GuestMemory;
import org.javisor.memory.Ram;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Registers.Segment;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;
import org.javisor.vmm.VmExit;

/// Measures an engine with a loop in 64-bit mode, and with exits.
///
/// @param perSecond instructions
/// @param exitNanos from a guest's OUT to this process and back
record SpeedGuest(double perSecond, long exitNanos) {
    private static final int PML4 = 0x2000, PDPT = 0x3000, DIRECTORY = 0x4000, LOOP = 0x8000, EXITS = 0x8100;
    private static final byte[] LOOP_CODE = HexFormat.of().parseHex(
            "31c0"          // xor eax, eax
            + "4801c8"      // again: add rax, rcx
            + "ffc9"        // dec ecx
            + "75f9"        // jnz again
            + "e780");      // out 0x80, eax
    private static final byte[] EXITS_CODE = HexFormat.of().parseHex("e680ebfc"); // again: out 0x80, al; jmp again
    private static final int INSTRUCTIONS_A_ROUND = 3, TRIES = 5, EXITS_A_TRY = 100;
    private static final long STEADY_NANOS = 600_000_000, MOST_NANOS = 3_000_000_000L;

    /// @param rounds of the loop: a translator needs many to show what it is worth
    /// @throws IllegalStateException if the guest does not do what it should
    static SpeedGuest measure(Hypervisor hypervisor, VmConfig config, int rounds) {
        try (Vm vm = hypervisor.createVm(config); Ram ram = Ram.allocate(1 << 16)) {
            vm.memory().addSlot(0, 0, ram);
            layOut(vm.memory());
            Vcpu vcpu = vm.createVcpu(0);
            enterLongMode(vcpu.registers());
            double perSecond = 0;
            // The best of some tries: others may have the host's processor meanwhile, and Java is still compiling.
            for (int i = 0; i < TRIES; i++) {
                perSecond = Math.max(perSecond, loop(vcpu, rounds));
            }
            return new SpeedGuest(perSecond, bestExits(vcpu));
        }
    }

    private static void layOut(GuestMemory memory) {
        memory.storeLong(PML4, PDPT | 3);
        memory.storeLong(PDPT, DIRECTORY | 3);
        memory.storeLong(DIRECTORY, 0x83);
        memory.store(LOOP, LOOP_CODE);
        memory.store(EXITS, EXITS_CODE);
    }

    private static void enterLongMode(Registers registers) {
        registers.paging(new Registers.Paging(0x8000_0011L, PML4, 0x20, 0x500));
        registers.segment(Registers.CS, new Segment(8, 0, -1, 0xa09b));
        for (int number : new int[] {Registers.SS, Registers.DS, Registers.ES}) {
            registers.segment(number, new Segment(16, 0, -1, 0xc093));
        }
    }

    private static double loop(Vcpu vcpu, int rounds) {
        vcpu.registers().rip(LOOP);
        vcpu.registers().general(Registers.RCX, rounds);
        long start = System.nanoTime();
        VmExit exit = vcpu.run();
        long nanos = System.nanoTime() - start;
        int sum = (int) (rounds * (rounds + 1L) / 2);
        if (!exit.equals(new VmExit.PortWrite(0x80, 4, sum))) {
            throw new IllegalStateException("the sum to " + rounds + " is " + sum + ", the guest: " + exit);
        }
        return INSTRUCTIONS_A_ROUND * (double) rounds / Math.max(1, nanos) * 1e9;
    }

    /// Goes on until that makes them no faster.
    private static long bestExits(Vcpu vcpu) {
        long best = Long.MAX_VALUE;
        long start = System.nanoTime(), improved = start;
        for (long now = start; now - improved < STEADY_NANOS && now - start < MOST_NANOS; now = System.nanoTime()) {
            long nanos = exits(vcpu);
            if (nanos < best) {
                improved = nanos < best - best / 10 ? now : improved;
                best = nanos;
            }
        }
        return best;
    }

    private static long exits(Vcpu vcpu) {
        vcpu.registers().rip(EXITS);
        vcpu.registers().general(Registers.RAX, 1);
        long start = System.nanoTime();
        for (int i = 0; i < EXITS_A_TRY; i++) {
            VmExit exit = vcpu.run();
            if (!exit.equals(new VmExit.PortWrite(0x80, 1, 1))) {
                throw new IllegalStateException("the guest writes 1 to port 0x80, not: " + exit);
            }
        }
        return (System.nanoTime() - start) / EXITS_A_TRY;
    }
}
