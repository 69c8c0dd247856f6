// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// What a guest's kernel said when it crashed.
///
/// @param parameters five of them; the guest's own meaning
/// @param text       what it left to be read, if anything
public record HvCrash(List<Long> parameters, String text) {
    static final int PARAMETERS = 5;

    public HvCrash {
        parameters = List.copyOf(parameters);
    }

    static HvCrash of(long[] parameters, String text) {
        return new HvCrash(Arrays.stream(parameters).boxed().toList(), text);
    }

    /// In one line, for people.
    public String line() {
        return parameters.stream().map(p -> String.format("0x%x", p)).collect(Collectors.joining(" "))
                + (text.isEmpty() ? "" : ": " + text);
    }
}
