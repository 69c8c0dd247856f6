// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.ArrayList;
import java.util.List;
import org.javisor.memory.Clock;

/// A processor's pins that remember what happened to them.
final class FakePins implements ProcessorPins {
    final List<String> signals = new ArrayList<>();
    volatile boolean interrupt;
    long tscOffset;
    private final Clock clock;

    FakePins(Clock clock) {
        this.clock = clock;
    }

    @Override
    public void raiseInterrupt() {
        interrupt = true;
    }

    @Override
    public void dropInterrupt() {
        interrupt = false;
    }

    @Override
    public void nmi() {
        signals.add("NMI");
    }

    @Override
    public void smi() {
        signals.add("SMI");
    }

    @Override
    public void init() {
        signals.add("INIT");
    }

    @Override
    public void startup(int vector) {
        signals.add("STARTUP " + vector);
    }

    @Override
    public long tsc() {
        return clock.nanos() + tscOffset;
    }
}
