// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

/// How a machine's run ended.
public sealed interface MachineExit {
    /// The guest switched itself off through ACPI.
    record PoweredOff() implements MachineExit { }

    /// The guest asked for a reset, and the machine was to end there.
    record Reset() implements MachineExit { }

    /// The guest wrote `value` to the debug exit port.
    record DebugExit(int value) implements MachineExit {
        /// The exit status that QEMU gives this device's value.
        public int status() {
            return value << 1 & 0xff | 1;
        }
    }

    /// [Machine#stop] was called.
    record Stopped() implements MachineExit { }

    /// A triple fault, and the machine was to end there.
    ///
    /// @param report the processor's last state, several lines
    record Crashed(String report) implements MachineExit { }

    /// A bug in Javisor.
    record Failed(String reason) implements MachineExit { }
}
