// SPDX-License-Identifier: Apache-2.0

/// A host controller for serial ATA, AHCI 1.3.1, as the ICH9 has it.
///
/// The [org.javisor.devices.ahci.AhciController] has the registers of the controller and interrupts; each
/// [org.javisor.devices.ahci.AhciPort] its own registers, a drive, and what serves the commands that a driver has put
/// into its list, on a thread that is not a processor's.
package org.javisor.devices.ahci;
