// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.Set;

/// The same on a host without AVX, BMI and the like: what needs them is interpreted, and what host code uses of them by
/// itself it does without.
class OldHostTest extends InstructionsTest {
    @Override
    HostFeatures host() {
        return new HostFeatures(Set.of("avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "abm", "movbe", "adx", "sha_ni",
                "aes", "pclmulqdq", "sse4_2"));
    }
}
