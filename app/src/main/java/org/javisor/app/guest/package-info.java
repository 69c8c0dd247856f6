// SPDX-License-Identifier: Apache-2.0
/// The guest that runs when none is named: Debian's kernel and busybox, fetched with apt and cached, and an initramfs
/// built around them.
package org.javisor.app.guest;
