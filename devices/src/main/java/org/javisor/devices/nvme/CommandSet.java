// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

/// Executes the commands of one submission queue.
@FunctionalInterface
interface CommandSet {
    /// Executes `command` from beginning to end, on a worker's thread.
    ///
    /// @return the [Status] of its completion, or [Status#PENDING]
    int execute(Command command);
}
