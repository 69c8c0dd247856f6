// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// What an IOMMU makes of the addresses of one requester, page by page. Called from any thread, with locks of devices
/// held: it calls nobody but guest memory and local APICs.
public interface DmaTranslation {
    /// What a blocked access gets in place of an address.
    long BLOCKED = -1;

    /// Where an access to `address` goes. The answer holds for the page of [GuestMemory#PAGE_BYTES] bytes that
    /// `address` is in, for this access alone: nobody keeps it beyond the request that it is for.
    ///
    /// @param write whether the device writes
    /// @return a guest-physical address, or [#BLOCKED], which the IOMMU has taken note of
    long translate(long address, boolean write);

    /// A request begins. What is translated for it may be used until it [#end]s: until then the guest is not told that
    /// an invalidation is complete. Requests of several threads, and of one within another, are told apart by what this
    /// gives.
    int begin();

    /// The request that [#begin] gave this number is done.
    void end(int request);
}
