// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

/// How an operand is encoded and how wide it is, in the notation of the manual.
///
/// @sdm vol. 2D appendix A.2 "Key to Abbreviations"
public enum OperandSpec {
    NONE
}
