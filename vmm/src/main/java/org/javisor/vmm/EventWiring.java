// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.List;
import org.javisor.host.EventFd;

/// How a machine is connected to what runs outside its vCPUs: eventfds that raise interrupts, writes of the guest's
/// that signal eventfds, and writes that are gathered. Any thread; connections live until they are closed, or the
/// machine is.
///
/// Eventfds are the caller's. One that is closed while it is connected does no more, and disturbs nobody else.
public interface EventWiring {
    /// A connection; closing it does nothing the second time.
    interface Connection extends AutoCloseable {
        @Override
        void close();
    }

    /// Each signal of `trigger` is an edge of `gsi` (`KVM_IRQFD`).
    ///
    /// @throws IllegalStateException in a machine without interrupt chips
    /// @throws IllegalArgumentException if `trigger` raises an interrupt of this machine already
    Connection irqfd(EventFd trigger, int gsi);

    /// A signal of `trigger` asserts `gsi` until the guest has ended the interrupt; then `resample` is signalled, so
    /// that who still wants an interrupt can trigger again (`KVM_IRQFD_FLAG_RESAMPLE`).
    Connection irqfd(EventFd trigger, EventFd resample, int gsi);

    /// Each write that is `event` signals `doorbell`, and does nothing else.
    ///
    /// @throws IllegalArgumentException if a write could be two events
    Connection ioeventfd(IoEvent event, EventFd doorbell);

    /// Gathers writes that lie wholly in a range and that no device claims, until [#takeCoalesced].
    ///
    /// @param bytes positive
    Connection coalesce(IoEvent.Space space, long address, long bytes);

    /// The gathered writes, in their order: to be asked for after each exit, before that is seen to. When too many have
    /// been gathered, the next one leaves as an exit.
    List<CoalescedWrite> takeCoalesced();
}
