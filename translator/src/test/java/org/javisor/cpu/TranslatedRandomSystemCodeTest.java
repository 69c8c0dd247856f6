// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import org.javisor.translator.HostTranslatorProvider;

/// The same system instructions where everything in 64-bit mode is translated at once.
class TranslatedRandomSystemCodeTest extends RandomSystemCodeTest {
    @Override
    SystemGuest in64BitMode() {
        BlockTranslator translator = new HostTranslatorProvider().create(16 << 20);
        SystemGuest guest = SystemGuest.in64BitMode(CpuidModel.builder().build(), translator, false);
        guest.group().translateAt(1);
        return guest;
    }
}
