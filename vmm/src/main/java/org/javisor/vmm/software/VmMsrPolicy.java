// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import java.util.Set;
import org.javisor.cpu.MsrPolicy;
import org.javisor.vmm.MsrExitReason;
import org.javisor.vmm.engine.EngineVm;

/// A machine's [MsrFilter] and [EnabledCaps#msrExits], as its processors ask for them.
record VmMsrPolicy(EngineVm vm) implements MsrPolicy {
    private static final MsrExitReason[] REASONS = MsrExitReason.values();

    @Override
    public boolean denies(int index, boolean write) {
        return vm.msrFilter().denies(index, write);
    }

    @Override
    public boolean exits(int reason) {
        Set<MsrExitReason> wanted = vm.config().caps().msrExits();
        return wanted.contains(REASONS[reason]);
    }
}
