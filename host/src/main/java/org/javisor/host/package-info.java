// SPDX-License-Identifier: Apache-2.0

/// The host as the rest of the house sees it, and the only place that calls native code.
///
/// - [Mapping] obtains memory: shared through a memfd, private, or executable.
/// - [HostMemory] loads and stores at host addresses that somebody else has checked.
/// - [HostAtomics] compares and swaps where Java cannot: at any alignment, and 16 bytes at once.
/// - [HostDevice] makes `ioctl` calls, [EventFd] waits for the kernel, [KickSignal] gets a thread out of it.
/// - `LibC` binds the C library's functions; what the host refuses is a [HostException].
///
/// Every native call says beside it what must hold for it to be safe, and why it does.
package org.javisor.host;
