// SPDX-License-Identifier: Apache-2.0

/// The guest's screen, keyboard and mouse for VNC clients.
///
/// [VncServer] waits for clients. For each there is a [VncClient]: [Handshake] decides whether it may come in, with
/// [VncSecurity], [VncPassword] and [VncTls]; then one thread reads [ClientMessages], notes in [Wishes] what the client
/// wants, and passes keys and pointer on ([org.javisor.app.input.KeyboardInput], [PointerInput]); another is its
/// [PictureSender], which takes pictures of the one [FrameSource], finds the [Changes], and sends them in one of the
/// [Encodings].
///
/// [VncViewer] is a client, which looks once at the screen of any server.
///
/// RFC 6143 "The Remote Framebuffer Protocol" is the specification; what came after it is collected at
/// <https://github.com/rfbproto/rfbproto>.
package org.javisor.app.vnc;
