// SPDX-License-Identifier: Apache-2.0

/// A controller for parallel ATA with two channels of two drives, as the PIIX3 has it.
///
/// An [org.javisor.devices.ide.IdeChannel] has the registers that its drives share and the data that passes through
/// them; its [org.javisor.devices.ide.ChannelWorker] lets the drives work, on a thread that is not a processor's; its
/// [org.javisor.devices.ide.BusMaster] knows where in memory data goes that does not pass through a register.
package org.javisor.devices.ide;
