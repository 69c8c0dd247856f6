// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices;

import org.javisor.memory.Chip;
import org.javisor.memory.Clock;
import org.javisor.memory.InterruptLine;

/// A 16550A UART on a PC: its INTR output reaches the interrupt controller only while OUT2 is on.
///
/// The transmitter takes no time: a byte written to THR leaves through the [ByteSink] at once, so the
/// transmitter is always empty. The receiver is fed by [#receive] from a queue on the host's side, as fast as
/// the guest takes bytes; like a sender that obeys flow control it never overruns the receiver.
///
/// @datasheet PC16550D "Registers"
public final class Uart16550 implements EightBitDevice, Chip<Uart16550.State> {
    /// How many ports it claims.
    public static final int PORTS = 8;

    // Offsets 0 and 1 address the divisor latch while LCR.DLAB is set.
    static final int RBR_THR = 0, IER = 1, IIR_FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7;

    static final int IER_RECEIVED = 1, IER_TRANSMIT = 2, IER_LINE = 4, IER_MODEM = 8;
    static final int IIR_MODEM = 0, IIR_NONE = 1, IIR_TRANSMIT = 2, IIR_RECEIVED = 4, IIR_LINE = 6,
            IIR_TIMEOUT = 12, IIR_FIFOS = 0xc0;
    static final int FCR_ENABLE = 1, FCR_CLEAR_RECEIVER = 2;
    static final int LCR_BREAK = 0x40, LCR_DLAB = 0x80;
    static final int MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16;
    static final int LSR_DATA_READY = 1, LSR_OVERRUN = 2, LSR_PARITY = 4, LSR_FRAMING = 8, LSR_BREAK = 16,
            LSR_THR_EMPTY = 32, LSR_TRANSMITTER_EMPTY = 64, LSR_FIFO_ERROR = 128;
    static final int MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80;
    private static final int LSR_ERRORS = LSR_OVERRUN | LSR_PARITY | LSR_FRAMING | LSR_BREAK;

    private static final int BASE_BAUD = 115_200;
    private static final int TIMEOUT_CHARACTERS = 4;
    private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};

    /// Everything the chip remembers.
    ///
    /// @param fcr       the bits of FCR that last: FIFO enable, DMA mode and trigger level
    /// @param lsr       overrun, and the errors of the byte on top that have not been read yet
    /// @param divisor   the divisor latch
    /// @param timeoutAt when the receiver will have waited for long enough, by the clock; [#NEVER] if nothing waits
    /// @param received  the receiver's bytes, oldest first, each with its LSR error bits in bits 15:8
    /// @param queued    bytes from the host that have not reached the receiver
    public record State(int ier, int fcr, int lcr, int mcr, int lsr, int msr, int scr, int divisor,
            boolean thrInterrupt, boolean timeout, long timeoutAt, int[] received, byte[] queued) {
        /// No point of time.
        public static final long NEVER = Long.MAX_VALUE;

        public State {
            if ((ier & ~0xf) != 0 || (fcr & ~0xc9) != 0 || (lcr & ~0xff) != 0 || (mcr & ~0x1f) != 0
                    || (lsr & ~LSR_ERRORS) != 0 || (msr & ~0xff) != 0 || (scr & ~0xff) != 0
                    || (divisor & ~0xffff) != 0) {
                throw new IllegalArgumentException("UART state with bits that no register has");
            }
            if (received.length > ReceiveFifo.DEPTH || queued.length > ReceiveQueue.CAPACITY) {
                throw new IllegalArgumentException("UART state with more bytes than fit");
            }
            received = received.clone();
            queued = queued.clone();
        }
    }

    private final Object lock = new Object();
    private final Pin irq;
    private final ByteSink transmit;
    private final Clock clock;
    private final Clock.Timer timeoutTimer;
    private final ReceiveFifo fifo = new ReceiveFifo();
    private final ReceiveQueue queue = new ReceiveQueue();

    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int lsr;
    private int msr;
    private int scr;
    private int divisor;
    private boolean thrInterrupt;
    private boolean timeout;
    private long timeoutAt = State.NEVER;
    private int modemInputs = MSR_DCD | MSR_DSR | MSR_CTS;

    /// @param irq      INTR behind OUT2's gate; by tradition IRQ 4 for COM1 and COM3, IRQ 3 for COM2 and COM4
    /// @param transmit gets the bytes that the guest sends
    public Uart16550(InterruptLine irq, ByteSink transmit, Clock clock) {
        this.irq = new Pin(irq);
        this.transmit = transmit;
        this.clock = clock;
        this.timeoutTimer = clock.timer(this::characterTimeout);
        toResetState();
    }

    // ---- the host's side ----

    /// Queues bytes for the guest.
    ///
    /// @return how many there was room for; the caller keeps the rest and tries again, see [#awaitRoom]
    public int receive(byte[] bytes, int from, int count) {
        int taken;
        synchronized (lock) {
            taken = queue.add(bytes, from, count);
            fillReceiver();
            update();
        }
        irq.drive();
        return taken;
    }

    /// Blocks until [#receive] would take at least one byte.
    public void awaitRoom() throws InterruptedException {
        synchronized (lock) {
            while (queue.room() == 0) {
                lock.wait();
            }
        }
    }

    /// Receives a break: a zero byte with the break and framing bits, behind the bytes already in the
    /// receiver.
    public void receiveBreak() {
        synchronized (lock) {
            arrive(0, LSR_BREAK | LSR_FRAMING);
            update();
        }
        irq.drive();
    }

    /// Changes the modem's outputs (all but RI are on at first: a cable with a terminal at its end).
    public void modem(boolean cts, boolean dsr, boolean ri, boolean dcd) {
        synchronized (lock) {
            modemInputs = (cts ? MSR_CTS : 0) | (dsr ? MSR_DSR : 0) | (ri ? MSR_RI : 0) | (dcd ? MSR_DCD : 0);
            updateModemStatus();
            update();
        }
        irq.drive();
    }

    // ---- the guest's side ----

    @Override
    public int readByte(int offset) {
        int value;
        synchronized (lock) {
            value = readRegister(offset);
            update();
        }
        irq.drive();
        return value;
    }

    @Override
    public void writeByte(int offset, int value) {
        boolean sent;
        synchronized (lock) {
            sent = writeRegister(offset, value);
            update();
        }
        irq.drive();
        if (sent) {
            transmit.accept(value);
        }
    }

    private int readRegister(int offset) {
        return switch (offset) {
            case RBR_THR -> dlab() ? divisor & 0xff : takeReceived();
            case IER -> dlab() ? divisor >>> 8 : ier;
            case IIR_FCR -> takeInterruptId();
            case LCR -> lcr;
            case MCR -> mcr;
            case LSR -> takeLineStatus();
            case MSR -> takeModemStatus();
            case SCR -> scr;
            default -> 0xff;
        };
    }

    /// @return whether `b` is to leave through the transmitter
    private boolean writeRegister(int offset, int b) {
        switch (offset) {
            case RBR_THR -> {
                if (!dlab()) {
                    return writeThr(b);
                }
                divisor = divisor & 0xff00 | b;
            }
            case IER -> writeIer(b);
            case IIR_FCR -> writeFcr(b);
            case LCR -> lcr = b;
            case MCR -> writeMcr(b);
            case SCR -> scr = b;
            default -> { }  // LSR and MSR are only written in factory tests
        }
        return false;
    }

    private boolean dlab() {
        return (lcr & LCR_DLAB) != 0;
    }

    private boolean loop() {
        return (mcr & MCR_LOOP) != 0;
    }

    private boolean fifos() {
        return (fcr & FCR_ENABLE) != 0;
    }

    // ---- transmitter ----

    private boolean writeThr(int b) {
        // A write takes the interrupt back; with the byte gone in no time it comes again, with an edge of its
        // own.
        thrInterrupt = false;
        update();
        thrInterrupt = true;
        if (loop()) {
            arrive(b, 0);
        }
        return !loop() && (lcr & LCR_BREAK) == 0;
    }

    private void writeIer(int b) {
        if (dlab()) {
            divisor = divisor & 0xff | b << 8;
            return;
        }
        if ((b & ~ier & IER_TRANSMIT) != 0) {
            thrInterrupt = true;
        }
        ier = b & 0xf;
        restartTimeout();
    }

    private void writeFcr(int b) {
        if (((b ^ fcr) & FCR_ENABLE) != 0 || (b & (FCR_ENABLE | FCR_CLEAR_RECEIVER)) == 3) {
            fifo.clear();
            lsr &= LSR_OVERRUN;
            stopTimeout();
        }
        // The other bits are only written together with FIFO enable.
        fcr = (b & FCR_ENABLE) != 0 ? b & 0xc9 : 0;
        fillReceiver();
    }

    // ---- receiver ----

    /// A byte at the serial input.
    private void arrive(int b, int errors) {
        if (fifo.count() < depth()) {
            fifo.add(b | errors << 8);
            if (fifo.count() == 1) {
                lsr |= errors;
            }
        } else {
            lsr |= LSR_OVERRUN;
            if (!fifos()) {
                fifo.replaceNewest(b | errors << 8);
            }
        }
        restartTimeout();
    }

    private int depth() {
        return fifos() ? ReceiveFifo.DEPTH : 1;
    }

    private void fillReceiver() {
        if (loop() || queue.isEmpty() || fifo.count() >= depth()) {
            return;
        }
        while (!queue.isEmpty() && fifo.count() < depth()) {
            arrive(queue.take(), 0);
        }
        lock.notifyAll();
    }

    private int takeReceived() {
        int b = fifo.take() & 0xff;
        lsr = lsr & LSR_OVERRUN | fifo.peek() >>> 8;
        timeout = false;
        restartTimeout();
        fillReceiver();
        return b;
    }

    private int takeLineStatus() {
        int status = lsr | (fifo.isEmpty() ? 0 : LSR_DATA_READY) | LSR_THR_EMPTY | LSR_TRANSMITTER_EMPTY
                | (fifos() && fifo.holdsError() ? LSR_FIFO_ERROR : 0);
        lsr = 0;
        return status;
    }

    private void restartTimeout() {
        expectTimeout(fifos() && !fifo.isEmpty() && !timeout && (ier & IER_RECEIVED) != 0
                ? clock.nanos() + TIMEOUT_CHARACTERS * characterNanos() : State.NEVER);
    }

    private void expectTimeout(long nanos) {
        timeoutAt = nanos;
        if (nanos == State.NEVER) {
            timeoutTimer.cancel();
        } else {
            timeoutTimer.arm(nanos);
        }
    }

    private void stopTimeout() {
        timeout = false;
        expectTimeout(State.NEVER);
    }

    private void characterTimeout() {
        synchronized (lock) {
            if (clock.nanos() < timeoutAt) {
                return;     // it was put off meanwhile
            }
            timeoutAt = State.NEVER;
            timeout = fifos() && !fifo.isEmpty();
            update();
        }
        irq.drive();
    }

    private long characterNanos() {
        int bits = 1 + 5 + (lcr & 3) + ((lcr & 8) != 0 ? 1 : 0) + ((lcr & 4) != 0 ? 2 : 1);
        return 1_000_000_000L * bits * Math.max(divisor, 1) / BASE_BAUD;
    }

    // ---- modem ----

    private void writeMcr(int b) {
        mcr = b & 0x1f;
        updateModemStatus();
        fillReceiver();
    }

    /// The four inputs; in loopback they are the four outputs.
    private int modemStatus() {
        if (!loop()) {
            return modemInputs;
        }
        return ((mcr & MCR_RTS) != 0 ? MSR_CTS : 0) | ((mcr & MCR_DTR) != 0 ? MSR_DSR : 0)
                | ((mcr & MCR_OUT1) != 0 ? MSR_RI : 0) | ((mcr & MCR_OUT2) != 0 ? MSR_DCD : 0);
    }

    private void updateModemStatus() {
        int now = modemStatus();
        int changed = (now ^ msr) & 0xf0;
        if ((now & MSR_RI) != 0) {
            changed &= ~MSR_RI;     // TERI tells of the end of a ring only
        }
        msr = now | msr & 0xf | changed >>> 4;
    }

    private int takeModemStatus() {
        int status = msr;
        msr &= 0xf0;
        return status;
    }

    // ---- interrupts ----

    /// The pending interrupt of the highest priority ("Interrupt Control Functions").
    private int interruptId() {
        if ((ier & IER_LINE) != 0 && lsr != 0) {
            return IIR_LINE;
        }
        if ((ier & IER_RECEIVED) != 0 && !fifo.isEmpty()) {
            if (!fifos() || fifo.count() >= TRIGGER_LEVELS[fcr >>> 6]) {
                return IIR_RECEIVED;
            }
            if (timeout) {
                return IIR_TIMEOUT;
            }
        }
        if ((ier & IER_TRANSMIT) != 0 && thrInterrupt) {
            return IIR_TRANSMIT;
        }
        return (ier & IER_MODEM) != 0 && (msr & 0xf) != 0 ? IIR_MODEM : IIR_NONE;
    }

    /// Reading IIR acknowledges a transmit interrupt, and no other.
    private int takeInterruptId() {
        int id = interruptId();
        if (id == IIR_TRANSMIT) {
            thrInterrupt = false;
        }
        return id | (fifos() ? IIR_FIFOS : 0);
    }

    private void update() {
        // In loopback the chip's OUT2 pin is off, whatever MCR says.
        boolean gate = (mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
        irq.set(gate && interruptId() != IIR_NONE);
    }

    // ---- life ----

    private void toResetState() {
        ier = 0;
        fcr = 0;
        lcr = 0;
        mcr = 0;
        lsr = 0;
        msr = modemInputs;
        scr = 0;
        divisor = 0;
        thrInterrupt = true;
        fifo.clear();
        stopTimeout();
    }

    /// Bytes that the host has queued stay queued.
    @Override
    public void reset() {
        synchronized (lock) {
            toResetState();
            update();
        }
        irq.drive();
    }

    @Override
    public State save() {
        synchronized (lock) {
            return new State(ier, fcr, lcr, mcr, lsr, msr, scr, divisor, thrInterrupt, timeout,
                    timeoutAt, fifo.toArray(), queue.toArray());
        }
    }

    @Override
    public void load(State state) {
        synchronized (lock) {
            ier = state.ier;
            fcr = state.fcr;
            lcr = state.lcr;
            mcr = state.mcr;
            lsr = state.lsr;
            msr = state.msr;
            scr = state.scr;
            divisor = state.divisor;
            thrInterrupt = state.thrInterrupt;
            timeout = state.timeout;
            fifo.load(state.received);
            queue.load(state.queued);
            expectTimeout(state.timeoutAt);
            update();
        }
        irq.drive();
    }
}
