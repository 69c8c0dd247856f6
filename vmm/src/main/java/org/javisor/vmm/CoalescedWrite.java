// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// A write to a zone whose writes are gathered instead of leaving each by itself (`struct kvm_coalesced_mmio`).
///
/// @param address a port, or guest-physical
/// @param bytes   1, 2, 4 or 8
/// @param value   zero-extended
public record CoalescedWrite(IoEvent.Space space, long address, int bytes, long value) { }
