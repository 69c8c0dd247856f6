// SPDX-License-Identifier: Apache-2.0

/// USB: devices, and what makes them answer alike.
///
/// A `UsbDevice` is what hangs on a port, whatever controller the port belongs to (`org.javisor.devices.xhci`).
/// `StandardRequests` answers what every device is asked; a tablet and a keyboard (`HidDevice`) and a disk
/// (`UsbStorage`) add what is their own.
package org.javisor.devices.usb;
