// SPDX-License-Identifier: Apache-2.0

/// Zstandard, as RFC 8878 "Zstandard Compression and the 'application/zstd' Media Type" defines it, as far as disk
/// images need it: whole frames from memory to memory, without dictionaries. All of it is read, and simple frames are
/// written.
package org.javisor.devices.block.zstd;
