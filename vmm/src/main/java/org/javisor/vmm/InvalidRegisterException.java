// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

/// A register that does not exist, or a value that it or its combination with others cannot have. The processor is as
/// it was.
public final class InvalidRegisterException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String register;

    /// @param register as the manuals name it
    /// @param why      beginning with the value
    public InvalidRegisterException(String register, String why) {
        super(register + ": " + why);
        this.register = register;
    }

    /// The register's name, or that of the group which does not fit together.
    public String register() {
        return register;
    }
}
