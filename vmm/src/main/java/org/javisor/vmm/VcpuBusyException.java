// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// A vCPU was asked to run while another thread runs it, which goes on doing so.
public final class VcpuBusyException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /// @param vcpu   its number
    /// @param runner the thread that runs it
    public VcpuBusyException(int vcpu, Thread runner) {
        super("vCPU " + vcpu + " is being run by thread " + runner.getName());
    }
}
