// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// A user's mistake: a file, option or value that cannot be used. The message is one line that names it and says what
/// would be right.
public final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ConfigurationException(String message) {
        super(message);
    }

    public ConfigurationException(String message, Throwable cause) {
        super(message, cause);
    }
}
