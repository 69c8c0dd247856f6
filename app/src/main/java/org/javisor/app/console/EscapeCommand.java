// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.console;

/// What a key behind Ctrl-A does.
///
/// @param key  a lower-case letter
/// @param help what it does, in a few words
public record EscapeCommand(char key, String help, Runnable run) { }
