// SPDX-License-Identifier: Apache-2.0

/// SCSI commands, whatever carries them: ATA's PACKET command, or USB.
///
/// A [ScsiDevice] is given a command block, says what data moves, is asked to move it, and ends with a status. What
/// went wrong is in its [Sense], until it is asked for.
package org.javisor.devices.scsi;
