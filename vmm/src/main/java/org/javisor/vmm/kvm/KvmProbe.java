// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.javisor.memory.ConfigurationException;
import org.javisor.memory.Ram;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Registers;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmExit;
import org.javisor.vmm.engine.EngineHypervisor;

/// What this host's KVM is worth, found out by running a guest on it: some hosts offer a `/dev/kvm` behind which guests
/// are emulated, slower than here.
///
/// @param verdict               whether to use it
/// @param reason                in one line, for people, with the figures that decided
/// @param apiVersion            0 where it could not be asked
/// @param capabilities          what each is worth, 0 for those that are missing; empty where it could not be asked
/// @param instructionsPerSecond of a loop in 64-bit mode; 0 where no guest ran
/// @param portExitNanos         from a guest's OUT to this process and back; 0 where no guest ran
public record KvmProbe(Verdict verdict, String reason, int apiVersion, Map<KvmCapability, Integer> capabilities,
        long instructionsPerSecond, long portExitNanos) {
    /// What to do with a host's KVM.
    public enum Verdict {
        /// Guests run properly, at a processor's speed.
        FAST,
        /// Guests run properly, but something emulates the processor.
        SLOW,
        /// A guest did not do what it should.
        WRONG,
        /// It lacks what machines need.
        INCAPABLE,
        /// It may not be used, or is not there.
        UNAVAILABLE
    }

    /// Below this the software processor, translating, is as fast: a processor does a thousand million.
    private static final long LEAST_PER_SECOND = 200_000_000;
    private static final long RAM_BYTES = 1 << 16;
    private static final int CODE = 0x1000, EXITS_CODE = 0x1100, PML4 = 0x2000, PDPT = 0x3000, PD = 0x4000;
    private static final int PORT = 0x80;
    private static final byte[] SUM = HexFormat.of().parseHex(
            "31c0"              // xor eax, eax
                    + "4801c8"  // again: add rax, rcx
                    + "ffc9"    // dec ecx
                    + "75f9"    // jnz again
                    + "e780");  // out 0x80, eax
    private static final int INSTRUCTIONS_A_ROUND = 3;
    private static final byte[] OUTS = HexFormat.of().parseHex("e680ebfc"); // again: out 0x80, al; jmp again
    /// Rounds of the loop: so few that a slow host shows in milliseconds, then enough to measure a fast one.
    private static final int FEW_ROUNDS = 2_000, MANY_ROUNDS = 300_000;
    private static final int EXITS = 50, TRIES = 3;
    /// After so many milliseconds a guest that is still running is stopped.
    private static final int PATIENCE = 2_000;

    public KvmProbe {
        capabilities = Map.copyOf(capabilities);
    }

    private static final class Once {
        static final KvmProbe RESULT = probe();
    }

    /// What was found out when this process first asked; that takes some milliseconds.
    public static KvmProbe result() {
        return Once.RESULT;
    }

    /// Whether [EngineKind#AUTO] uses it.
    public boolean isUsable() {
        return verdict == Verdict.FAST;
    }

    /// Finds out anew.
    public static KvmProbe probe() {
        KvmEngine engine;
        try {
            engine = KvmEngine.open();
        } catch (ConfigurationException e) {
            return ofRefusal(e);
        }
        try (Hypervisor hypervisor = new EngineHypervisor(engine)) {
            return measure(hypervisor, engine.system().apiVersion(), capabilities(engine.system()));
        }
    }

    private static KvmProbe ofRefusal(ConfigurationException refused) {
        try (SystemFd system = SystemFd.open()) {
            return new KvmProbe(Verdict.INCAPABLE, refused.getMessage(), system.apiVersion(), capabilities(system), 0,
                    0);
        } catch (RuntimeException _) {
            return new KvmProbe(Verdict.UNAVAILABLE, refused.getMessage(), 0, Map.of(), 0, 0);
        }
    }

    private static Map<KvmCapability, Integer> capabilities(SystemFd system) {
        Map<KvmCapability, Integer> worth = new EnumMap<>(KvmCapability.class);
        for (KvmCapability capability : KvmCapability.values()) {
            worth.put(capability, system.extension(capability));
        }
        return worth;
    }

    // ---- the guest ----

    private static KvmProbe measure(Hypervisor hypervisor, int version, Map<KvmCapability, Integer> capabilities) {
        CountDownLatch done = new CountDownLatch(1);
        try (Vm vm = hypervisor.createVm(); Ram ram = Ram.allocate(RAM_BYTES)) {
            vm.memory().addSlot(0, 0, ram);
            vm.memory().store(CODE, SUM);
            vm.memory().store(EXITS_CODE, OUTS);
            Vcpu vcpu = vm.createVcpu(0);
            enter64BitMode(vm, vcpu.registers());
            stopLater(vcpu, done);
            long perSecond = rate(vcpu, FEW_ROUNDS);
            if (perSecond > LEAST_PER_SECOND / 20) {
                perSecond = Math.max(perSecond, rate(vcpu, MANY_ROUNDS));
            }
            long exitNanos = exitNanos(vcpu);
            boolean fast = perSecond >= LEAST_PER_SECOND;
            return new KvmProbe(fast ? Verdict.FAST : Verdict.SLOW, figures(fast, perSecond, exitNanos), version,
                    capabilities, perSecond, exitNanos);
        } catch (IllegalStateException | KvmException e) {
            return new KvmProbe(Verdict.WRONG, "a guest did not run properly: " + e.getMessage(), version,
                    capabilities, 0, 0);
        } finally {
            done.countDown();
        }
    }

    /// Stops a guest that hangs: its next exit is not the right one.
    ///
    /// @param done opened when it has not hung
    private static void stopLater(Vcpu vcpu, CountDownLatch done) {
        Thread.ofPlatform().name("javisor-kvm-probe").daemon().start(() -> {
            try {
                if (!done.await(PATIENCE, TimeUnit.MILLISECONDS)) {
                    vcpu.kick();
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private static String figures(boolean fast, long perSecond, long exitNanos) {
        return String.format("guests execute %.1f million instructions a second, an exit takes %.1f µs%s",
                perSecond / 1e6, exitNanos / 1e3,
                fast ? "" : ": something emulates the processor, and the software engine is faster");
    }

    /// The first 2 MiB mapped one to one, flat segments.
    private static void enter64BitMode(Vm vm, Registers registers) {
        int presentWritable = 3;
        int large = 1 << 7;
        vm.memory().storeLong(PML4, PDPT | presentWritable);
        vm.memory().storeLong(PDPT, PD | presentWritable);
        vm.memory().storeLong(PD, presentWritable | large);
        int present64BitCode = 0xa09b;
        int presentData = 0xc093;
        long protectedPaging = 0x8000_0011L;
        long physicalAddressExtension = 0x20;
        long longModeActive = 0x500;
        registers.paging(new Registers.Paging(protectedPaging, PML4, physicalAddressExtension, longModeActive));
        for (int number = Registers.ES; number <= Registers.GS; number++) {
            boolean code = number == Registers.CS;
            registers.segment(number,
                    new Registers.Segment(code ? 8 : 16, 0, -1, code ? present64BitCode : presentData));
        }
        registers.rflags(2);
    }

    /// The best of a few tries: others may have the host's processor meanwhile.
    private static long rate(Vcpu vcpu, int rounds) {
        long best = Long.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            Registers registers = vcpu.registers();
            registers.rip(CODE);
            registers.general(Registers.RCX, rounds);
            long start = System.nanoTime();
            VmExit exit = vcpu.run();
            best = Math.min(best, System.nanoTime() - start);
            int sum = (int) (rounds * (rounds + 1L) / 2);
            require(exit, new VmExit.PortWrite(PORT, 4, sum));
        }
        return (long) (INSTRUCTIONS_A_ROUND * (double) rounds / Math.max(1, best) * 1e9);
    }

    private static long exitNanos(Vcpu vcpu) {
        vcpu.registers().rip(EXITS_CODE);
        vcpu.registers().general(Registers.RAX, 0);
        long best = Long.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            long start = System.nanoTime();
            for (int n = 0; n < EXITS; n++) {
                require(vcpu.run(), new VmExit.PortWrite(PORT, 1, 0));
            }
            best = Math.min(best, (System.nanoTime() - start) / EXITS);
        }
        return best;
    }

    private static void require(VmExit exit, VmExit expected) {
        if (!exit.equals(expected)) {
            throw new IllegalStateException("it exited with " + exit + " where " + expected + " was right");
        }
    }
}
