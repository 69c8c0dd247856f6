// SPDX-License-Identifier: Apache-2.0
/// Floating-point arithmetic in integers, bit for bit as the processors do it: results, exception flags, and which way
/// a result was rounded. Nothing here knows the processor; nothing allocates.
///
/// Two formats of two worlds:
///
/// - `Float80…` is the x87 unit's. A value is a pair of primitives, sign with exponent and significand; an operation
///   leaves its result and what it raised in a [Float80Context], which also holds the control word. Operations go
///   through the same steps: [Float80#isNormal] picks the fast path, [Float80NaN] deals with what is no number, and
///   [Float80Rounding] rounds, overflows and underflows. An exception that is not masked does not change the
///   computation but how it ends: [Float80Context#isPrevented].
/// - `Float32` and `Float64` are SSE's, by the rules of MXCSR in a [FloatContext].
///
/// The transcendental functions work in [Wide] registers of 128 bits: an argument is brought near zero with a table,
/// a short power series ([Fraction128]) does the rest, and one rounding at the end leaves an error that in practice
/// is that of the rounding alone. Tables and coefficients are worked out at first use ([WideConstants]).
package org.javisor.cpu.fp;
