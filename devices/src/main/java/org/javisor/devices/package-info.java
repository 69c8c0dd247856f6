// SPDX-License-Identifier: Apache-2.0

/// The chips of a PC that are neither processor nor interrupt controller: UART, keyboard controller, clocks,
/// power management, reset and debug ports. PCI and virtio have packages of their own, as have disks.
///
/// A device is a register file, a [org.javisor.memory.BusDevice] and a [org.javisor.memory.Chip], with
/// everything that it drives given to its constructor: wires, clock, sinks. It knows neither its address nor
/// its machine, and owns no thread.
///
/// It is called on any processor's thread, several at once, and guards its state with a lock of its own. What
/// it drives it drives after that lock is released: a [Pin] is decided under the lock and driven later.
///
/// What hardware answers to a wrong access, these answer too: all-ones, or nothing. None of them throws for
/// anything that a guest does.
package org.javisor.devices;
