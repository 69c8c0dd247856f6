// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.testkit.DeviceContract;

/// What every device owes: the registers of a processor and its partition as if they were one, a byte of address each.
class HvContractTest extends DeviceContract<HvContractTest.Registers, HvContractTest.State> {
    private static final int FIRST = 0x4000_0000, COUNT = 0x120;

    /// @param command  of the local APIC, which has a state of its own elsewhere; with `priority` a stand-in here
    record State(HvPartition.State partition, HvProcessor.State processor, long command, int priority) { }

    static final class Registers implements BusDevice, Chip<State> {
        private final HvRig rig = new HvRig();

        Registers() {
            rig.clock().advance(3_000_000);
        }

        @Override
        public long read(long offset, int size) {
            return rig.read(FIRST + (int) offset);
        }

        /// Small values are addresses in memory more often than chance has it.
        @Override
        public void write(long offset, int size, long value) {
            rig.write(FIRST + (int) offset, size == 8 ? value : value & 0xf_ffff);
        }

        @Override
        public void reset() {
            rig.processor.reset();
            rig.partition.reset();
            rig.it.command = 0;
            rig.it.priority = 0;
        }

        @Override
        public State save() {
            return new State(rig.partition.save(), rig.processor.save(), rig.it.command, rig.it.priority);
        }

        @Override
        public void load(State state) {
            rig.partition.load(state.partition);
            rig.processor.load(state.processor);
            rig.it.command = state.command;
            rig.it.priority = state.priority;
        }
    }

    HvContractTest() {
        super(Registers::new, COUNT);
    }
}
