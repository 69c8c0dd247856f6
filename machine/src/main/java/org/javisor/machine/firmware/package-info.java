// SPDX-License-Identifier: Apache-2.0

/// Booting from firmware: [org.javisor.machine.FirmwareImage] is what is put into the ROM, [FirmwareFiles] what it is
/// told of the machine, [TableLoader] how it places ACPI tables.
package org.javisor.machine.firmware;
