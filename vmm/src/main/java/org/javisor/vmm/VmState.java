// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.javisor.vmm.irq.InterruptChips;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.pv.HvProcessor;

/// What a machine holds beside its memory and what is on its buses: processors, interrupt chips, clocks.
///
/// What its owner has set up (slots, devices, routes, doorbells, filters) he sets up again in the machine that goes on
/// with it, which is of the same configuration and has not run. Its memory has its contents before this is applied;
/// devices are loaded afterwards. A vCPU that has left for an access is in the middle of an instruction: before it is
/// saved it is kicked and run once more, which ends that.
///
/// @param time  where its clocks stand
/// @param vcpus in the order of [Vm#vcpus]
/// @param chips those that processors share, where the machine has them
/// @param hyperv what there is of Hyper-V's interface beside registers, where the engine offers it itself
public record VmState(VmTime time, List<VcpuState> vcpus, Optional<InterruptChips.State> chips,
        Optional<HypervState> hyperv) {
    private static final int FIRST_HYPERV = 0x4000_0000, LAST_HYPERV = 0x4000_01ff, TSC = 0x10;

    /// Hyper-V's interface: what processors share, and of each what is its own.
    public record HypervState(HvPartition.State partition, List<HvProcessor.State> processors) {
        public HypervState {
            processors = List.copyOf(processors);
        }
    }

    public VmState {
        vcpus = List.copyOf(vcpus);
    }

    /// What `vm` holds now: it is paused.
    public static VmState of(Vm vm) {
        boolean managed = vm.capabilities().contains(Capability.SYSTEM_MANAGEMENT_MODE);
        HvPartition partition = vm.hyperv();
        IntPredicate elsewhere = index -> partition != null && index >= FIRST_HYPERV && index <= LAST_HYPERV;
        return new VmState(vm.time(), vm.vcpus().stream()
                        .map(vcpu -> VcpuState.of(vcpu, managed, vm.config().chips(), elsewhere)).toList(),
                hasSharedChips(vm) ? Optional.of(vm.chips().save()) : Optional.empty(),
                partition == null ? Optional.empty() : Optional.of(new HypervState(partition.save(),
                        partition.processors().stream().map(HvProcessor::save).toList())));
    }

    private static boolean hasSharedChips(Vm vm) {
        return vm.config().chips() && vm.config().irqchip() != Irqchip.SPLIT;
    }

    /// Has `vm`, which is paused and has not run, go on from here.
    ///
    /// @throws IllegalArgumentException if it is a machine of another kind; it is of no use then
    /// @throws InvalidRegisterException if its processors cannot have what registers hold; it is of no use then
    public void applyTo(Vm vm) {
        List<Vcpu> made = vm.vcpus();
        if (made.size() != vcpus.size() || chips.isPresent() != hasSharedChips(vm)
                || hyperv.isPresent() != (vm.hyperv() != null)
                || vcpus.stream().anyMatch(vcpu -> vcpu.lapic().isPresent() != vm.config().chips())) {
            throw new IllegalArgumentException("the state of a machine of " + vcpus.size()
                    + " processors and other chips or interfaces than this one of " + made.size());
        }
        vm.time(time);
        for (int n = 0; n < made.size(); n++) {
            vcpus.get(n).applyTo(made.get(n));
        }
        setCounters(made, vm.capabilities().contains(Capability.TSC_OFFSET));
        for (int n = 0; n < made.size(); n++) {
            vcpus.get(n).arm(made.get(n));
        }
        chips.ifPresent(state -> vm.chips().restore(state));
        hyperv.ifPresent(state -> apply(state, vm.hyperv()));
    }

    /// Processors' counters differ by exactly what they did, even where time goes on meanwhile.
    private void setCounters(List<Vcpu> made, boolean byOffset) {
        for (int n = 0; n < made.size(); n++) {
            VcpuState state = vcpus.get(n);
            Vcpu vcpu = made.get(n);
            if (!byOffset) {
                vcpu.registers().msr(TSC, state.tsc());
            } else if (n == 0) {
                vcpu.tscOffset(vcpu.tscOffset() + state.tsc() - vcpu.registers().msr(TSC));
            } else {
                vcpu.tscOffset(made.getFirst().tscOffset() + state.tscOffset() - vcpus.getFirst().tscOffset());
            }
        }
    }

    private static void apply(HypervState state, HvPartition partition) {
        List<HvProcessor> processors = partition.processors();
        if (processors.size() != state.processors.size()) {
            throw new IllegalArgumentException("the state of a partition of " + state.processors.size()
                    + " processors, not " + processors.size());
        }
        partition.load(state.partition);
        for (int n = 0; n < processors.size(); n++) {
            processors.get(n).load(state.processors.get(n));
        }
    }
}
