// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.engine.EngineHypervisor;

/// Offers [SoftwareEngine], which runs everywhere.
public final class SoftwareProvider implements Hypervisor.Provider {
    @Override
    public EngineKind kind() {
        return EngineKind.SOFTWARE;
    }

    @Override
    public boolean isPreferred() {
        return false;
    }

    @Override
    public Hypervisor open() {
        return new EngineHypervisor(new SoftwareEngine());
    }
}
