// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.io.IOException;

/// The host has no room for what was to be written. When there is some, the same request can be made again.
public final class NoSpaceException extends IOException {
    private static final long serialVersionUID = 1L;

    public NoSpaceException(String message, Throwable cause) {
        super(message, cause);
    }
}
