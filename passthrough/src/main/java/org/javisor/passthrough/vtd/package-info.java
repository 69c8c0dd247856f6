// SPDX-License-Identifier: Apache-2.0

/// An IOMMU as of Intel's Virtualization Technology for Directed I/O, in legacy mode: a [VtdUnit] is its registers.
///
/// Locks: the unit's, held while a command or the invalidation queue is worked on; under it that of a cache or of the
/// fault records, both leaves. Devices ask for translations and are stopped by faults while they hold locks of theirs;
/// messages leave with none of ours held.
package org.javisor.passthrough.vtd;
