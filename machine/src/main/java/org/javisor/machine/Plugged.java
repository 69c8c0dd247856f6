// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.pci.HotplugSlot;
import org.javisor.devices.pci.PciFunction;

/// A device that has been put into a running machine. Any thread.
public final class Plugged {
    private final HotplugSlot slot;
    private final PciFunction function;
    private final Runnable whenGone;
    private final CountDownLatch gone = new CountDownLatch(1);

    Plugged(HotplugSlot slot, PciFunction function, Runnable whenGone) {
        this.slot = slot;
        this.function = function;
        this.whenGone = whenGone;
    }

    /// What a person calls its slot.
    public String slot() {
        return slot.name();
    }

    /// Asks the guest to give it up: it leaves when the guest has, which takes a system some seconds and may be never.
    public void askForRemoval() {
        if (slot.occupant() == function) {
            slot.askForRemoval();
        }
    }

    /// Takes it out without asking.
    public void pull() {
        if (slot.occupant() == function) {
            slot.pull();
        }
    }

    /// Waits until it has been taken out and what it used of the host, a disk's file above all, is free.
    ///
    /// @return whether that was so in time
    public boolean awaitRemoval(Duration limit) throws InterruptedException {
        return gone.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    void gone() {
        whenGone.run();
        gone.countDown();
    }
}
