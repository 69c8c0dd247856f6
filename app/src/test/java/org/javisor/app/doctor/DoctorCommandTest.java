// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.javisor.app.doctor.Finding.Level;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

@Timeout(120)
class DoctorCommandTest {
    private final StringWriter said = new StringWriter();

    private int run(List<Check> checks, String... arguments) {
        return new CommandLine(new DoctorCommand(checks)).setOut(new PrintWriter(said)).execute(arguments);
    }

    @Test
    void findingsAreLinesWithAdviceBelow() {
        int status = run(List.of(() -> List.of(Finding.ok("a", "fine"), Finding.note("b", "so so", "do this"))));

        assertEquals(0, status);
        assertEquals("""
                ok    a             fine
                note  b             so so
                                    -> do this
                Javisor runs on this machine.
                """, said.toString());
    }

    @Test
    void aBadFindingIsAStatus() {
        int status = run(List.of(() -> List.of(Finding.bad("a", "broken", null))), "--json");

        assertEquals(2, status);
        assertTrue(said.toString().contains("\"usable\": false"), said.toString());
        assertTrue(said.toString().contains("\"level\": \"bad\""), said.toString());
    }

    @Test
    void theEngineRunsAndSaysHowFast() {
        List<Finding> findings = new EngineCheck().look();

        Finding interpreter = findings.getFirst();
        assertEquals("interpreter", interpreter.what());
        assertEquals(Level.OK, interpreter.level(), interpreter.text());
        assertTrue(interpreter.text().matches("a guest executes [0-9,]+ million instructions a second; an exit .*"),
                interpreter.text());
    }

    @Test
    void codeMemoryIsTried() {
        assertTrue(new CodeMemoryCheck().look().stream().noneMatch(finding -> finding.level() == Level.BAD));
    }
}
