// SPDX-License-Identifier: Apache-2.0

/// PCI as a PC has it: one root bus, reached through ports 0xcf8 and 0xcfc and through ECAM.
///
/// A [PciFunction] owns the configuration space of one function: command and status, base address registers
/// that come and go on the I/O and MMIO buses as the guest programs them, INTx, MSI and MSI-X. What the
/// function *is* (a disk, a bridge) holds one and gives it its registers as [org.javisor.memory.BusDevice]s.
///
/// A [PciBus] holds the functions; [PciConfigPorts] and [Ecam] lead there; [PirqRouter] brings INTx to
/// interrupt controllers. [Q35HostBridge] and [Ich9Lpc] are the two functions without which operating systems
/// do not believe in a PC. [PciFirmware] does what firmware does before a system starts: it hands out
/// addresses.
package org.javisor.devices.pci;
