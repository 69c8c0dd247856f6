// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.javisor.testkit.HostProcessor;
import org.javisor.translator.HostTranslatorProvider;
import org.junit.jupiter.api.AfterEach;

/// The same instructions as host code, but for those that the translator leaves to the interpreter.
class TranslatedOracleTest extends OracleTest {
    private static final long CODE_BYTES = 1 << 30;

    private BlockTranslator translator;

    @Override
    int usualCases() {
        return 60;
    }

    @Override
    int manyCases() {
        return 2_000;
    }

    @Override
    OracleMachine machine(HostProcessor host) {
        translator = new HostTranslatorProvider().create(CODE_BYTES);
        assumeTrue(translator != null, "this host runs no translated code");
        return new OracleMachine(host, translator);
    }

    @AfterEach
    void close() {
        if (translator != null) {
            System.out.printf("oracle: %d bytes of host code%n", translator.bytes());
            translator.close();
        }
    }
}
