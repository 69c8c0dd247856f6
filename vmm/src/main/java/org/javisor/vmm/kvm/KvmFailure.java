// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import org.javisor.host.HostMemory;
import org.javisor.vmm.VmExit;

/// What KVM says when it cannot go on.
final class KvmFailure {
    private static final int MOST_DATA = 16;

    private KvmFailure() { }

    /// @param reason of [RunLayout]
    /// @param rip    where the processor is
    /// @param run    the address of the page that has the rest
    static VmExit exit(int reason, long rip, long run) {
        long hardware = HostMemory.loadLong(run + RunLayout.HARDWARE_REASON);
        return reason == RunLayout.EXIT_FAIL_ENTRY
                ? new VmExit.FailEntry(rip, hardware, HostMemory.loadInt(run + RunLayout.FAILED_CPU))
                : new VmExit.InternalError(rip, describe(reason, hardware, run));
    }

    private static String describe(int reason, long hardware, long run) {
        return switch (reason) {
            case RunLayout.EXIT_UNKNOWN ->
                String.format("the processor stopped for a reason that KVM does not know: 0x%x", hardware);
            case RunLayout.EXIT_INTERNAL_ERROR -> internal(run);
            default -> "KVM stopped with reason " + reason + ", which nothing here has asked for";
        };
    }

    private static String internal(long run) {
        int suberror = HostMemory.loadInt(run + RunLayout.INTERNAL_SUBERROR);
        String what = switch (suberror) {
            case 1 -> "an instruction that KVM had to emulate and cannot";
            case 2 -> "exceptions at the same time that cannot be";
            case 3 -> "an event that could not be delivered";
            case 4 -> "an exit that KVM did not expect";
            default -> "suberror " + suberror;
        };
        StringBuilder text = new StringBuilder("KVM's internal error: ").append(what);
        int count = Math.min(HostMemory.loadInt(run + RunLayout.INTERNAL_COUNT), MOST_DATA);
        for (int i = 0; i < count; i++) {
            long word = HostMemory.loadLong(run + RunLayout.INTERNAL_DATA + (long) i * Long.BYTES);
            text.append(i == 0 ? ", with " : " ").append(String.format("0x%x", word));
        }
        return text.toString();
    }
}
