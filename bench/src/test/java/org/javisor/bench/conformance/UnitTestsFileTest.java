// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.javisor.cpu.CpuFeature;
import org.javisor.cpu.CpuVendor;
import org.junit.jupiter.api.Test;

class UnitTestsFileTest {
    private static final List<String> LINES = """
            # comment = nothing
            [one]
            file = one.flat
            smp = 2
            test_args = 'first second'
            qemu_params = -cpu qemu64,+pcid,-x2apic -m 2g
            timeout = 30
            groups = vmexit quick

            [two]
            file = two.flat
            arch = i386

            #[three]
            #file = three.flat
            """.lines().toList();

    private static List<Configuration> parsed(String architecture) {
        return UnitTestsFile.parse(Path.of("tree"), architecture, LINES);
    }

    @Test
    void sectionsOfAnotherArchitectureAndCommentsAreLeftOut() {
        assertEquals(List.of("one"), parsed("x86_64").stream().map(Configuration::name).toList());
        assertEquals(List.of("one", "two"), parsed("i386").stream().map(Configuration::name).toList());
    }

    @Test
    void aSectionSaysProgramProcessorsArgumentsMemoryAndTime() {
        Configuration one = parsed("x86_64").getFirst();

        assertEquals(Path.of("tree/x86/one.flat"), one.program());
        assertEquals(2, one.cpus());
        assertEquals("first second", one.arguments());
        assertEquals(2L << 30, one.ramBytes());
        assertEquals(Duration.ofSeconds(30), one.timeout());
        assertFalse(one.nested());
    }

    @Test
    void whatIsNotSaidHasItsUsualValue() {
        Configuration two = parsed("i386").get(1);

        assertEquals(1, two.cpus());
        assertEquals("", two.arguments());
        assertEquals(512L << 20, two.ramBytes());
    }

    @Test
    void aModelHasItsOwnFeaturesAndThoseAddedAndNotThoseTakenAway() {
        GuestProcessor processor = GuestProcessor.parse("qemu64,+pcid,-cx16,vendor=AuthenticAMD,phys-bits=36");

        assertTrue(processor.features().contains(CpuFeature.SSE2));
        assertTrue(processor.features().contains(CpuFeature.PCID));
        assertTrue(processor.withheld().contains(CpuFeature.CX16));
        assertTrue(processor.withheld().contains(CpuFeature.SMAP));
        assertEquals(CpuVendor.AMD, processor.vendor());
        assertEquals(36, processor.physicalBits());
    }

    @Test
    void theLargestModelHasEverything() {
        assertTrue(GuestProcessor.parse("max,host-phys-bits").withheld().isEmpty());
    }
}
