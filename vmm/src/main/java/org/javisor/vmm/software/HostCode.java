// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.software;

import org.javisor.cpu.CodePreview;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.vmm.Execution;
import org.javisor.vmm.VmConfig;

/// What host code becomes of guest code, for people.
public final class HostCode {
    private HostCode() { }

    /// Guest code beside its host code.
    ///
    /// @param address where the guest's code is
    /// @param bits    64, or 32 for code in flat segments
    /// @param atCpl0  whether it is a kernel's, else a program's
    /// @param second  whether it is as if it were executed much
    /// @throws org.javisor.memory.ConfigurationException if the host runs no translated code
    public static String of(byte[] code, long address, int bits, boolean atCpl0, boolean second) {
        VmConfig config = VmConfig.BARE.withExecution(Execution.TRANSLATOR)
                .withTranslator(TranslatorConfig.DEFAULT.withListed(true));
        try (CodePreview preview = new CodePreview(code, address, bits, atCpl0, SoftwareEngine.translator(config),
                second)) {
            return preview.text();
        }
    }
}
