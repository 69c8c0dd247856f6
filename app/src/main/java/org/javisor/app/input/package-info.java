// SPDX-License-Identifier: Apache-2.0

/// What people type, wherever they do, as keys of the guest's keyboard.
///
/// [KeyboardInput] presses them; [Keysyms] finds the key for what X and VNC call it, [TerminalKeys] for what a terminal
/// sends.
package org.javisor.app.input;
