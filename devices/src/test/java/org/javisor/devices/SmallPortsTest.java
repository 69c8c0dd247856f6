// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.javisor.testkit.ProbeLine;
import org.junit.jupiter.api.Test;

class SmallPortsTest {
    private final List<ResetKind> resets = new ArrayList<>();

    @Test
    void debugExitTellsAStatusThatIsNeverZero() {
        List<Integer> statuses = new ArrayList<>();
        DebugExit exit = new DebugExit(statuses::add);

        exit.write(0, 1, 0);
        exit.write(0, 4, 0x10);

        assertEquals(List.of(1, 0x21), statuses);
    }

    @Test
    void resetControlResetsOnTheRisingEdgeAsItsBitsSay() {
        ResetControl control = new ResetControl(resets::add);

        control.writeByte(0, 0x02);
        control.writeByte(0, 0x06);
        control.writeByte(0, 0x06);
        control.writeByte(0, 0x00);
        control.writeByte(0, 0x04);
        control.writeByte(0, 0x00);
        control.writeByte(0, 0x0e);

        assertEquals(List.of(ResetKind.HARD, ResetKind.INIT, ResetKind.POWER_CYCLE), resets);
        assertEquals(0x0e, control.readByte(0));
    }

    @Test
    void portAResetsTheProcessorOnTheRisingEdge() {
        SystemControlPortA port = new SystemControlPortA(new A20Gate(new ProbeLine()), resets::add);

        port.writeByte(0, 1);
        port.writeByte(0, 1);

        assertEquals(List.of(ResetKind.INIT), resets);
    }

    @Test
    void a20IsOnWhileEitherGateLetsItPass() {
        ProbeLine a20 = new ProbeLine();
        A20Gate gate = new A20Gate(a20);
        SystemControlPortA port = new SystemControlPortA(gate, resets::add);
        assertTrue(a20.high());

        gate.keyboardController(false);
        assertFalse(a20.high());
        port.writeByte(0, 2);

        assertTrue(a20.high());
    }

    @Test
    void debugPortPassesBytesOnAndShowsItself() {
        StringBuilder text = new StringBuilder();
        DebugPort port = new DebugPort(b -> text.append((char) b));

        port.write(0, 1, 'x');

        assertEquals("x", text.toString());
        assertEquals(0xe9, port.read(0, 1));
    }
}
