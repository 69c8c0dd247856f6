// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

/// Names of instructions, as the manual spells them.
public enum Mnemonic {
    UNDEFINED
}
