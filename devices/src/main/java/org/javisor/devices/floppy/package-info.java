// SPDX-License-Identifier: Apache-2.0

/// The floppy disk controller of a PC, its drives, and what is in them.
package org.javisor.devices.floppy;
