// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

/// A system call that the host refused: which call, on what, and the `errno` it gave.
public final class HostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    public HostException(String call, int errno) {
        super(call + ": " + LibC.strerror(errno) + " (" + Errno.nameOf(errno) + ")");
        this.errno = errno;
    }

    /// The host's error number, as in `errno(3)`.
    public int errno() {
        return errno;
    }
}
