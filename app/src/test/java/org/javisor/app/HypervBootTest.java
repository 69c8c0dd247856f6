// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Debian's kernel finds Hyper-V, and makes use of what there is.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class HypervBootTest {
    private static CommandRun hyperv(String interfaces, String cpus, String command) {
        return CommandRun.of("run", "--paravirt", interfaces, "--cpus", cpus, "--exec", command);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2"})
    void linuxUsesItsClockTimersCallsAndLocks(String cpus) {
        CommandRun result = hyperv("hyperv", cpus, "nproc;"
                + " dmesg | grep -E -o 'detected: Micro.*|hypercall for remote.*|PV spin.*|IPI hypercalls"
                + "|enlightened APIC';"
                + " cat /sys/devices/system/clocksource/clocksource0/current_clocksource;"
                + " grep -c 'Hyper-V clockevent' /proc/timer_list; dmesg -r | grep -E '^<[0-3]>|BUG:|WARNING:'");

        assertEquals(cpus + """

                detected: Microsoft Hyper-V
                hypercall for remote TLB flush
                PV spinlocks enabled
                IPI hypercalls
                enlightened APIC
                hyperv_clocksource_tsc_page
                """ + cpus + "\n", result.out(), result.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "4"})
    @Tag("slow")
    void withOneProcessorOrMoreToo(String cpus) {
        linuxUsesItsClockTimersCallsAndLocks(cpus);
    }

    @Test
    @Tag("slow")
    void ofBothInterfacesLinuxTakesKvms() {
        CommandRun result = hyperv("hyperv,kvm", "2", "dmesg | grep -E -o 'detected: .*|guest: PV spin.*'");

        assertEquals("detected: KVM\nguest: PV spinlocks enabled\n", result.out(), result.err());
    }

    @Test
    @Tag("slow")
    void unmappedMemoryIsForgottenByAllProcessors() {
        CommandRun result = hyperv("hyperv", "4", "for n in 1 2 3 4; do (i=0; while [ $i -lt 60 ]; do"
                + " dd if=/dev/zero bs=64k count=8 2>/dev/null | sha256sum; i=$((i+1)); done | sort | uniq -c) & done;"
                + " wait; dmesg -r | grep -E 'BUG:|WARNING:|Oops|segfault'");

        assertTrue(result.out().lines().allMatch(line -> line.startsWith("     60 ")), result.out());
        assertEquals(4, result.out().lines().count(), result.out() + result.err());
    }
}
