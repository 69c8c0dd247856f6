// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.EngineKind;
import org.javisor.vmm.Execution;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.VmConfig;

/// Runs a guest on the software engine, translated and interpreted.
final class EngineCheck implements Check {
    private static final int TRANSLATED_ROUNDS = 20_000_000, INTERPRETED_ROUNDS = 4_000_000;

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        // What the first one has Java compile serves the second.
        boolean interprets = measure(findings, "interpreter", Execution.INTERPRETER, INTERPRETED_ROUNDS);
        if (!measure(findings, "translator", Execution.TRANSLATOR, TRANSLATED_ROUNDS) && !interprets) {
            findings.add(Finding.bad("engine", "no guest runs properly", "please report that"));
        }
        return findings;
    }

    private static boolean measure(List<Finding> findings, String name, Execution execution, int rounds) {
        try (Hypervisor hypervisor = Hypervisor.open(EngineKind.SOFTWARE)) {
            SpeedGuest speed = SpeedGuest.measure(hypervisor, VmConfig.BARE.withExecution(execution), rounds);
            findings.add(Finding.ok(name, figures(speed)));
            return true;
        } catch (ConfigurationException e) {
            findings.add(Finding.note(name, e.getMessage(), null));
        } catch (RuntimeException e) {
            findings.add(Finding.bad(name, "a guest does not run properly: " + e.getMessage(), "please report that"));
        }
        return false;
    }

    static String figures(SpeedGuest speed) {
        return String.format(Locale.ROOT,
                "a guest executes %,.0f million instructions a second; an exit takes %.2f µs",
                speed.perSecond() / 1e6, speed.exitNanos() / 1e3);
    }
}
