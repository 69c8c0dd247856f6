// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import org.javisor.cpu.InterruptController;

/// What a processor without interrupt chips is wired to: a task priority that somebody wrote, and nothing else.
final class NoInterrupts implements InterruptController {
    private int priority;

    @Override
    public int acknowledge() {
        return -1;
    }

    @Override
    public int taskPriority() {
        return priority;
    }

    @Override
    public void taskPriority(int cr8) {
        priority = cr8;
    }
}
