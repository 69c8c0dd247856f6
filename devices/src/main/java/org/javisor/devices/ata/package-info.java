// SPDX-License-Identifier: Apache-2.0

/// ATA drives, whatever controller they hang on: parallel or serial.
///
/// A controller fills a [TaskFile] as its interface demands, lets an [AtaDevice] begin the command, moves the data that
/// the device names in the way that the command prescribes, lets the command end, and shows the task file again. All of
/// it on the controller's own thread, one command after another; what is queued is queued in the controller.
package org.javisor.devices.ata;
