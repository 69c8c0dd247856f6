// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.ArrayList;
import java.util.List;
import org.javisor.host.HostMemory;
import org.javisor.memory.Chip;
import org.javisor.memory.Ram;
import org.javisor.vmm.VmState;

/// All that a machine holds, in the memory of this process: what [Machine#save] gave, for [Machine#restore] of others
/// of the same configuration, any number of them. What is on disks is not part of it.
public final class MachineState implements AutoCloseable {
    private final VmState vm;
    private final List<Record> devices = new ArrayList<>();
    private final Ram memory;

    /// Of a machine that is paused, and whose devices have nothing under way.
    MachineState(VmState vm, List<Chip<?>> chips, Ram memory) {
        this.vm = vm;
        chips.forEach(chip -> devices.add(chip.save()));
        this.memory = Ram.allocate(memory.bytes());
        copy(memory, this.memory);
    }

    /// What processors and interrupt chips hold, and where clocks stand.
    public VmState vm() {
        return vm;
    }

    List<Record> devices() {
        return devices;
    }

    /// Whether this is of a board with such chips, as far as can be told without trying.
    boolean fits(List<Chip<?>> chips, Ram other) {
        return chips.size() == devices.size() && other.bytes() == memory.bytes();
    }

    void copyTo(Ram other) {
        copy(memory, other);
    }

    private static void copy(Ram from, Ram to) {
        HostMemory.segment(to.hva(), to.bytes()).copyFrom(HostMemory.segment(from.hva(), from.bytes()));
    }

    /// @throws IllegalArgumentException if it is the state of another device
    void loadInto(List<Chip<?>> chips) {
        for (int n = 0; n < chips.size(); n++) {
            load(chips.get(n), devices.get(n));
        }
    }

    @SuppressWarnings("unchecked")
    private static <S extends Record> void load(Chip<S> chip, Record state) {
        try {
            chip.load((S) state);
        } catch (ClassCastException e) {
            throw new IllegalArgumentException("the state of another device than " + chip.getClass().getSimpleName(),
                    e);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
