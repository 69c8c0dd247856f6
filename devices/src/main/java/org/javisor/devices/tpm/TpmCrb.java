// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.tpm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.javisor.devices.RegisterMap;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;

/// The command response buffer of a TPM 2.0: one page of registers with the buffer in it, locality 0.
///
/// The guest fills the buffer and sets START; the [TpmBackend] is asked on an executor's thread, and when its response
/// is in the buffer START is clear. A backend that fails has the guest read the response code for failure, and the
/// status bit for it stays set until the next reset.
///
/// What the TPM itself knows is the backend's.
///
/// @tcg PC Client Platform TPM Profile for TPM 2.0 "Command Response Buffer Interface"
public final class TpmCrb implements BusDevice, Chip<TpmCrb.State> {
    public static final int BYTES = 0x1000;
    /// Where the control area is, as ACPI tells.
    public static final int CONTROL_AREA = 0x40;

    static final int LOC_STATE = 0, LOC_CTRL = 8, LOC_STS = 0xc, INTF_ID = 0x30, CTRL_REQ = 0x40, CTRL_STS = 0x44,
            CTRL_CANCEL = 0x48, CTRL_START = 0x4c, CTRL_CMD_SIZE = 0x58, CTRL_CMD_LADDR = 0x5c, CTRL_RSP_SIZE = 0x64,
            CTRL_RSP_ADDR = 0x68, BUFFER = 0x80, BUFFER_BYTES = BYTES - BUFFER;
    static final int STATE_NOT_ESTABLISHED = 1, STATE_ASSIGNED = 2, STATE_VALID = 0x80;
    static final int CTRL_REQUEST_ACCESS = 1, CTRL_RELINQUISH = 2, STS_GRANTED = 1;
    static final int REQ_COMMAND_READY = 1, REQ_GO_IDLE = 2, STS_FAILED = 1, STS_IDLE = 2;

    /// A CRB that is active, of version 1, for transfers of 64 bytes, and of no other kind; then vendor and device.
    private static final long INTERFACE = 1 | 1 << 4 | 3 << 11 | 1 << 14 | 1 << 17 | 1L << 19, VENDOR = 0x1014L << 32,
            DEVICE = 1L << 48;
    private static final int TAG_NO_SESSIONS = 0x8001, RC_FAILURE = 0x101, RC_COMMAND_SIZE = 0x142;
    private static final int HEADER_BYTES = 10, LENGTH_AT = 2;

    /// What the registers hold while no command is being carried out.
    ///
    /// @param assigned whether the guest has the locality
    /// @param failed   whether the backend has failed since power-on
    /// @param established the flag, as the backend last told it
    public record State(boolean assigned, boolean idle, boolean failed, boolean cancelled, boolean established,
            byte[] buffer) {
        public State {
            if (buffer.length != BUFFER_BYTES) {
                throw new IllegalArgumentException("a TPM's buffer of " + buffer.length + " bytes");
            }
            buffer = buffer.clone();
        }
    }

    private final Object lock = new Object();
    /// Held while the backend is at work, so that who has it finds no command under way.
    private final Object working = new Object();
    private final TpmBackend backend;
    private final long address;
    private final Executor executor;
    private final Consumer<String> reports;
    private final RegisterMap registers = new RegisterMap(BUFFER);
    private final byte[] buffer = new byte[BUFFER_BYTES];

    private boolean assigned;
    private boolean idle = true;
    private boolean started;
    private boolean cancelled;
    private boolean failed;
    private boolean established;
    /// Counts resets: what was begun before one does not end after it.
    private int life;
    /// The life for which the backend has been switched on.
    private int powered = -1;

    /// @param address  where it is, as the registers tell
    /// @param executor runs what takes time, on two threads at least
    /// @param reports  told in a line when the backend fails
    public TpmCrb(TpmBackend backend, long address, Executor executor, Consumer<String> reports) {
        this.backend = backend;
        this.address = address;
        this.executor = executor;
        this.reports = reports;
        registers.define(LOC_STATE, 4, this::localityState);
        registers.define(LOC_CTRL, 4, () -> 0, (value, _) -> locality((int) value));
        registers.define(LOC_STS, 4, () -> assigned ? STS_GRANTED : 0);
        registers.define(INTF_ID, 8, () -> INTERFACE | VENDOR | DEVICE);
        registers.define(CTRL_REQ, 4, () -> 0, (value, _) -> request((int) value));
        registers.define(CTRL_STS, 4, () -> (failed ? STS_FAILED : 0) | (idle ? STS_IDLE : 0));
        registers.define(CTRL_CANCEL, 4, () -> cancelled ? 1 : 0, (value, _) -> cancelled = (value & 1) != 0);
        registers.define(CTRL_START, 4, () -> started ? 1 : 0);
        registers.define(CTRL_CMD_SIZE, 4, () -> BUFFER_BYTES);
        registers.define(CTRL_CMD_LADDR, 4, () -> address + BUFFER);
        registers.define(CTRL_CMD_LADDR + 4, 4, () -> address + BUFFER >>> 32);
        registers.define(CTRL_RSP_SIZE, 4, () -> BUFFER_BYTES);
        registers.define(CTRL_RSP_ADDR, 8, () -> address + BUFFER);
        submit(this::powerOn);
    }

    private void submit(Runnable work) {
        try {
            executor.execute(work);
        } catch (RejectedExecutionException _) {
            // The machine is being taken down; nobody waits for an answer any more.
            return;
        }
    }

    // ---- registers ----

    private long localityState() {
        return STATE_VALID | (established ? 0 : STATE_NOT_ESTABLISHED) | (assigned ? STATE_ASSIGNED : 0);
    }

    private void locality(int value) {
        if ((value & CTRL_REQUEST_ACCESS) != 0) {
            assigned = true;
        } else if ((value & CTRL_RELINQUISH) != 0) {
            assigned = false;
        }
    }

    private void request(int value) {
        if (!assigned || started) {
            return;
        }
        if ((value & REQ_COMMAND_READY) != 0) {
            idle = false;
        } else if ((value & REQ_GO_IDLE) != 0) {
            idle = true;
        }
    }

    @Override
    public long read(long offset, int size) {
        synchronized (lock) {
            if (offset + size <= BUFFER) {
                return registers.read(offset, size);
            }
            long value = 0;
            for (int n = 0; n < size; n++) {
                int at = (int) offset + n;
                value |= (at < BUFFER ? registers.read(at, 1) : buffer[at - BUFFER] & 0xff) << 8 * n;
            }
            return value;
        }
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == CTRL_START) {
            if ((value & 1) != 0) {
                start();
            }
            return;
        }
        boolean cancels;
        synchronized (lock) {
            boolean before = cancelled;
            if (offset + size <= BUFFER) {
                registers.write(offset, size, value);
            } else if (offset >= BUFFER && assigned && !started) {
                for (int n = 0; n < size; n++) {
                    buffer[(int) offset - BUFFER + n] = (byte) (value >>> 8 * n);
                }
            }
            cancels = started && cancelled && !before;
        }
        if (cancels) {
            submit(this::cancel);
        }
    }

    // ---- commands ----

    private void start() {
        byte[] command;
        int now;
        synchronized (lock) {
            if (!assigned || idle || started) {
                return;
            }
            int length = ByteBuffer.wrap(buffer).getInt(LENGTH_AT);
            if (failed || length < HEADER_BYTES || length > BUFFER_BYTES) {
                respond(error(failed ? RC_FAILURE : RC_COMMAND_SIZE));
                return;
            }
            command = Arrays.copyOf(buffer, length);
            started = true;
            now = life;
        }
        submit(() -> execute(command, now));
    }

    private void execute(byte[] command, int begun) {
        synchronized (working) {
            synchronized (lock) {
                if (begun != life) {
                    return;
                }
            }
            ensurePower();
            byte[] response;
            try {
                response = backend.execute(command);
            } catch (IOException e) {
                response = error(RC_FAILURE);
                fail(e, begun);
            }
            synchronized (lock) {
                if (begun == life) {
                    respond(response);
                    started = false;
                }
            }
        }
    }

    private void respond(byte[] response) {
        System.arraycopy(response, 0, buffer, 0, Math.min(response.length, BUFFER_BYTES));
    }

    private static byte[] error(int code) {
        return ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.BIG_ENDIAN).putShort((short) TAG_NO_SESSIONS)
                .putInt(HEADER_BYTES).putInt(code).array();
    }

    private void fail(IOException why, int begun) {
        synchronized (lock) {
            if (failed || begun != life) {
                return;
            }
            failed = true;
        }
        reports.accept("the TPM failed: " + why.getMessage());
    }

    private void cancel() {
        try {
            backend.cancel();
        } catch (IOException _) {
            // The command that was to be cancelled will not end well either, and says so.
            return;
        }
    }

    // ---- life ----

    private void powerOn() {
        synchronized (working) {
            ensurePower();
        }
    }

    /// Switches the TPM on if that has not been done since the last reset. With [#working] held.
    private void ensurePower() {
        int now;
        synchronized (lock) {
            if (powered == life) {
                return;
            }
            now = life;
            powered = now;
        }
        try {
            backend.powerOn(BUFFER_BYTES);
            boolean flag = backend.established();
            synchronized (lock) {
                established = flag;
            }
        } catch (IOException e) {
            fail(e, now);
        }
    }

    /// The TPM's own reset takes place when what it is at has ended.
    @Override
    public void reset() {
        boolean busy;
        synchronized (lock) {
            busy = started;
            life++;
            toPowerOn();
        }
        if (busy) {
            submit(this::cancel);
        }
        submit(this::powerOn);
    }

    private void toPowerOn() {
        assigned = false;
        idle = true;
        started = false;
        cancelled = false;
        failed = false;
        established = false;
        Arrays.fill(buffer, (byte) 0);
    }

    /// Waits for the command that is being carried out.
    @Override
    public State save() {
        synchronized (working) {
            synchronized (lock) {
                return new State(assigned, idle, failed, cancelled, established, buffer);
            }
        }
    }

    /// The backend is taken to be what the TPM of that state was.
    @Override
    public void load(State state) {
        synchronized (lock) {
            life++;
            powered = life;
            assigned = state.assigned;
            idle = state.idle;
            started = false;
            failed = state.failed;
            cancelled = state.cancelled;
            established = state.established;
            System.arraycopy(state.buffer, 0, buffer, 0, BUFFER_BYTES);
        }
    }
}
