// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.usb;

/// What makes a HID device a keyboard or a tablet: the reports that it sends.
///
/// Guarded by the lock of the [HidDevice] it belongs to.
interface ReportSource {
    /// The report descriptor.
    byte[] descriptor();

    /// Interface subclass and protocol: what firmware knows the device by, without reading the report descriptor.
    int subclass();

    int protocol();

    String name();

    /// Whether there is something to report.
    boolean pending();

    /// The next report, which is then no more pending; the last one if nothing is.
    byte[] next();

    /// The host sends a report of its own.
    void output(byte[] report);

    void reset();

    Record save();

    /// @throws IllegalArgumentException if it is no state of such a source; nothing has changed then
    void check(Record state);

    /// Takes a state that has been checked.
    void restore(Record state);
}
