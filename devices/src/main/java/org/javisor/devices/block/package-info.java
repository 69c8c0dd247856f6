// SPDX-License-Identifier: Apache-2.0

/// What disks keep their data in.
///
/// A [BlockBackend] moves bytes between a store and memory that the caller names, so that a disk's data goes
/// from the guest's memory to the host's file in one system call and through nobody's hands.
package org.javisor.devices.block;
