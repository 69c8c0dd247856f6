// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.javisor.machine.BootOrder.Candidate;
import org.javisor.machine.BootOrder.Kind;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;

class BootOrderTest {
    private static final List<Candidate> CANDIDATES = List.of(
            new Candidate(Kind.DISK, BootOrder.NONE, "disk"),
            new Candidate(Kind.DISK, 4, "disk 4"),
            new Candidate(Kind.CDROM, BootOrder.NONE, "cd"),
            new Candidate(Kind.NETWORK, 0, "network 0"),
            new Candidate(Kind.DISK, BootOrder.NONE, "another disk"));

    private static List<String> order(String kinds) {
        return new BootOrder(kinds.isEmpty() ? List.of() : BootOrder.parseKinds(kinds), 0).paths(CANDIDATES);
    }

    @Test
    void withoutAnOrderThereAreThoseWithAnIndexAlone() {
        assertEquals(List.of("network 0", "disk 4"), order(""));
    }

    @Test
    void kindsFollowThoseWithAnIndexInTheirOrder() {
        assertEquals(List.of("network 0", "disk 4", "cd", "disk", "another disk"), order("cdrom, Disk"));
        assertEquals(List.of("network 0", "disk 4", "disk", "another disk"), order("disk,network"));
    }

    @Test
    void whatIsWrongIsSaid() {
        assertThrows(ConfigurationException.class, () -> order("disk,tape"));
        assertThrows(ConfigurationException.class, () -> order("disk,"));
        assertThrows(ConfigurationException.class, () -> BootOrder.parseIndex("-1"));
        assertThrows(ConfigurationException.class, () -> BootOrder.parseIndex("99999999999"));
        assertThrows(ConfigurationException.class, () -> new BootOrder(List.of(), 61));
    }
}
