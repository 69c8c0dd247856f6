// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;
import org.javisor.memory.MsiSink;

/// The interrupt chips of a PC, wired up: PIC pair and PIT, an I/O APIC, a local APIC for each processor, and the wires
/// and messages that lead to them.
///
/// ```
///  PIT ──┐                 ┌── PIC pair ──┬── LINT0 of processor 0
///  wires ┴── GSI routing ──┤              └── pin 0
///                          ├── I/O APIC ──┐
///  MSIs ───────────────────┴──────────────┴── local APICs ── processors
/// ```
public final class InterruptChips {
    /// How many global system interrupts there are; those that no route leads anywhere cost nothing.
    public static final int GSIS = 256;

    private final Clock clock;
    private final ApicBus bus = new ApicBus();
    private final MsiDecoder msi;
    /// Null in a machine that has local APICs only.
    private final PcChips shared;
    private final CoprocessorError coprocessorError;
    private final GsiLine[] lines;
    private final List<LocalApic> localApics = new CopyOnWriteArrayList<>();
    /// What [InterruptLine#whenTaken] was given.
    private final Queue<Runnable> awaitingRoom = new ConcurrentLinkedQueue<>();
    private final EndListeners endListeners = new EndListeners();
    private volatile GsiRouting routing;
    private volatile InterruptLine pitLine;
    /// Null where the local APICs are here.
    private volatile ForeignApics foreign;
    /// Null where other chips than local APICs are here, or are nowhere.
    private volatile ForeignChips kernel;
    /// Null where messages name their destinations themselves.
    private volatile MessageRemapping remapping;

    /// @param wideDestinations whether I/O APIC and MSIs can name APIC ids above 255
    public InterruptChips(Clock clock, IoBus ports, IoBus mmio, boolean wideDestinations) {
        this(clock, ports, mmio, wideDestinations, true);
    }

    /// @param wideDestinations whether I/O APIC and MSIs can name APIC ids above 255
    /// @param pit              whether guests find the PIT; if not, nothing programs it, and its wire leads nowhere
    public InterruptChips(Clock clock, IoBus ports, IoBus mmio, boolean wideDestinations, boolean pit) {
        this(clock, wideDestinations, true, pit);
        shared.ioApic.onEnd(pins -> ended(pins, GsiRoute.Pin::new));
        shared.pic.onEnd(inputs -> ended(inputs, GsiRoute.Pic::new));
        shared.attach(ports, mmio, pit);
        ports.attach(CoprocessorError.PORT, 1, coprocessorError, "coprocessor error");
    }

    private InterruptChips(Clock clock, boolean wideDestinations, boolean all, boolean pit) {
        this.clock = clock;
        this.msi = new MsiDecoder(bus, wideDestinations);
        this.routing = all ? GsiRouting.pc() : new GsiRouting(Map.of());
        Targets targets = new Targets();
        this.lines = IntStream.range(0, GSIS).mapToObj(n -> new GsiLine(targets, routing.of(n)))
                .toArray(GsiLine[]::new);
        this.pitLine = gsi(0);
        this.coprocessorError = new CoprocessorError(gsi(CoprocessorError.IRQ));
        this.shared = !all ? null : new PcChips(clock, bus, wideDestinations, this::driveIntr,
                pit ? pitOutput() : InterruptLine.UNCONNECTED);
    }

    /// Local APICs only: somebody else models the chips that processors share, and leads GSIs to messages.
    public static InterruptChips split(Clock clock, boolean wideDestinations) {
        return new InterruptChips(clock, wideDestinations, false, false);
    }

    /// None at all: somebody else has those of a PC, and will [#lead] to them.
    public static InterruptChips elsewhere(Clock clock, IoBus ports) {
        InterruptChips chips = new InterruptChips(clock, false, false, false);
        ports.attach(CoprocessorError.PORT, 1, chips.coprocessorError, "coprocessor error");
        return chips;
    }

    private PcChips shared() {
        if (kernel != null) {
            throw new IllegalStateException("this machine's interrupt chips are the kernel's");
        }
        if (shared == null) {
            throw new IllegalStateException("this machine has no interrupt chips but local APICs");
        }
        return shared;
    }

    /// A processor asserts FERR#. Any thread.
    public void floatingPointError() {
        coprocessorError.raise();
    }

    private InterruptLine pitOutput() {
        return new InterruptLine() {
            @Override
            public void set(boolean level) {
                pitLine.set(level);
            }

            @Override
            public boolean pending() {
                return pitLine.pending();
            }

            @Override
            public void whenTaken(Runnable then) {
                pitLine.whenTaken(then);
            }
        };
    }

    /// Leads to local APICs that are elsewhere; before processors are made.
    public void lead(ForeignApics elsewhere) {
        foreign = elsewhere;
        bus.lead(elsewhere);
        if (shared != null) {
            shared.ioApic.onRedirection(() -> elsewhere.redirected(shared.ioApic.messages()));
        }
    }

    /// Leads to chips that are elsewhere, all of them; before processors are made.
    public void lead(ForeignChips elsewhere) {
        kernel = elsewhere;
        foreign = elsewhere;
        bus.lead(elsewhere);
        for (int gsi = 0; gsi < GSIS; gsi++) {
            lines[gsi] = new GsiLine(new KernelLine(elsewhere, gsi), List.of(new GsiRoute.Msi(0, 0)));
        }
        routing(GsiRouting.pc());
    }

    /// A line that leaves its routes to chips elsewhere: there is one place that it drives.
    private record KernelLine(ForeignChips chips, int gsi) implements GsiLine.Targets {
        @Override
        public void drive(GsiRoute route, boolean level) {
            chips.drive(gsi, level);
        }

        @Override
        public GsiLine.Reception reception(GsiRoute route) {
            return GsiLine.Reception.READY;
        }

        /// Nothing ever waits for room.
        @Override
        public void whenTaken(Runnable then) { }
    }

    /// The interrupt acknowledge cycle of a processor whose local APIC is elsewhere, for an interrupt from the PIC.
    ///
    /// @return the vector, as of [I8259Pair#acknowledge]
    public int acknowledgePic() {
        int vector = shared.pic.acknowledge();
        taken();
        return vector;
    }

    /// Whether the PIC asks for an interrupt.
    public boolean picRequests() {
        return shared != null && shared.pic.interruptRequested();
    }

    /// A local APIC that is elsewhere ends a level-triggered interrupt.
    ///
    /// @return false if there is no I/O APIC to be told
    public boolean endOfInterrupt(int vector) {
        if (shared != null) {
            shared.ioApic.endOfInterrupt(vector);
        }
        return shared != null;
    }

    private void driveIntr(boolean level) {
        if (foreign != null) {
            foreign.lint0(level);
        }
        for (LocalApic apic : localApics) {
            if (apic.id() == 0) {
                apic.lint(0, level);
            }
        }
        shared.ioApic.input(0, level);
    }

    private final class Targets implements GsiLine.Targets {
        @Override
        public void drive(GsiRoute route, boolean level) {
            switch (route) {
                case GsiRoute.Pic(int irq) -> shared.pic.input(irq, level);
                case GsiRoute.Pin(int pin) -> shared.ioApic.input(pin, level);
                case GsiRoute.Msi(long address, int data) -> {
                    if (level) {
                        send(address, data);
                    }
                }
            }
        }

        @Override
        public GsiLine.Reception reception(GsiRoute route) {
            return switch (route) {
                case GsiRoute.Pic(int irq) -> shared.pic.reception(irq);
                case GsiRoute.Pin(int pin) -> shared.ioApic.reception(pin);
                case GsiRoute.Msi _ -> GsiLine.Reception.READY;
            };
        }

        @Override
        public void whenTaken(Runnable then) {
            awaitingRoom.add(then);
        }
    }

    private void ended(int inputs, IntFunction<GsiRoute> route) {
        if (!endListeners.isEmpty()) {
            for (int left = inputs; left != 0; left &= left - 1) {
                endListeners.ended(routing, route.apply(Integer.numberOfTrailingZeros(left)));
            }
        }
    }

    /// Has `then` run each time that the guest ends an interrupt of `gsi`, before it is seen whether the GSI is still
    /// asserted: on the thread of the guest's access, which holds no lock.
    ///
    /// @return what takes this back
    public Runnable onEndOfInterrupt(int gsi, Runnable then) {
        return endListeners.add(gsi, then);
    }

    /// A processor has taken an interrupt; its thread, which holds no lock.
    public void taken() {
        // Who finds no room asks again, and is not to be asked twice now.
        for (int n = awaitingRoom.isEmpty() ? 0 : awaitingRoom.size(); n > 0; n--) {
            Runnable next = awaitingRoom.poll();
            if (next != null) {
                next.run();
            }
        }
    }

    /// Makes the local APIC of processor `id`. Its processor's number in its package is its id.
    public LocalApic newLocalApic(int id, ProcessorPins processor) {
        LocalApic apic = shared == null ? new LocalApic(id, bus, processor, clock, processor::endOfInterrupt, null)
                : new LocalApic(id, bus, processor, clock, shared.ioApic::endOfInterrupt, shared.pic);
        localApics.add(apic);
        return apic;
    }

    /// Takes the local APIC of a processor that goes away.
    public void remove(LocalApic apic) {
        localApics.remove(apic);
        apic.close();
    }

    /// Sends a message to one processor.
    ///
    /// @param command laid out as the interrupt command register; its destination is `apicId`
    /// @return whether it was accepted
    public boolean interrupt(int apicId, int command) {
        return bus.deliver(apicId, command);
    }

    /// A new wire to a global system interrupt, which is asserted while any of its wires is.
    public InterruptLine gsi(int gsi) {
        if (gsi < 0 || gsi >= GSIS) {
            throw new IllegalArgumentException("there is no global system interrupt " + gsi);
        }
        return lines[gsi].source();
    }

    /// Where messages go that no PCI function sends.
    public MsiSink msi() {
        return this::send;
    }

    private void send(long address, int data) {
        MessageRemapping iommu = remapping;
        if (iommu == null) {
            msi.send(address, data);
        } else {
            iommu.send(address, data);
        }
    }

    // ---- behind an IOMMU ----

    /// Has messages go through an IOMMU; before the machine runs.
    ///
    /// @param ioApic takes those of the I/O APIC
    /// @param others takes all that have no PCI function for a sender: those of timers on the board
    public void remapBy(MessageRemapping ioApic, MessageRemapping others) {
        remapping = others;
        shared().ioApic.remapBy(ioApic);
    }

    /// What messages mean has changed.
    public void remapped() {
        if (shared != null) {
            shared.ioApic.remapped();
        }
    }

    /// Sends a message past the IOMMU, as without one.
    ///
    /// @return whether anybody accepted it
    public boolean sendUnmapped(long address, int data) {
        return msi.accept(address, data);
    }

    /// What a message means without an IOMMU; null if it goes nowhere.
    public MessageRemapping.Remapped decodeUnmapped(long address, int data) {
        return msi.decode(address, data);
    }

    /// Delivers what an IOMMU has remapped; as [ForeignApics#deliver].
    public boolean deliver(int destination, int command, boolean one) {
        return msi.deliver(destination, command, one);
    }

    public GsiRouting routing() {
        return routing;
    }

    /// Replaces where global system interrupts lead. Those that are asserted arrive at their new places.
    ///
    /// @throws IllegalArgumentException if a route leads to a GSI or a chip that there is not
    public synchronized void routing(GsiRouting replacement) {
        replacement.routes().forEach(this::checkRoutes);
        routing = replacement;
        if (kernel != null) {
            kernel.routing(replacement);
            return;
        }
        for (int gsi = 0; gsi < GSIS; gsi++) {
            lines[gsi].route(replacement.of(gsi));
        }
        if (foreign != null && shared == null) {
            foreign.redirected(messages(replacement));
        }
    }

    /// Where GSIs lead to messages, which is all that they do without an I/O APIC.
    private static Map<Integer, GsiRoute.Msi> messages(GsiRouting routing) {
        Map<Integer, GsiRoute.Msi> messages = new TreeMap<>();
        routing.routes().forEach((gsi, routes) -> routes.forEach(route -> {
            if (route instanceof GsiRoute.Msi message) {
                messages.put(gsi, message);
            }
        }));
        return messages;
    }

    private void checkRoutes(int gsi, List<GsiRoute> routes) {
        if (gsi < 0 || gsi >= GSIS) {
            throw new IllegalArgumentException("there is no global system interrupt " + gsi);
        }
        if (shared == null && kernel == null && routes.stream().anyMatch(route -> !(route instanceof GsiRoute.Msi))) {
            throw new IllegalArgumentException("GSI " + gsi + ": without PIC and I/O APIC it leads to messages only");
        }
    }

    /// Leads the PIT's output to `line` instead of a wire to GSI 0: through an HPET, which can take its place. Before
    /// the machine runs.
    public void connectPit(InterruptLine line) {
        pitLine = line;
    }

    /// Asserts pin LINT1, which is for NMIs, of every processor, or lets it go.
    public void lint1(boolean level) {
        if (foreign != null) {
            foreign.lint1(level);
        }
        localApics.forEach(apic -> apic.lint(1, level));
    }

    public I8254 pit() {
        return shared().pit;
    }

    /// Power-on of the chips that processors share.
    public void reset() {
        if (kernel != null) {
            kernel.reset();
        } else if (shared != null) {
            shared.reset();
        }
    }

    /// What the shared chips hold.
    public record State(I8259Pair.State pic, I8254.State pit, IoApic.State ioApic) { }

    /// What the shared chips hold now; the machine does not run.
    public State save() {
        return kernel != null ? kernel.save() : shared().save();
    }

    public void restore(State saved) {
        if (kernel != null) {
            kernel.restore(saved);
        } else {
            shared().restore(saved);
        }
    }
}
