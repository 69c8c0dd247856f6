// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.javisor.machine.ExtraDevice;
import org.javisor.machine.IommuConfig;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class IommuOptionsTest {
    private static IommuOptions options(String... arguments) {
        IommuOptions options = new IommuOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("iommu",
                CommandLine.Model.CommandSpec.forAnnotatedObject(options))).parseArgs(arguments);
        return options;
    }

    @Test
    void withoutOptionsThereIsNothing() {
        assertNull(options().config());
        assertEquals(List.of(), options().devices());
    }

    @Test
    void everythingIsOnButCachingModeUnlessToldOtherwise() {
        assertEquals(new IommuConfig(true, true, false, 48), options("--iommu", "intel").config());
        assertEquals(new IommuConfig(false, true, true, 39),
                options("--iommu", "intel,intremap=off,caching-mode,aw=39").config());
        assertEquals(new IommuConfig(true, false, false, 48), options("--iommu", "intel,eim=off,aw=48").config());
    }

    @ParameterizedTest
    @CsvSource({"amd,intel is meant", "'intel,aw=57',aw=39 or aw=48", "'intel,eim=yes',on or off",
        "'intel,snoop=on',the options are"})
    void whatIsMeantIsSaid(String value, String meant) {
        ConfigurationException e = assertThrows(ConfigurationException.class,
                () -> options("--iommu", value).config());

        assertTrue(e.getMessage().startsWith("--iommu " + value) && e.getMessage().contains(meant), e.getMessage());
    }

    @Test
    void devicesAreNamed() {
        assertEquals(List.of(ExtraDevice.EDU, ExtraDevice.EDU),
                options("--device", "edu", "--device", "EDU").devices());
        assertThrows(ConfigurationException.class, () -> options("--device", "edo").devices());
    }

    @Test
    void aBoardThatHasNoPlaceForItIsRefused() {
        CommandRun run = CommandRun.of("run", "--board", "pc", "--iommu", "intel", "--kernel", "/dev/null");

        assertEquals(ExitStatus.USAGE, run.status());
        assertTrue(run.err().contains("an IOMMU needs"), run.err());
    }
}
