// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

/// A disk that cannot be opened: which one, why, and what would help, in one line for the person who named
/// it.
public final class BlockException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BlockException(String message) {
        super(message);
    }

    public BlockException(String message, Throwable cause) {
        super(message, cause);
    }
}
