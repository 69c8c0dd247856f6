// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.gdb;

/// A packet that cannot be understood or carried out; the client gets an error for it.
final class BadPacket extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadPacket(String message) {
        super(message);
    }

    BadPacket(String message, Throwable cause) {
        super(message, cause);
    }
}
