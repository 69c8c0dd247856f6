// SPDX-License-Identifier: Apache-2.0

/// The chips of a PC that are not on PCI: serial ports, clocks, keyboard controller, power management.
///
/// Each is a [org.javisor.memory.BusDevice] that knows its registers and nothing of where they are. What it
/// needs of the world is given to its constructor: interrupt lines, the machine's clock, a sink for bytes. It
/// owns no thread.
///
/// Each is also a [org.javisor.memory.Chip], whose state is one record: reset, save and load are tested the
/// same way for all of them, by `DeviceContract` in the testkit.
///
/// Any vCPU's thread, the clock's and the host's may call a device at once. It guards its state with a lock
/// of its own, and under it decides the levels of its [Pin]s; it drives them, sends messages and calls sinks
/// after letting go of the lock. So locks never nest from device to device.
package org.javisor.devices;
