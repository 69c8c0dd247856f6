// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.Cpu;
import org.javisor.cpu.InterruptController;
import org.javisor.cpu.Requests;

/// What a processor without interrupt chips is wired to: a task priority that somebody wrote, and its owner, who may
/// want to know when it takes interrupts, as he may where he models the PIC.
final class OwnersInterrupts implements InterruptController {
    private final Cpu cpu;
    private int priority;
    private volatile boolean windowWanted;

    OwnersInterrupts(Cpu cpu) {
        this.cpu = cpu;
    }

    /// Any thread.
    void wantWindow(boolean wanted) {
        windowWanted = wanted;
        if (wanted) {
            cpu.request(Requests.INTERRUPT);
        } else {
            cpu.cancel(Requests.INTERRUPT);
        }
    }

    boolean wantsWindow() {
        return windowWanted;
    }

    @Override
    public int acknowledge() {
        return windowWanted ? LEAVE : NONE;
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
