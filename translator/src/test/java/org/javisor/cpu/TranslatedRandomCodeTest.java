// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.translator.HostTranslatorProvider;
import org.junit.jupiter.api.AfterEach;

/// The same bytes where everything that is executed twice is translated.
class TranslatedRandomCodeTest extends RandomCodeTest {
    private BlockTranslator translator;

    @Override
    BlockTranslator translator() {
        translator = new HostTranslatorProvider().create(64 << 20);
        return translator;
    }

    @AfterEach
    void close() {
        if (translator != null) {
            translator.close();
        }
    }
}
