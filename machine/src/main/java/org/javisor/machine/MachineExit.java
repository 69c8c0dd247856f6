// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

/// How a machine's run ended.
public sealed interface MachineExit {
    /// The guest switched itself off through ACPI.
    record PoweredOff() implements MachineExit { }

    /// The guest asked for a reset, and the machine was to end there.
    record Reset() implements MachineExit { }

    /// The guest wrote to the debug exit port.
    ///
    /// @param status what QEMU would exit with: the value written, times two, plus one
    record DebugExit(int status) implements MachineExit { }

    /// [Machine#stop] was called.
    record Stopped() implements MachineExit { }

    /// A triple fault, and the machine was to end there.
    ///
    /// @param report the processor's last state, several lines
    record Crashed(String report) implements MachineExit { }

    /// The guest's kernel panicked, and the machine was to end there.
    record Panicked() implements MachineExit { }

    /// The guest's watchdog ran out of time, and the machine was to end there.
    record WatchdogExpired() implements MachineExit { }

    /// A bug in Javisor.
    record Failed(String reason) implements MachineExit { }
}
