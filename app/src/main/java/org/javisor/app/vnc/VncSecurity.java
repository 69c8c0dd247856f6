// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

/// Who may connect, and what others on the way can see.
///
/// @param password null if none is asked for
/// @param tls      null without
public record VncSecurity(VncPassword password, VncTls tls) {
    /// For the loopback interface alone.
    public static final VncSecurity NONE = new VncSecurity(null, null);
}
