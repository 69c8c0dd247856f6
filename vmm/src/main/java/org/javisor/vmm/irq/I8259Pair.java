// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

import java.util.function.IntConsumer;
import org.javisor.memory.BusDevice;
import org.javisor.memory.InterruptLine;
import org.javisor.memory.IoBus;

/// The two 8259s of a PC: the slave's INT is the master's IR2. Sixteen inputs, one INTR.
///
/// `lock` guards both chips. `wire` is taken outside it and held while INTR is driven, so that the wire's last level is
/// the chips' last one; the chip behind the wire may lock what is its own. A thread that holds `lock` takes no other.
public final class I8259Pair {
    static final int MASTER_PORT = 0x20, SLAVE_PORT = 0xa0, ELCR_PORT = 0x4d0;
    private static final int CASCADE = 2;
    private static final int SPURIOUS = 7;
    /// Timer, keyboard and cascade, and in the slave clock and coprocessor, are edge-triggered for ever.
    private static final int MASTER_ELCR_WRITABLE = 0xf8, SLAVE_ELCR_WRITABLE = 0xde;

    /// What both hold.
    public record State(I8259.State master, I8259.State slave) { }

    private final Object lock = new Object();
    private final Object wire = new Object();
    private final I8259 master = new I8259(1 << CASCADE);
    private final I8259 slave = new I8259(0);
    private final InterruptLine intr;
    private volatile boolean requested;
    private IntConsumer onEnd = _ -> { };
    private boolean driven;

    /// @param intr the processor's interrupt pin
    public I8259Pair(InterruptLine intr) {
        this.intr = intr;
        restore(new State(I8259.State.RESET, I8259.State.RESET));
    }

    /// Claims the ports of both chips.
    public void attach(IoBus ports) {
        ports.attach(MASTER_PORT, 2, registers(master), "master PIC");
        ports.attach(SLAVE_PORT, 2, registers(slave), "slave PIC");
        ports.attach(ELCR_PORT, 2, edgeLevelControl(), "PIC edge/level control");
    }

    /// Drives input `irq`, 0 to 15; 2 is the cascade's own and goes nowhere.
    public void input(int irq, boolean level) {
        if (irq == CASCADE) {
            return;
        }
        synchronized (lock) {
            (irq < 8 ? master : slave).input(irq & 7, level);
            settle();
        }
        drive();
    }

    /// What an edge on input `irq` would meet.
    GsiLine.Reception reception(int irq) {
        synchronized (lock) {
            return (irq < 8 ? master : slave).reception(irq & 7);
        }
    }

    /// Whether INTR is asserted.
    boolean interruptRequested() {
        return requested;
    }

    /// The processor's INTA cycle: takes the most important request and gives its vector. If there is none any more it
    /// gives the vector of input 7, as the chip does ("spurious"), with nothing in service. The slave gives no spurious
    /// vector: its request and the cascade come and go in one step.
    int acknowledge() {
        int vector;
        synchronized (lock) {
            int n = master.pending();
            if (n < 0) {
                vector = master.vector(SPURIOUS);
            } else {
                master.take(n);
                vector = n == CASCADE ? acknowledgeSlave() : master.vector(n);
            }
            settle();
        }
        drive();
        return vector;
    }

    private int acknowledgeSlave() {
        int n = slave.pending();
        slave.take(n);
        return slave.vector(n);
    }

    /// Derives what the slave tells the master, and INTR.
    private void settle() {
        master.input(CASCADE, slave.pending() >= 0);
        requested = master.pending() >= 0;
    }

    private void drive() {
        synchronized (wire) {
            boolean level = requested;
            if (level != driven) {
                driven = level;
                intr.set(level);
            }
        }
    }

    private BusDevice registers(I8259 chip) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                int value;
                synchronized (lock) {
                    value = chip.read((int) offset);
                    settle();
                }
                drive();
                return value;
            }

            @Override
            public void write(long offset, int size, long value) {
                int ended;
                synchronized (lock) {
                    int served = inService();
                    for (int i = 0; i < size; i++) {
                        chip.write((int) offset + i, (int) (value >>> 8 * i) & 0xff);
                    }
                    ended = served & ~inService();
                    settle();
                }
                if (ended != 0) {
                    onEnd.accept(ended);
                }
                drive();
            }
        };
    }

    private int inService() {
        return master.inService() | slave.inService() << 8;
    }

    /// Has `listener` told of the interrupts that the guest ends, input 0 in bit 0, before INTR is driven again.
    /// Without a lock, on the thread of the guest's access. Before the machine runs.
    void onEnd(IntConsumer listener) {
        onEnd = listener;
    }

    private BusDevice edgeLevelControl() {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                synchronized (lock) {
                    return (master.elcr() | slave.elcr() << 8) >> 8 * offset;
                }
            }

            @Override
            public void write(long offset, int size, long value) {
                synchronized (lock) {
                    for (int i = 0; i < size; i++) {
                        writeElcr((int) offset + i, (int) (value >>> 8 * i) & 0xff);
                    }
                    settle();
                }
                drive();
            }
        };
    }

    private void writeElcr(int chip, int value) {
        if (chip == 0) {
            master.elcr(value & MASTER_ELCR_WRITABLE);
        } else {
            slave.elcr(value & SLAVE_ELCR_WRITABLE);
        }
    }

    /// Power-on: nothing requested, served or masked; the inputs are as their sources drive them.
    public void reset() {
        synchronized (lock) {
            master.restore(cleared(master.save()));
            slave.restore(cleared(slave.save()));
            settle();
        }
        drive();
    }

    private static I8259.State cleared(I8259.State now) {
        I8259.State r = I8259.State.RESET;
        return new I8259.State(now.inputs(), 0, 0, 0, 0, 0, r.lowest(), 0, false, false, false, false, false, false,
                false, false);
    }

    public State save() {
        synchronized (lock) {
            return new State(master.save(), slave.save());
        }
    }

    public void restore(State saved) {
        synchronized (lock) {
            master.restore(saved.master);
            slave.restore(saved.slave);
            settle();
        }
        drive();
    }
}
