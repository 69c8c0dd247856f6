// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ahci;

import static org.javisor.devices.ahci.AhciLayout.CAP_64_BIT;
import static org.javisor.devices.ahci.AhciLayout.CAP_AHCI_ONLY;
import static org.javisor.devices.ahci.AhciLayout.CAP_CLO;
import static org.javisor.devices.ahci.AhciLayout.CAP_NCQ;
import static org.javisor.devices.ahci.AhciLayout.CAP_SLOTS_SHIFT;
import static org.javisor.devices.ahci.AhciLayout.CAP_SPEED_SHIFT;
import static org.javisor.devices.ahci.AhciLayout.GHC_AHCI;
import static org.javisor.devices.ahci.AhciLayout.GHC_INTERRUPTS;
import static org.javisor.devices.ahci.AhciLayout.GHC_RESET;
import static org.javisor.devices.ahci.AhciLayout.PORTS_START;
import static org.javisor.devices.ahci.AhciLayout.PORT_BYTES;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import org.javisor.devices.Pin;
import org.javisor.devices.ata.AtaDevice;
import org.javisor.devices.pci.ConfigSpace;
import org.javisor.devices.pci.Msi;
import org.javisor.devices.pci.PciFunction;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.DmaSpace;
import org.javisor.memory.GuestMemory;

/// The SATA controller of an ICH9 in AHCI mode, with six ports. As a [BusDevice] it is its memory BAR.
///
/// @ahci 1.3.1 §3.1 "Generic Host Control"
/// @datasheet Intel ICH9 "SATA Controller Registers (D31:F2)"
public final class AhciController implements BusDevice, Chip<AhciController.State> {
    public static final int PORTS = 6;
    /// Where it is on a chipset of this family: device 31, function 2.
    public static final int DEVICE = 31, FUNCTION = 2;
    public static final int BYTES = AhciLayout.BYTES;

    private static final int ALL_PORTS = (1 << PORTS) - 1;
    private static final int MEMORY_BAR = 5;
    /// Configuration registers: mode of the ports, and which of them are on and have a drive.
    private static final int MAP = 0x90, PCS = 0x92, MAP_AHCI = 0x40;
    private static final int CAPABILITIES = CAP_64_BIT | CAP_NCQ | CAP_CLO | CAP_AHCI_ONLY | 2 << CAP_SPEED_SHIFT
            | AhciLayout.SLOTS - 1 << CAP_SLOTS_SHIFT | PORTS - 1;

    /// Everything that function, controller, ports and drives remember.
    public record State(PciFunction.State function, boolean interrupts, int is, List<Record> ports) {
        public State {
            if ((is & ~ALL_PORTS) != 0 || ports.size() != PORTS
                    || !ports.stream().allMatch(AhciPort.State.class::isInstance)) {
                throw new IllegalArgumentException("an AHCI controller with " + ports.size() + " ports");
            }
            ports = List.copyOf(ports);
        }
    }

    private final Object lock = new Object();
    private final PciFunction function;
    private final Msi msi;
    private final Pin intx;
    private final List<AhciPort> ports = new ArrayList<>();
    private boolean interrupts;
    private int is;

    /// What serves a port's commands.
    @FunctionalInterface
    public interface Workers extends IntFunction<Executor> { }

    /// @param drives  one for each port, null for none; what is missing at the end has none
    /// @param memory  the guest's
    /// @param clock   by which it is seen how long the end of a command has not been told
    /// @param workers gives the executor for a port that has a drive; one thread each is enough, and tests may serve
    ///     commands in place
    public AhciController(List<AtaDevice> drives, GuestMemory memory, Clock clock, Workers workers) {
        function = new PciFunction(new PciFunction.Identity(0x8086, 0x2922, 2, 0x010601, 0x1af4, 0x1100));
        intx = new Pin(function::intx);
        msi = new Msi(function, 1);
        Wiring wiring = new Wiring();
        DmaSpace dma = function.dma(memory);
        int present = 0;
        for (int n = 0; n < PORTS; n++) {
            AtaDevice drive = n < drives.size() ? drives.get(n) : null;
            present |= drive != null ? 1 << n : 0;
            ports.add(new AhciPort(drive, dma, clock, wiring, drive == null ? Runnable::run : workers.apply(n)));
        }
        function.addMemoryBar(MEMORY_BAR, BYTES, this, "AHCI");
        function.useIntx(1);
        function.belongsTo(this);
        ConfigSpace config = function.config();
        config.set(MAP, 1, MAP_AHCI);
        config.set(PCS, 2, present << 8 | ALL_PORTS);
        config.allow(PCS, 2, ALL_PORTS);
        function.onWrite(ConfigSpace.COMMAND, 2, () -> ports.forEach(AhciPort::wake));
        msi.onSwitch(() -> signal(false));
    }

    /// The function, to be put on a bus.
    public PciFunction function() {
        return function;
    }

    private final class Wiring implements AhciPort.Controller {
        @Override
        public Object lock() {
            return lock;
        }

        @Override
        public boolean mayReachMemory() {
            return function.busMaster();
        }

        @Override
        public void changed() {
            signal(false);
        }
    }

    // ---- interrupts ----

    /// Brings the interrupt status in line with the ports, and the pin with it. A message is sent for every port that
    /// was quiet, and, if `again`, when the driver has left anything.
    private void signal(boolean again) {
        boolean messages = msi.enabled();
        boolean send;
        synchronized (lock) {
            int before = is;
            for (int n = 0; n < PORTS; n++) {
                is |= ports.get(n).interrupting() ? 1 << n : 0;
            }
            boolean active = interrupts && is != 0;
            send = active && messages && (again || (is & ~before) != 0);
            intx.set(active && !messages);
        }
        intx.drive();
        if (send) {
            msi.trigger(0);
        }
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        synchronized (lock) {
            int start = (int) offset & ~3;
            int shift = 8 * ((int) offset & 3);
            long value = (readRegister(start) & 0xffff_ffffL) >>> shift;
            if (shift + 8 * size > 32) {
                value |= (readRegister(start + 4) & 0xffff_ffffL) << 32 - shift;
            }
            if (shift + 8 * size > 64) {
                value |= (readRegister(start + 8) & 0xffff_ffffL) << 64 - shift;
            }
            return value;
        }
    }

    private int readRegister(int offset) {
        if (offset >= PORTS_START) {
            int port = (offset - PORTS_START) / PORT_BYTES;
            return port < PORTS ? ports.get(port).read(offset & PORT_BYTES - 1) : 0;
        }
        return switch (offset) {
            case AhciLayout.CAP -> CAPABILITIES;
            case AhciLayout.GHC -> GHC_AHCI | (interrupts ? GHC_INTERRUPTS : 0);
            case AhciLayout.IS -> is;
            case AhciLayout.PI -> ALL_PORTS;
            case AhciLayout.VS -> AhciLayout.VERSION;
            default -> 0;
        };
    }

    /// An access is cut at the borders of registers; what it does not cover of one stays as it is.
    @Override
    public void write(long offset, int size, long value) {
        for (int done = 0; done < size; ) {
            int at = (int) offset + done;
            int shift = 8 * (at & 3);
            int bytes = Math.min(size - done, 4 - (at & 3));
            int mask = (bytes == 4 ? -1 : (1 << 8 * bytes) - 1) << shift;
            writeRegister(at & ~3, (int) (value >>> 8 * done) << shift & mask, mask);
            done += bytes;
        }
    }

    private void writeRegister(int offset, int value, int mask) {
        if (offset >= PORTS_START) {
            int port = (offset - PORTS_START) / PORT_BYTES;
            if (port < PORTS) {
                ports.get(port).write(offset & PORT_BYTES - 1, value, mask);
            }
        } else if (offset == AhciLayout.IS) {
            synchronized (lock) {
                is &= ~value;
            }
            signal(true);
        } else if (offset == AhciLayout.GHC) {
            writeControl(value, mask);
        }
    }

    private void writeControl(int value, int mask) {
        if ((value & GHC_RESET) != 0) {
            resetByHost();
            return;
        }
        if ((mask & GHC_INTERRUPTS) != 0) {
            synchronized (lock) {
                interrupts = (value & GHC_INTERRUPTS) != 0;
            }
            signal(true);
        }
    }

    private void resetByHost() {
        ports.forEach(AhciPort::resetByHost);
        quiet();
    }

    private void quiet() {
        synchronized (lock) {
            interrupts = false;
            is = 0;
            intx.set(false);
        }
        intx.drive();
    }

    // ---- life ----

    @Override
    public void reset() {
        ports.forEach(AhciPort::reset);
        quiet();
        function.reset();
    }

    @Override
    public State save() {
        List<Record> saved = new ArrayList<>();
        ports.forEach(port -> saved.add(port.save()));
        PciFunction.State inner = function.save();
        synchronized (lock) {
            return new State(inner, interrupts, is, saved);
        }
    }

    @Override
    public void load(State state) {
        for (int n = 0; n < PORTS; n++) {
            ports.get(n).check((AhciPort.State) state.ports.get(n));
        }
        function.load(state.function);
        for (int n = 0; n < PORTS; n++) {
            ports.get(n).load((AhciPort.State) state.ports.get(n));
        }
        synchronized (lock) {
            interrupts = state.interrupts;
            is = state.is;
        }
        signal(false);
    }
}
