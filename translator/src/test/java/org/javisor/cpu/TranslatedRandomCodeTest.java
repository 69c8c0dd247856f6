// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.translator.HostTranslatorProvider;

/// The same bytes where everything in 64-bit mode is translated at once.
class TranslatedRandomCodeTest extends RandomCodeTest {
    @Override
    BlockTranslator translator() {
        return new HostTranslatorProvider().create(64 << 20);
    }
}
