// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.memory.IoBus;
import org.javisor.vmm.Vcpu;

/// What tests of other packages see of a software vCPU's inside.
public final class ProcessorViews {
    private ProcessorViews() { }

    /// The MMIO bus as this processor sees it.
    public static IoBus mmio(Vcpu vcpu) {
        return ((SoftwareVcpu) vcpu).mmio();
    }
}
