// SPDX-License-Identifier: Apache-2.0

/// QEMU's image format, version 2 and 3.
///
/// The file is cut into clusters. A two-level table says where each cluster of the disk is: the L1 table, in memory,
/// points at L2 tables, of which a bounded number is cached. Another two-level table counts how often each cluster of
/// the file is referred to; 0 is free.
///
/// What keeps an image whole when the process or the host dies at any moment is the order of writes, in
/// [Qcow2Image#flush]:
///
/// 1. contents of new clusters, and the refcounts that say that they are taken;
/// 2. then the L2 tables that point at them; then the L1 table that points at new L2 tables;
/// 3. then the refcounts of what nothing points at any more.
///
/// Between two of them is a `fdatasync`. So what is on disk never points at a cluster that counts as free; at worst
/// clusters count as taken that nobody needs.
///
/// Specification: QEMU's `docs/interop/qcow2.rst`.
package org.javisor.devices.block.qcow2;
