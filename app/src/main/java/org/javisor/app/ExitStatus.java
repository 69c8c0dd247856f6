// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

/// What `javisor run` exits with. (`--exec` exits with the command's own status when the guest reports one.)
final class ExitStatus {
    /// The guest powered itself off, or the person left.
    static final int POWERED_OFF = 0;
    /// A bug in Javisor stopped the guest.
    static final int INTERNAL_ERROR = 1;
    /// An option, file or value that cannot be used.
    static final int USAGE = 2;
    /// The guest crashed: triple fault.
    static final int CRASHED = 3;
    /// The guest asked for a reset, and was told to end there.
    static final int RESET = 4;

    private ExitStatus() { }
}
