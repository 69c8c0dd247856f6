// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.javisor.vmm.Capability;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vm;
import org.javisor.vmm.VmConfig;

/// A hypervisor whose machines one engine executes.
public final class EngineHypervisor implements Hypervisor {
    private final Engine engine;
    private final List<Vm> vms = new ArrayList<>();
    private boolean closed;

    /// @param engine owned from now on
    public EngineHypervisor(Engine engine) {
        this.engine = engine;
    }

    @Override
    public String engine() {
        return engine.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.copyOf(engine.capabilities());
    }

    @Override
    public synchronized Vm createVm(VmConfig config) {
        if (closed) {
            throw new IllegalStateException("the hypervisor is closed");
        }
        Vm vm = new EngineVm(engine, config);
        vms.add(vm);
        return vm;
    }

    @Override
    public synchronized void close() {
        vms.forEach(Vm::close);
        vms.clear();
        if (!closed) {
            closed = true;
            engine.close();
        }
    }
}
