// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.Locale;
import org.javisor.host.MonotonicClock;
import org.javisor.host.ProcessorFlags;
import org.javisor.isa.Feature;

/// What the host's processor can execute, and what its C library has.
final class HostFeatures {
    private final long clock = MonotonicClock.function();

    /// Address of what [TimeStamp] calls; 0 if there is no such function.
    long clock() {
        return clock;
    }

    boolean has(Feature feature) {
        return switch (feature) {
            case BASE, CMOV, SSE, SSE2, CX8 -> true;
            case SSE3 -> ProcessorFlags.has("pni");
            case LZCNT -> ProcessorFlags.has("abm");
            case LAHF64 -> ProcessorFlags.has("lahf_lm");
            case SHA -> ProcessorFlags.has("sha_ni");
            default -> ProcessorFlags.has(feature.name().toLowerCase(Locale.ROOT));
        };
    }
}
