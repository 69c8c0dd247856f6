// SPDX-License-Identifier: Apache-2.0

/// A USB 3 host controller.
///
/// `XhciFunction` is what a PCI bus gets. Behind its BAR 0, `XhciController` has the registers and doorbells, and one
/// worker that does what they ask for: `CommandRing` executes commands, `Endpoint` transfers, between guest memory and
/// the `UsbDevice` on a `RootPort`; what came of it is told through an `Interrupter`'s event ring. `RingReader` walks
/// rings, a bounded way, and every field of them is read once.
package org.javisor.devices.xhci;
