// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.function.Supplier;

/// What translates the code of tests' guests that do not say so themselves: nothing, until somebody wants these tests
/// run with host code.
final class TestTranslators {
    private static final Supplier<BlockTranslator> NONE = () -> null;

    private static Supplier<BlockTranslator> source = NONE;

    private TestTranslators() { }

    static BlockTranslator create() {
        return source.get();
    }

    static void use(Supplier<BlockTranslator> translators) {
        source = translators;
    }

    static void useNone() {
        source = NONE;
    }
}
