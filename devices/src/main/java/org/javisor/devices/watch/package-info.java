// SPDX-License-Identifier: Apache-2.0

/// What watches over a guest: the device by which its kernel tells that it panicked, and a watchdog for one that can no
/// longer tell.
package org.javisor.devices.watch;
