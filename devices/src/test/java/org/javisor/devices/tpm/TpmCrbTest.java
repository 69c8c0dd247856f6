// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.tpm;

import static org.javisor.devices.tpm.TpmCrb.BUFFER;
import static org.javisor.devices.tpm.TpmCrb.CTRL_CANCEL;
import static org.javisor.devices.tpm.TpmCrb.CTRL_CMD_LADDR;
import static org.javisor.devices.tpm.TpmCrb.CTRL_CMD_SIZE;
import static org.javisor.devices.tpm.TpmCrb.CTRL_RELINQUISH;
import static org.javisor.devices.tpm.TpmCrb.CTRL_REQ;
import static org.javisor.devices.tpm.TpmCrb.CTRL_REQUEST_ACCESS;
import static org.javisor.devices.tpm.TpmCrb.CTRL_RSP_ADDR;
import static org.javisor.devices.tpm.TpmCrb.CTRL_START;
import static org.javisor.devices.tpm.TpmCrb.CTRL_STS;
import static org.javisor.devices.tpm.TpmCrb.INTF_ID;
import static org.javisor.devices.tpm.TpmCrb.LOC_CTRL;
import static org.javisor.devices.tpm.TpmCrb.LOC_STATE;
import static org.javisor.devices.tpm.TpmCrb.LOC_STS;
import static org.javisor.devices.tpm.TpmCrb.REQ_COMMAND_READY;
import static org.javisor.devices.tpm.TpmCrb.REQ_GO_IDLE;
import static org.javisor.devices.tpm.TpmCrb.STS_FAILED;
import static org.javisor.devices.tpm.TpmCrb.STS_IDLE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class TpmCrbTest {
    private static final long ADDRESS = 0xfed4_0000L;

    private final FakeTpm backend = new FakeTpm();
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final List<String> reports = new ArrayList<>();
    private boolean held;
    private final TpmCrb tpm = new TpmCrb(backend, ADDRESS, work -> {
        if (held) {
            waiting.add(work);
        } else {
            work.run();
        }
    }, reports::add);

    private int in(int offset) {
        return (int) tpm.read(offset, 4);
    }

    private void out(int offset, int value) {
        tpm.write(offset, 4, value);
    }

    private void ready() {
        out(LOC_CTRL, CTRL_REQUEST_ACCESS);
        out(CTRL_REQ, REQ_COMMAND_READY);
    }

    private void fill(int length, int last) {
        byte[] command = ByteBuffer.allocate(Math.clamp(length, 10, TpmCrb.BUFFER_BYTES)).putShort((short) 0x8001)
                .putInt(length).putInt(0x17b).array();
        command[command.length - 1] = (byte) last;
        for (int n = 0; n < command.length; n++) {
            tpm.write(BUFFER + n, 1, command[n] & 0xff);
        }
    }

    /// The response code in the buffer.
    private int code() {
        return Integer.reverseBytes((int) tpm.read(BUFFER + 6, 4));
    }

    @Test
    void theRegistersSayWhatAndWhereItIs() {
        assertEquals(0x1_0000_0000L * 0x1_1014 | 0x000a_5811L, tpm.read(INTF_ID, 8));
        assertEquals((int) ADDRESS + BUFFER, in(CTRL_CMD_LADDR));
        assertEquals(ADDRESS + BUFFER, tpm.read(CTRL_RSP_ADDR, 8));
        assertEquals(TpmCrb.BUFFER_BYTES, in(CTRL_CMD_SIZE));
        assertEquals(0x81, in(LOC_STATE));
        assertEquals(STS_IDLE, in(CTRL_STS));
    }

    @Test
    void aLocalityIsAssignedUntilItIsGivenUp() {
        out(LOC_CTRL, CTRL_REQUEST_ACCESS);
        assertEquals(0x83, in(LOC_STATE));
        assertEquals(1, in(LOC_STS));

        out(LOC_CTRL, CTRL_RELINQUISH);
        assertEquals(0x81, in(LOC_STATE));
        assertEquals(0, in(LOC_STS));
    }

    @Test
    void aCommandIsCarriedOutAndItsResponseIsInTheBuffer() {
        ready();
        fill(12, 0x55);

        out(CTRL_START, 1);

        assertEquals(0, in(CTRL_START));
        assertEquals(0, code());
        assertEquals(0x55, tpm.read(BUFFER + 11, 1));
        assertEquals(1, backend.executed);
    }

    @Test
    void whileACommandIsUnderWayTheBufferKeepsStill() {
        ready();
        fill(12, 1);
        held = true;
        out(CTRL_START, 1);
        assertEquals(1, in(CTRL_START));

        out(BUFFER, -1);
        out(CTRL_START, 1);
        out(CTRL_REQ, REQ_GO_IDLE);
        waiting.remove().run();

        assertEquals(0, in(CTRL_START));
        assertEquals(0x80, tpm.read(BUFFER, 1));
        assertEquals(0, in(CTRL_STS));
        assertEquals(1, backend.executed);
    }

    @Test
    void nothingStartsWithoutALocalityOrWhileIdle() {
        fill(12, 1);
        out(CTRL_START, 1);
        out(LOC_CTRL, CTRL_REQUEST_ACCESS);
        out(CTRL_START, 1);
        ready();
        out(CTRL_REQ, REQ_GO_IDLE);
        out(CTRL_START, 1);

        assertEquals(0, backend.executed);
    }

    @Test
    void aCommandOfNoPossibleLengthIsRefused() {
        ready();
        for (int length : new int[] {0, 9, TpmCrb.BUFFER_BYTES + 1, -1}) {
            fill(length, 0);
            out(CTRL_START, 1);
            assertEquals(0x142, code(), "length " + length);
        }
        assertEquals(0, backend.executed);
    }

    @Test
    void cancellingReachesTheBackendOnceAndOnlyDuringACommand() {
        ready();
        out(CTRL_CANCEL, 1);
        out(CTRL_CANCEL, 0);
        fill(12, 1);
        held = true;
        out(CTRL_START, 1);
        out(CTRL_CANCEL, 1);
        out(CTRL_CANCEL, 1);
        waiting.forEach(Runnable::run);

        assertEquals(1, backend.cancels);
        assertEquals(1, in(CTRL_CANCEL));
    }

    @Test
    void aBackendThatFailsIsFailureToTheGuestUntilReset() {
        ready();
        fill(12, FakeTpm.FAILS);
        out(CTRL_START, 1);

        assertEquals(0, in(CTRL_START));
        assertEquals(0x101, code());
        assertEquals(STS_FAILED, in(CTRL_STS));
        assertEquals(List.of("the TPM failed: told to fail"), reports);

        fill(12, 1);
        out(CTRL_START, 1);
        assertEquals(0x101, code());
        assertEquals(1, backend.executed);

        tpm.reset();
        assertEquals(STS_IDLE, in(CTRL_STS));
        assertEquals(2, backend.powerOns);
    }

    @Test
    void aResetDuringACommandForgetsItsResponse() {
        ready();
        fill(12, 0x77);
        held = true;
        out(CTRL_START, 1);

        tpm.reset();
        waiting.forEach(Runnable::run);

        assertEquals(0, in(CTRL_START));
        assertEquals(0, tpm.read(BUFFER + 11, 1));
        assertEquals(0, backend.executed);
        assertEquals(1, backend.cancels);
        assertEquals(2, backend.powerOns);
    }
}
