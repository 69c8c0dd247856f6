// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// One 8259A programmable interrupt controller, as the chipsets of PCs contain two: a pure register file, without lock
/// or wiring ([I8259Pair]).
///
/// ```
/// offset 0   write ICW1 (bit 4), OCW2 (bits 4:3 = 0), OCW3 (bits 4:3 = 1);   read IRR, ISR or poll byte
/// offset 1   write ICW2 to ICW4 while initialising, else OCW1 (mask);         read mask
/// ```
///
/// Level or edge is a matter of each input's bit in ELCR; ICW1's LTIM does nothing, as in chipsets. An edge that has
/// been seen stays requested when the input falls. The 8080 mode and the cascade buffer mode do not exist.
///
/// @datasheet Intel 8259A "Programmable Interrupt Controller"; Intel ICH9 §5.8 "8259 Interrupt Controllers"
public final class I8259 {
    private static final int ICW1 = 1 << 4, ICW1_NEEDS_ICW4 = 1, ICW1_SINGLE = 1 << 1;
    private static final int ICW4_AUTO_EOI = 1 << 1, ICW4_FULLY_NESTED = 1 << 4;
    private static final int OCW3 = 1 << 3, OCW3_POLL = 1 << 2, OCW3_READ = 1 << 1, OCW3_READ_ISR = 1,
            OCW3_SET_SPECIAL_MASK = 1 << 6, OCW3_SPECIAL_MASK = 1 << 5;
    private static final int POLL_PENDING = 0x80;

    /// What an 8259 holds.
    ///
    /// @param inputs        the levels of IR0 to IR7
    /// @param irr           requests of edge-triggered inputs
    /// @param step          0 when initialised, else the number of the initialisation word expected next
    /// @param lowest        the input that has the lowest priority
    public record State(int inputs, int irr, int isr, int imr, int elcr, int vectorBase, int lowest, int step,
            boolean single,
            boolean needsIcw4, boolean autoEoi, boolean rotateOnAutoEoi, boolean fullyNested, boolean specialMask,
            boolean readIsr, boolean poll) {
        static final State RESET = new State(0, 0, 0, 0, 0, 0, 7, 0, false, false, false, false, false, false, false,
                false);

        public State {
            if (((inputs | irr | isr | imr | elcr) & ~0xff) != 0 || (vectorBase & ~0xf8) != 0 || (lowest & ~7) != 0
                    || step != 0 && (step < 2 || step > 4)) {
                throw new IllegalArgumentException("not a state of an 8259");
            }
        }
    }

    /// Inputs that follow their source's level whatever ELCR says: the cascade.
    private final int followed;

    private int inputs;
    private int irr;
    private int isr;
    private int imr;
    private int elcr;
    private int vectorBase;
    private int lowest = 7;
    private int step;
    private boolean single;
    private boolean needsIcw4;
    private boolean autoEoi;
    private boolean rotateOnAutoEoi;
    private boolean fullyNested;
    private boolean specialMask;
    private boolean readIsr;
    private boolean poll;

    /// @param cascade a mask of the inputs that a slave is wired to
    I8259(int cascade) {
        this.followed = cascade;
    }

    // ---- inputs ----

    void input(int n, boolean level) {
        int bit = 1 << n;
        if (level && (inputs & bit) == 0 && ((elcr | followed) & bit) == 0) {
            irr |= bit;
        }
        inputs = level ? inputs | bit : inputs & ~bit;
    }

    void elcr(int value) {
        elcr = value;
        irr &= ~value;
    }

    int elcr() {
        return elcr;
    }

    private int requests() {
        return irr | inputs & (elcr | followed);
    }

    /// What an edge on input `n` would meet. While an interrupt is in service the next can be requested behind it.
    GsiLine.Reception reception(int n) {
        int bit = 1 << n;
        if (((imr | elcr) & bit) != 0) {
            return GsiLine.Reception.DEAF;
        }
        return (irr & bit) != 0 ? GsiLine.Reception.WAITING : GsiLine.Reception.READY;
    }

    // ---- priority ----

    /// The input of `set` with the highest priority, or -1.
    private int first(int set) {
        if (set == 0) {
            return -1;
        }
        int shift = lowest + 1 & 7;
        int rotated = (set >> shift | set << 8 - shift) & 0xff;
        return Integer.numberOfTrailingZeros(rotated) + shift & 7;
    }

    private int rank(int n) {
        return n < 0 ? 8 : n - lowest - 1 & 7;
    }

    /// The input that may interrupt now, or -1.
    int pending() {
        int request = first(requests() & ~imr);
        int blockers = specialMask ? isr & ~imr : isr;
        if (fullyNested) {
            // A slave that is being served may interrupt again: it knows its own priorities.
            blockers &= ~followed;
        }
        return request >= 0 && rank(request) < rank(first(blockers)) ? request : -1;
    }

    // ---- the INTA cycle ----

    /// Takes the request that [#pending] named.
    void take(int n) {
        int bit = 1 << n;
        irr &= ~bit;
        if (!autoEoi) {
            isr |= bit;
        } else if (rotateOnAutoEoi) {
            lowest = n;
        }
    }

    int vector(int n) {
        return vectorBase | n;
    }

    // ---- registers ----

    int read(int offset) {
        if (poll) {
            poll = false;
            int n = pending();
            if (n < 0) {
                return 7;
            }
            take(n);
            return POLL_PENDING | n;
        }
        return offset == 1 ? imr : readIsr ? isr : requests();
    }

    void write(int offset, int value) {
        if (offset == 1) {
            writeData(value);
        } else if ((value & ICW1) != 0) {
            initialize(value);
        } else if ((value & OCW3) != 0) {
            writeOcw3(value);
        } else {
            writeOcw2(value);
        }
    }

    private void initialize(int icw1) {
        irr = 0;
        isr = 0;
        imr = 0;
        lowest = 7;
        autoEoi = false;
        rotateOnAutoEoi = false;
        fullyNested = false;
        specialMask = false;
        readIsr = false;
        poll = false;
        single = (icw1 & ICW1_SINGLE) != 0;
        needsIcw4 = (icw1 & ICW1_NEEDS_ICW4) != 0;
        step = 2;
    }

    private void writeData(int value) {
        switch (step) {
            case 2 -> {
                vectorBase = value & 0xf8;
                step = !single ? 3 : needsIcw4 ? 4 : 0;
            }
            // ICW3 says how the pair is wired, which nobody can change.
            case 3 -> step = needsIcw4 ? 4 : 0;
            case 4 -> {
                autoEoi = (value & ICW4_AUTO_EOI) != 0;
                fullyNested = (value & ICW4_FULLY_NESTED) != 0;
                step = 0;
            }
            default -> imr = value & 0xff;
        }
    }

    private void writeOcw3(int value) {
        if ((value & OCW3_SET_SPECIAL_MASK) != 0) {
            specialMask = (value & OCW3_SPECIAL_MASK) != 0;
        }
        if ((value & OCW3_READ) != 0) {
            readIsr = (value & OCW3_READ_ISR) != 0;
        }
        poll = (value & OCW3_POLL) != 0;
    }

    /// Bits 7 to 5 are the command: rotate, specific, end of interrupt.
    private void writeOcw2(int value) {
        int n = value & 7;
        switch (value >> 5) {
            case 0 -> rotateOnAutoEoi = false;
            case 1 -> end(highestInService(), false);
            case 3 -> end(n, false);
            case 4 -> rotateOnAutoEoi = true;
            case 5 -> end(highestInService(), true);
            case 6 -> lowest = n;
            case 7 -> end(n, true);
            default -> { }
        }
    }

    /// What a non-specific end of interrupt ends. In special mask mode that is not a masked one.
    private int highestInService() {
        return first(specialMask ? isr & ~imr : isr);
    }

    private void end(int n, boolean rotate) {
        if (n < 0) {
            return;
        }
        isr &= ~(1 << n);
        if (rotate) {
            lowest = n;
        }
    }

    /// The inputs whose interrupts are being served, input 0 in bit 0.
    int inService() {
        return isr;
    }

    State save() {
        return new State(inputs, irr, isr, imr, elcr, vectorBase, lowest, step, single, needsIcw4, autoEoi,
                rotateOnAutoEoi, fullyNested, specialMask, readIsr, poll);
    }

    void restore(State saved) {
        inputs = saved.inputs;
        irr = saved.irr;
        isr = saved.isr;
        imr = saved.imr;
        elcr = saved.elcr;
        vectorBase = saved.vectorBase;
        lowest = saved.lowest;
        step = saved.step;
        single = saved.single;
        needsIcw4 = saved.needsIcw4;
        autoEoi = saved.autoEoi;
        rotateOnAutoEoi = saved.rotateOnAutoEoi;
        fullyNested = saved.fullyNested;
        specialMask = saved.specialMask;
        readIsr = saved.readIsr;
        poll = saved.poll;
    }
}
