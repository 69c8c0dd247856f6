// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.function.Consumer;
import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.TranslatorConfig;
import org.javisor.host.CodeMapping;
import org.javisor.host.HostException;

/// Gives a translator where the host is x86-64 and lets memory be executed.
public final class HostTranslatorProvider implements BlockTranslator.Provider {
    private final HostFeatures host;

    public HostTranslatorProvider() {
        this(new HostFeatures());
    }

    HostTranslatorProvider(HostFeatures host) {
        this.host = host;
    }

    @Override
    public BlockTranslator create(TranslatorConfig config, Consumer<String> whyNot) {
        String processor = System.getProperty("os.arch");
        if (!processor.equals("amd64") && !processor.equals("x86_64")) {
            whyNot.accept("the host's processor is not x86-64 but " + processor);
            return null;
        }
        try {
            CodeMapping mapping = config.mapping() == null ? CodeMapping.open(config.cacheBytes())
                    : CodeMapping.open(config.cacheBytes(), config.mapping());
            return new HostTranslator(config, mapping, host);
        } catch (HostException e) {
            whyNot.accept("the host gives no memory for code: " + e.getMessage());
            return null;
        }
    }
}
