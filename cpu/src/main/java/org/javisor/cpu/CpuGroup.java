// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.concurrent.CopyOnWriteArrayList;
import org.javisor.memory.GuestMemory;

/// What the processors of one machine share: decoded code, and the locks behind accesses that the host cannot make
/// atomic by itself. All processors of a group have the same instruction set features.
public final class CpuGroup {
    final GuestMemory memory;

    private final CopyOnWriteArrayList<Cpu> cpus = new CopyOnWriteArrayList<>();

    public CpuGroup(GuestMemory memory) {
        this.memory = memory;
    }

    void add(Cpu cpu) {
        cpus.add(cpu);
    }

    void remove(Cpu cpu) {
        cpus.remove(cpu);
    }
}
