// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

/// Devices without a use of their own, by which drivers and systems are tested.
public enum ExtraDevice {
    /// QEMU's educational device.
    EDU
}
