// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

/// What Hyper-V's calls answer.
///
/// @hyperv "Hypercall Status Codes"
public final class HvStatus {
    public static final int SUCCESS = 0, INVALID_HYPERCALL_CODE = 2, INVALID_HYPERCALL_INPUT = 3, INVALID_ALIGNMENT = 4,
            INVALID_PARAMETER = 5, INSUFFICIENT_MEMORY = 11, INVALID_PORT_ID = 17, INVALID_CONNECTION_ID = 18,
            INSUFFICIENT_BUFFERS = 19, INVALID_SYNIC_STATE = 24;

    private HvStatus() { }
}
