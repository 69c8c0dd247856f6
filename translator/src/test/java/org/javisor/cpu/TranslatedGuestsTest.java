// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.javisor.translator.HostTranslatorProvider;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Tests of the processor whose guests execute a few instructions, once more with these translated at once: faults,
/// interrupts, single steps, breakpoints and changes of the mode find host code on both sides.
@ExtendWith(TranslatedGuestsTest.Translating.class)
class TranslatedGuestsTest {
    /// Has guests translated that tests make.
    static final class Translating implements BeforeAllCallback, AfterAllCallback {
        @Override
        public void beforeAll(ExtensionContext context) {
            BlockTranslator probe = new HostTranslatorProvider().create(1 << 20);
            assumeTrue(probe != null, "this host runs no translated code");
            probe.close();
            TestTranslators.use(() -> new HostTranslatorProvider().create(16 << 20));
        }

        @Override
        public void afterAll(ExtensionContext context) {
            TestTranslators.useNone();
        }
    }

    @Nested
    class Atomicity extends AtomicityTest { }

    @Nested
    class ControlRegisters extends ControlRegistersTest { }

    @Nested
    class Debugging extends DebugTest { }

    @Nested
    class DirtyLog extends DirtyLogTest { }

    @Nested
    class ExtendedState extends ExtendedStateTest { }

    @Nested
    class FarTransfers extends FarTransferTest { }

    @Nested
    class FastSystemCalls extends FastSystemCallsTest { }

    @Nested
    class InterruptReturns extends InterruptReturnTest { }

    @Nested
    class Interrupts extends InterruptTest { }

    @Nested
    class LongModeEntry extends LongModeEntryTest { }

    @Nested
    class ModelSpecificRegisters extends MsrTest { }

    @Nested
    class PageWalks extends PageWalkTest { }

    @Nested
    class Ports extends PortInstructionsTest { }

    @Nested
    class Running extends RunLoopTest { }

    @Nested
    class SystemManagement extends SystemManagementTest { }
}
