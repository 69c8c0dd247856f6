// SPDX-License-Identifier: Apache-2.0
/// A PC put together: configuration, board, firmware tables, boot protocols.
///
/// Start at [Machine], which a program builds and runs. The board is split by concern (memory, PCI, interrupts), the
/// firmware tables live in the packages `acpi` and `smbios`, and what a kernel expects at its entry in `boot`.
package org.javisor.machine;
