// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.function.IntFunction;
import org.javisor.devices.Pin;
import org.javisor.memory.Chip;
import org.javisor.memory.InterruptLine;

/// From INTA# to INTD# of every slot to interrupt controllers, through the lines of a [PirqWiring].
///
/// Each line goes to one of ISA's interrupts where its route register says so; and to an input of its own on the
/// I/O APIC, where the board has those.
public final class PirqRouter implements Chip<PirqRouter.State> {
    private static final int ROUTE_OFF = 0x80;
    private static final int ISA_IRQS = 16;
    /// The inputs that the chipset can reach: 3 to 7, 9 to 12, 14 and 15.
    private static final int REACHABLE = 0xdef8;

    /// The route registers; which lines are asserted follows from the functions.
    public record State(byte[] routes) {
        public State {
            if (routes.length != 4 && routes.length != 8) {
                throw new IllegalArgumentException(routes.length + " PIRQ route registers");
            }
            routes = routes.clone();
        }
    }

    private final PirqWiring wiring;
    private final Pin[] gsis;
    private final Pin[] isa = new Pin[ISA_IRQS];
    private final int[] asserted;
    private final byte[] routes;

    /// A router wired as an ICH9.
    public PirqRouter(IntFunction<InterruptLine> gsi) {
        this(PirqWiring.ICH9, gsi);
    }

    /// @param gsi the machine's interrupt inputs
    public PirqRouter(PirqWiring wiring, IntFunction<InterruptLine> gsi) {
        this.wiring = wiring;
        gsis = new Pin[wiring.lines()];
        asserted = new int[wiring.lines()];
        routes = new byte[wiring.lines()];
        for (int i = 0; i < wiring.lines(); i++) {
            gsis[i] = new Pin(wiring.hasGsis() ? gsi.apply(wiring.gsi(i)) : InterruptLine.UNCONNECTED);
            routes[i] = (byte) ROUTE_OFF;
        }
        for (int i = 0; i < ISA_IRQS; i++) {
            isa[i] = (REACHABLE >>> i & 1) != 0 ? new Pin(gsi.apply(i)) : null;
        }
    }

    public PirqWiring wiring() {
        return wiring;
    }

    /// Wire-OR: one function asserts or releases one pin.
    void set(int device, int pin, boolean level) {
        int line = wiring.line(device, pin);
        synchronized (this) {
            asserted[line] += level ? 1 : -1;
            gsis[line].set(asserted[line] > 0);
            updateIsa();
        }
        drive(line);
    }

    /// Makes the register at `register` of an ISA bridge say where a line goes.
    void defineRoute(PciFunction bridge, int register, int line) {
        bridge.config().set(register, 1, ROUTE_OFF);
        bridge.config().allow(register, 1, ROUTE_OFF | 0xf);
        bridge.onWrite(register, 1, () -> route(line, bridge.readConfig(register, 1)));
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
        for (int line = 0; line < wiring.lines(); line++) {
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
        for (int i = 0; i < routes.length; i++) {
            route(i, ROUTE_OFF);
        }
    }

    @Override
    public synchronized State save() {
        return new State(routes);
    }

    @Override
    public void load(State state) {
        if (state.routes.length != routes.length) {
            throw new IllegalArgumentException(state.routes.length + " PIRQ route registers of " + routes.length);
        }
        for (int i = 0; i < routes.length; i++) {
            route(i, state.routes[i]);
        }
    }
}
