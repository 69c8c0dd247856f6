// SPDX-License-Identifier: Apache-2.0

/// The guest's screen, keyboard and mouse for VNC clients.
///
/// [VncServer] waits for clients; [VncClient] speaks the protocol with one; [PixelFormat] and [ZrleEncoding] say how
/// pictures travel; [Keysyms] finds the key for what a client calls it; [VncPassword] checks who it is.
/// RFC 6143 "The Remote Framebuffer Protocol" is the specification.
package org.javisor.app.vnc;
