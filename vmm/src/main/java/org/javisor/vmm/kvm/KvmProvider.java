// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.engine.EngineHypervisor;

/// Offers [KvmEngine], preferred where a host's processor is behind it.
public final class KvmProvider implements Hypervisor.Provider {
    @Override
    public EngineKind kind() {
        return EngineKind.KVM;
    }

    @Override
    public boolean isPreferred() {
        return KvmProbe.result().isUsable();
    }

    @Override
    public Hypervisor open() {
        return new EngineHypervisor(KvmEngine.open());
    }
}
