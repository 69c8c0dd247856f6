// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.javisor.vmm.MachineCheckError;

/// The machine-check banks of a processor of KVM's, and the errors that are still to be reported in them: which its own
/// thread does.
final class KvmMachineChecks {
    private static final int MOST_BANKS = 10;
    /// Of IA32_MCG_CAP: there is IA32_MCG_CTL; corrected errors may interrupt; errors may be recoverable by software.
    private static final long CONTROL = 1 << 8, INTERRUPT = 1 << 10, RECOVERY = 1 << 24;

    private final VcpuFd vcpu;
    private final int banks;
    private final Queue<MachineCheckError> waiting = new ConcurrentLinkedQueue<>();

    /// @param supported what the host's KVM can do of IA32_MCG_CAP
    KvmMachineChecks(VcpuFd vcpu, long supported) {
        this.vcpu = vcpu;
        // What the capability is worth is how many banks there can be.
        this.banks = Math.min(MOST_BANKS, vcpu.extension(KvmCapability.MCE));
        if (banks != 0) {
            vcpu.machineCheckBanks(banks | supported & (CONTROL | INTERRUPT | RECOVERY));
        }
    }

    int banks() {
        return banks;
    }

    void add(MachineCheckError error) {
        waiting.add(error);
    }

    /// On the processor's thread, or while it does not run.
    void deliver() {
        for (MachineCheckError error = waiting.poll(); error != null; error = waiting.poll()) {
            vcpu.machineCheck(error.bank(), error.status(), error.address(), error.miscellaneous(),
                    error.globalStatus());
        }
    }

    void reset() {
        waiting.clear();
    }
}
