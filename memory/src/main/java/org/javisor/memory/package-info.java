// SPDX-License-Identifier: Apache-2.0

/// Guest-physical memory, the I/O bus, time, and the wires between processors and devices.
///
/// [GuestMemory] is an address space of [MemorySlot]s, each backed by a piece of [Ram]. Accesses are checked;
/// writes are recorded in dirty logs and told to [MemoryListener]s that track a page. What no slot backs, and
/// every port, is on an [IoBus] of [BusDevice]s.
///
/// [Clock] is guest time, [HostClock] the one that follows the host's. [InterruptLine] and [MsiSink] are how
/// a device interrupts; [Chip] is how it is reset, saved and loaded.
///
/// Lookups take no lock. Devices are called on the threads of processors, and hold no lock of their own while
/// they call another device or drive a wire.
package org.javisor.memory;
