// SPDX-License-Identifier: Apache-2.0

/// Zstandard, as RFC 8878 "Zstandard Compression and the 'application/zstd' Media Type" defines it, as far as reading
/// needs it: whole frames from memory to memory, without dictionaries.
package org.javisor.devices.block.zstd;
