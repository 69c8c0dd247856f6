// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.javisor.host.MonotonicClock;
import org.javisor.host.ProcessorFlags;
import org.javisor.isa.Feature;

/// What the host's processor can execute, and what its C library has.
///
/// `-Djavisor.host.withheld=avx,avx2,fma,f16c,bmi1,bmi2` (Linux's names) has it be an older processor.
final class HostFeatures {
    private final long clock = MonotonicClock.function();
    private final Set<String> withheld;

    HostFeatures() {
        this(Arrays.stream(System.getProperty("javisor.host.withheld", "").split(",")).collect(Collectors.toSet()));
    }

    /// @param withheld Linux's names of what is not to be used, though the processor may have it
    HostFeatures(Set<String> withheld) {
        this.withheld = withheld;
    }

    /// Address of what [TimeStamp] calls; 0 if there is no such function.
    long clock() {
        return clock;
    }

    boolean has(Feature feature) {
        return switch (feature) {
            case BASE, CMOV, SSE, SSE2, CX8 -> true;
            case SSE3 -> has("pni");
            case LZCNT -> has("abm");
            case LAHF64 -> has("lahf_lm");
            case SHA -> has("sha_ni");
            default -> has(feature.name().toLowerCase(Locale.ROOT));
        };
    }

    private boolean has(String flag) {
        return ProcessorFlags.has(flag) && !withheld.contains(flag);
    }
}
