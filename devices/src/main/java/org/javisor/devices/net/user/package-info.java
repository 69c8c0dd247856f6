// SPDX-License-Identifier: Apache-2.0
/// A network inside this process, which needs no privilege: a router that gives the guest its address, answers for
/// itself, and carries the guest's UDP and TCP over the host's own sockets.
///
/// One thread does all of it. What leaves for the guest waits if its card has no buffers.
package org.javisor.devices.net.user;
