// SPDX-License-Identifier: Apache-2.0

/// A VGA with the Bochs display interface, as guests know it from QEMU's `-vga std`: [VgaFunction] is the PCI function,
/// [VgaRegisters] and [VbeRegisters] its registers, [VideoMemory] what they show, [VgaWindow] the way into it below 1
/// MiB, [Screen] the picture.
package org.javisor.devices.vga;
