// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.util.Set;
import org.javisor.cpu.TranslationStats;
import org.javisor.vmm.Capability;
import org.javisor.vmm.EventWiring;
import org.javisor.vmm.MsrFilter;
import org.javisor.vmm.Vcpu;
import org.javisor.vmm.pv.HvPartition;
import org.javisor.vmm.stats.Statistics;

/// What executes guest code: the seam between a machine and its kind of processor.
public interface Engine {
    String name();

    /// As of [Hypervisor#capabilities].
    Set<Capability> capabilities();

    /// What the processors of `vm` share, made once for each machine.
    Processors open(EngineVm vm);

    /// Whether it has interrupt chips of its own ([Irqchip#KERNEL]).
    default boolean keepsChips() {
        return false;
    }

    /// Frees what it occupies; its machines are closed.
    default void close() { }

    /// The processors of one machine.
    interface Processors {
        /// Makes processor `id`, in the state that RESET leaves.
        Vcpu create(int id);

        /// Makes a run under way look at the machine's [RunGate] soon.
        void hurry(Vcpu vcpu);

        /// The A20 gate: masks bit 20 of physical addresses, or no longer does.
        void maskA20(Vcpu vcpu, boolean masked);

        /// What KVM's clock tells guests while the machine's tells `nanos`.
        long clock(long nanos);

        /// Has KVM's clock tell `nanos` from now on; no vCPU runs.
        void setClock(long nanos);

        /// Which model-specific registers guests reach has changed.
        void msrFilter(MsrFilter filter);

        /// Takes a vCPU that is not running back to the state that RESET leaves.
        void reset(Vcpu vcpu);

        /// Takes what processors share to the state that RESET leaves; none runs.
        void reset();

        /// As of [Vm#hyperv].
        HvPartition hyperv();

        /// The machine's connections to what runs outside its vCPUs.
        EventWiring eventWiring();

        /// Has translated code count instructions; before a vCPU runs.
        void countInstructions();

        /// Translated guest code beside its host code; empty where there is no translator.
        String listing(long from, long to);

        /// Adds what is to be told of all processors together, or of what they share.
        void describe(Statistics.Builder statistics);

        /// What the translator did so far; null where there is none.
        TranslationStats translationStats();

        /// Frees what `vcpu` occupies; it does not run.
        void close(Vcpu vcpu);

        /// Frees what they share; all are closed.
        void close();
    }
}
