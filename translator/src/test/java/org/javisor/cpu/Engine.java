// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.javisor.translator.HostTranslatorProvider;

/// What executes a test's guest.
enum Engine {
    INTERPRETER, TRANSLATOR, CHECK;

    /// A [SystemGuest] in 64-bit mode, and what translates for it: at a block's second execution.
    ///
    /// @param translator null if all is interpreted
    record Guest(SystemGuest system, BlockTranslator translator) implements AutoCloseable {
        @Override
        public void close() {
            system.close();
        }

        /// How many translations there have been.
        long translated() {
            return translator == null ? 0 : system.group().translations.stats(translator, List.of()).translations();
        }
    }

    Guest guest() {
        BlockTranslator translator = translator();
        return guest(SystemGuest.in64BitMode(CpuidModel.builder().build(), translator, this == CHECK), translator);
    }

    /// The same in protected mode without paging.
    Guest protectedGuest() {
        BlockTranslator translator = translator();
        return guest(SystemGuest.inProtectedMode(translator, this == CHECK), translator);
    }

    private BlockTranslator translator() {
        BlockTranslator translator = this == INTERPRETER ? null : new HostTranslatorProvider().create(16 << 20);
        assumeTrue(this == INTERPRETER || translator != null, "this host runs no translated code");
        return translator;
    }

    private Guest guest(SystemGuest guest, BlockTranslator translator) {
        guest.group().translateAt(2);
        guest.group().counted = this == CHECK;
        return new Guest(guest, translator);
    }
}
