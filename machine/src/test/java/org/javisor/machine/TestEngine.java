// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.Locale;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.vmm.Execution;

/// What executes the guests of tests that can be run with any engine.
final class TestEngine {
    private TestEngine() { }

    /// `-Djavisor.translateAt=N`: the N-th execution of a block makes it worth translating.
    static TranslatorConfig translator() {
        TranslatorConfig usual = TranslatorConfig.DEFAULT;
        return usual.withTranslateAt(Integer.getInteger("javisor.translateAt", usual.translateAt()));
    }

    /// `-Djavisor.engine=interpreter|translator|check`; the interpreter if nothing is said.
    static Execution chosen() {
        return Execution.valueOf(System.getProperty("javisor.engine", "interpreter").toUpperCase(Locale.ROOT));
    }
}
