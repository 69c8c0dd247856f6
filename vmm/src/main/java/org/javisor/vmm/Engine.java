// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.function.IntPredicate;
import java.util.Set;
import org.javisor.cpu.TranslationStats;
import org.javisor.vmm.stats.Statistics;

/// What executes guest code: the seam between a machine and its kind of processor.
interface Engine {
    String name();

    /// As of [Hypervisor#capabilities].
    Set<Capability> capabilities();

    /// What the processors of `vm` share, made once for each machine.
    Processors open(Vm vm);

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

        /// What the machine's clock tells guests has jumped; `vcpu` does not run.
        void clockChanged(Vcpu vcpu);

        /// What the engine's own clock tells guests, in nanoseconds; -1 where the machine's tells it.
        default long clock() {
            return -1;
        }

        /// Has the engine's own clock, if there is one, tell `nanos` from now on.
        default void clock(long nanos) { }

        /// Which model-specific registers guests reach has changed.
        void msrFilter(MsrFilter filter);

        /// Takes a vCPU that is not running back to the state that RESET leaves.
        void reset(Vcpu vcpu);

        /// Has processors forget their translations whose ids pass, and returns when none uses one any more.
        void forgetTranslations(IntPredicate which);

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
