// SPDX-License-Identifier: Apache-2.0

/// Virtio 1.2 devices with split queues, over PCI.
///
/// A [VirtioDevice] says which features, queues and configuration fields it has, and serves one request at a
/// time. All else is the transport's, [VirtioPci]: the common configuration, feature negotiation, reset,
/// interrupts, and one [QueueWorker] a queue which takes requests from the [SplitQueue], off the virtual
/// processors' threads.
///
/// Rings and descriptors are written by the guest and believed in nothing: every index, address and length is
/// checked when it is read, and read once. A broken rule is a [QueueViolation]; the device then sets
/// DEVICE_NEEDS_RESET, and touches the guest's memory no more until it is reset.
package org.javisor.devices.virtio;
