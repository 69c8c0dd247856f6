// SPDX-License-Identifier: Apache-2.0

/// Disk images as people have them: a file of some format, perhaps on top of others. [DiskImage] opens them.
package org.javisor.devices.block.image;
