// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.tpm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.javisor.host.LocalSocket;
import org.javisor.memory.ConfigurationException;

/// A TPM in a `swtpm` process, reached by its control channel. TPM commands go through a connection of their own, whose
/// other end the process is handed.
///
/// A process that does not answer in time, or is gone, has everything fail from then on.
///
/// @swtpm swtpm_ioctls(3); include/swtpm/tpm_ioctl.h
public final class Swtpm implements TpmBackend {
    private static final int GET_CAPABILITY = 1, INIT = 2, SHUTDOWN = 3, GET_TPMESTABLISHED = 4, SET_LOCALITY = 5,
            CANCEL_TPM_CMD = 9, STOP = 14, SET_DATAFD = 16, SET_BUFFERSIZE = 17;
    /// What the process must be able to do: begin, end, be stopped, tell what is established,
    /// take a locality, a descriptor and a buffer size, and cancel.
    private static final int CAPABILITIES = 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 10 | 1 << 12 | 1 << 13;
    private static final int DELETE_VOLATILE = 1;
    /// Tag, length and code: the beginning of each command and response.
    static final int HEADER_BYTES = 10, LENGTH_AT = 2;

    private static final Duration CONTROL_PATIENCE = Duration.ofSeconds(10);
    /// Longer than any command of a TPM that works: Linux gives none more than two minutes, but for making keys.
    private static final Duration COMMAND_PATIENCE = Duration.ofSeconds(150);

    private final LocalSocket control;
    private final LocalSocket data;
    private volatile boolean broken;
    private int bufferBytes;

    private Swtpm(LocalSocket control, LocalSocket data) {
        this.control = control;
        this.data = data;
    }

    /// Connects to the process whose control channel is at `path`.
    ///
    /// @throws ConfigurationException if none is there, or it cannot do what is needed
    public static Swtpm connect(Path path) {
        return connect(path, CONTROL_PATIENCE, COMMAND_PATIENCE);
    }

    static Swtpm connect(Path path, Duration controlPatience, Duration commandPatience) {
        LocalSocket control = null;
        LocalSocket[] ends = {};
        try {
            control = LocalSocket.connect(path);
            control.patience(controlPatience);
            ends = LocalSocket.pair();
            ends[0].patience(commandPatience);
            Swtpm tpm = new Swtpm(control, ends[0]);
            tpm.begin(ends[1]);
            ends[1].close();
            return tpm;
        } catch (IOException e) {
            if (control != null) {
                control.close();
            }
            for (LocalSocket end : ends) {
                end.close();
            }
            throw new ConfigurationException("TPM " + path + ": " + e.getMessage() + "; a TPM is started by swtpm"
                    + " socket --tpm2 --tpmstate dir=DIRECTORY --ctrl type=unixio,path=" + path, e);
        }
    }

    private void begin(LocalSocket otherEnd) throws IOException {
        int can = request(GET_CAPABILITY, new byte[0], 4).getInt();
        if ((can & CAPABILITIES) != CAPABILITIES) {
            throw new IOException("it can do only 0x" + Integer.toHexString(can));
        }
        control.send(command(SET_DATAFD, new byte[0]), otherEnd);
        answer(SET_DATAFD, 0);
    }

    // ---- the control channel ----

    private static byte[] command(int code, byte[] parameters) {
        return ByteBuffer.allocate(4 + parameters.length).putInt(code).put(parameters).array();
    }

    /// @param bytes of the answer, behind its result code
    private synchronized ByteBuffer request(int code, byte[] parameters, int bytes) throws IOException {
        if (broken) {
            throw new IOException("the TPM's process is not to be reached");
        }
        try {
            control.send(command(code, parameters));
            return answer(code, bytes);
        } catch (IOException e) {
            giveUp();
            throw e;
        }
    }

    private ByteBuffer answer(int code, int bytes) throws IOException {
        byte[] answer = new byte[4 + bytes];
        control.receive(answer, 0, 4);
        int result = ByteBuffer.wrap(answer).getInt();
        if (result != 0) {
            throw new IOException("swtpm's control command " + code + " failed with 0x" + Integer.toHexString(result));
        }
        control.receive(answer, 4, bytes);
        return ByteBuffer.wrap(answer, 4, bytes);
    }

    private static byte[] word(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    // ---- the TPM ----

    @Override
    public void powerOn(int wantedBytes) throws IOException {
        request(STOP, new byte[0], 0);
        bufferBytes = request(SET_BUFFERSIZE, word(wantedBytes), 12).getInt();
        if (bufferBytes > wantedBytes) {
            throw new IOException("swtpm wants a buffer of " + bufferBytes + " bytes");
        }
        request(INIT, word(DELETE_VOLATILE), 0);
        request(SET_LOCALITY, new byte[4], 0);
    }

    @Override
    public byte[] execute(byte[] command) throws IOException {
        if (broken) {
            throw new IOException("the TPM's process is not to be reached");
        }
        try {
            data.send(command);
            byte[] header = new byte[HEADER_BYTES];
            data.receive(header, 0, HEADER_BYTES);
            int length = ByteBuffer.wrap(header).getInt(LENGTH_AT);
            if (length < HEADER_BYTES || length > bufferBytes) {
                throw new IOException("a TPM's response of " + length + " bytes");
            }
            byte[] response = Arrays.copyOf(header, length);
            data.receive(response, HEADER_BYTES, length - HEADER_BYTES);
            return response;
        } catch (IOException e) {
            // Whatever still came would be taken for the answer to the next command.
            giveUp();
            throw e;
        }
    }

    @Override
    public void cancel() throws IOException {
        request(CANCEL_TPM_CMD, new byte[0], 0);
    }

    @Override
    public boolean established() throws IOException {
        return request(GET_TPMESTABLISHED, new byte[0], 4).get() != 0;
    }

    @Override
    public void giveUp() {
        broken = true;
        data.shutdown();
        control.shutdown();
    }

    /// Has the process write its state and end.
    @Override
    public void close() {
        try {
            request(SHUTDOWN, new byte[0], 0);
        } catch (IOException _) {
            // It has gone already, or gave no answer: nothing is left to be asked of it.
            broken = true;
        }
        data.close();
        control.close();
    }
}
