// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.function.IntFunction;
import org.javisor.devices.Pin;
import org.javisor.memory.Chip;
import org.javisor.memory.InterruptLine;

/// From INTA# to INTD# of every slot to interrupt controllers, through eight lines PIRQA# to PIRQH#.
///
/// Each line goes to an input of its own on the I/O APIC, GSI 16 to 23; and, where its route register says
/// so, to one of the PIC's inputs as well. Slots are spread over the lines by [#pirq]: ACPI's `_PRT` has to
/// tell the same.
///
/// @datasheet Intel ICH9 "`PIRQ[n]_ROUT`—PIRQ`[A,B,C,D]` Routing Control Register"
public final class PirqRouter implements Chip<PirqRouter.State> {
    public static final int LINES = 8;
    /// The GSI of PIRQA#.
    public static final int FIRST_GSI = 16;

    static final int ROUTE_OFF = 0x80;
    private static final int ISA_IRQS = 16;
    /// The inputs that the chipset can reach: 3 to 7, 9 to 12, 14 and 15.
    private static final int REACHABLE = 0xdef8;

    /// The route registers; which lines are asserted follows from the functions.
    public record State(byte[] routes) {
        public State {
            if (routes.length != LINES) {
                throw new IllegalArgumentException(routes.length + " PIRQ route registers");
            }
            routes = routes.clone();
        }
    }

    private final Pin[] gsis = new Pin[LINES];
    private final Pin[] isa = new Pin[ISA_IRQS];
    private final int[] asserted = new int[LINES];
    private final byte[] routes = new byte[LINES];

    /// @param gsi the machine's interrupt inputs
    public PirqRouter(IntFunction<InterruptLine> gsi) {
        for (int i = 0; i < LINES; i++) {
            gsis[i] = new Pin(gsi.apply(FIRST_GSI + i));
            routes[i] = (byte) ROUTE_OFF;
        }
        for (int i = 0; i < ISA_IRQS; i++) {
            isa[i] = (REACHABLE >>> i & 1) != 0 ? new Pin(gsi.apply(i)) : null;
        }
    }

    /// The line, 0 (PIRQA#) to 7, that `pin` (1 to 4) of `device` is wired to.
    public static int pirq(int device, int pin) {
        return device + pin - 1 & LINES - 1;
    }

    /// Wire-OR: one function asserts or releases one pin.
    void set(int device, int pin, boolean level) {
        int line = pirq(device, pin);
        synchronized (this) {
            asserted[line] += level ? 1 : -1;
            gsis[line].set(asserted[line] > 0);
            updateIsa();
        }
        drive(line);
    }

    int route(int line) {
        synchronized (this) {
            return routes[line] & 0xff;
        }
    }

    void route(int line, int value) {
        synchronized (this) {
            routes[line] = (byte) (value & (ROUTE_OFF | 0xf));
            updateIsa();
        }
        drive(line);
    }

    private void updateIsa() {
        for (int irq = 0; irq < ISA_IRQS; irq++) {
            if (isa[irq] != null) {
                isa[irq].set(wanted(irq));
            }
        }
    }

    private boolean wanted(int irq) {
        for (int line = 0; line < LINES; line++) {
            if (asserted[line] > 0 && routes[line] == irq) {
                return true;
            }
        }
        return false;
    }

    private void drive(int line) {
        gsis[line].drive();
        for (Pin pin : isa) {
            if (pin != null) {
                pin.drive();
            }
        }
    }

    @Override
    public void reset() {
        for (int i = 0; i < LINES; i++) {
            route(i, ROUTE_OFF);
        }
    }

    @Override
    public synchronized State save() {
        return new State(routes);
    }

    @Override
    public void load(State state) {
        for (int i = 0; i < LINES; i++) {
            route(i, state.routes[i]);
        }
    }
}
