// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.kvm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;
import org.javisor.vmm.irq.ForeignApics;
import org.javisor.vmm.irq.ForeignChips;
import org.javisor.vmm.irq.GsiRoute;
import org.javisor.vmm.irq.GsiRouting;
import org.javisor.vmm.irq.I8254;
import org.javisor.vmm.irq.I8259Pair;
import org.javisor.vmm.irq.InterruptChips;

/// All interrupt chips of a machine in the kernel: its PIC pair, I/O APIC and PIT beside the local APICs.
///
/// KVM has no request that resets them: what they hold when they are made is what they get back.
final class KvmChips implements ForeignChips {
    private static final int INPUTS_A_PIC = 8;

    private final VmFd fd;
    private final ForeignApics apics;
    private final Clock clock;
    private final byte[][] fresh = new byte[3][];
    /// Null without a PIT.
    private final byte[] freshPit;

    /// @param apics where messages and NMIs go
    /// @param pit   whether there is one
    KvmChips(VmFd fd, ForeignApics apics, Clock clock, boolean pit) {
        this.fd = fd;
        this.apics = apics;
        this.clock = clock;
        fd.createChips();
        for (int chip = ChipLayout.MASTER; chip <= ChipLayout.IO_APIC; chip++) {
            fresh[chip] = fd.chip(chip);
        }
        if (pit) {
            fd.createPit();
        }
        freshPit = pit ? fd.pit() : null;
    }

    @Override
    public boolean deliver(int destination, int command, boolean one) {
        return apics.deliver(destination, command, one);
    }

    /// The kernel's PIC has the wire.
    @Override
    public void lint0(boolean level) { }

    @Override
    public void lint1(boolean level) {
        apics.lint1(level);
    }

    /// The kernel knows what its own chip sends.
    @Override
    public void redirected(Map<Integer, GsiRoute.Msi> messages) { }

    @Override
    public void drive(int gsi, boolean level) {
        fd.line(gsi, level);
    }

    @Override
    public void routing(GsiRouting routing) {
        List<VmFd.Route> routes = new ArrayList<>();
        routing.routes().forEach((gsi, to) -> to.forEach(route -> routes.add(switch (route) {
            case GsiRoute.Pic(int irq) -> new VmFd.Route(gsi, VmFd.ROUTE_CHIP,
                    irq < INPUTS_A_PIC ? ChipLayout.MASTER : ChipLayout.SLAVE, irq % INPUTS_A_PIC);
            case GsiRoute.Pin(int pin) -> new VmFd.Route(gsi, VmFd.ROUTE_CHIP, ChipLayout.IO_APIC, pin);
            case GsiRoute.Msi(long address, int data) -> new VmFd.Route(gsi, VmFd.ROUTE_MSI, address, data);
        })));
        fd.routing(routes);
    }

    @Override
    public void reset() {
        for (int chip = ChipLayout.MASTER; chip <= ChipLayout.IO_APIC; chip++) {
            fd.chip(chip, fresh[chip]);
        }
        if (freshPit != null) {
            fd.pit(freshPit);
        }
    }

    @Override
    public InterruptChips.State save() {
        return new InterruptChips.State(
                new I8259Pair.State(KvmPic.read(fd.chip(ChipLayout.MASTER)), KvmPic.read(fd.chip(ChipLayout.SLAVE))),
                pit(), KvmIoApic.read(fd.chip(ChipLayout.IO_APIC)));
    }

    /// Without one, what it holds at power-on.
    private I8254.State pit() {
        return freshPit == null ? new I8254(clock, InterruptLine.UNCONNECTED).save()
                : KvmPit.read(fd.pit(), clock.nanos(), System.nanoTime());
    }

    @Override
    public void restore(InterruptChips.State saved) {
        byte[] master = fd.chip(ChipLayout.MASTER);
        KvmPic.write(saved.pic().master(), master);
        fd.chip(ChipLayout.MASTER, master);
        byte[] slave = fd.chip(ChipLayout.SLAVE);
        KvmPic.write(saved.pic().slave(), slave);
        fd.chip(ChipLayout.SLAVE, slave);
        byte[] ioApic = fd.chip(ChipLayout.IO_APIC);
        KvmIoApic.write(saved.ioApic(), ioApic);
        fd.chip(ChipLayout.IO_APIC, ioApic);
        if (freshPit != null) {
            byte[] pit = fd.pit();
            KvmPit.write(saved.pit(), pit);
            fd.pit(pit);
        }
    }
}
