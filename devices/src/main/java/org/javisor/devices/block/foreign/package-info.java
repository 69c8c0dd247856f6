// SPDX-License-Identifier: Apache-2.0

/// Formats of other hypervisors, which are read and never written.
///
/// A format is a [Layout]: for a place on the disk it gives the [Piece] that is there. [ForeignImage] makes a disk of
/// it. Files come from anywhere, so every field is checked before it decides where to read or how much to keep.
package org.javisor.devices.block.foreign;
