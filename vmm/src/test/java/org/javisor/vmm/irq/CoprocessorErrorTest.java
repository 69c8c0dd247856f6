// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CoprocessorErrorTest {
    private final List<Boolean> levels = new ArrayList<>();
    private final CoprocessorError error = new CoprocessorError(levels::add);

    @Test
    void theErrorStaysUntilThePortIsWritten() {
        error.raise();
        error.read(0, 1);
        error.write(0, 1, 0);

        assertEquals(List.of(true, false), levels);
    }
}
