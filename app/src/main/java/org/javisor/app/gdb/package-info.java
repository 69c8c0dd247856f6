// SPDX-License-Identifier: Apache-2.0

/// Debugging guests with gdb: a stub for its remote serial protocol.
///
/// [GdbServer] waits for a client; [GdbSession] answers its packets, which [PacketChannel] carries; [RunControl] stops
/// and starts vCPUs; [Breakpoints], [GuestView] and [RegisterFile] are what a client sees of the guest.
/// gdb's manual, appendix E "Remote Serial Protocol", is the specification.
package org.javisor.app.gdb;
