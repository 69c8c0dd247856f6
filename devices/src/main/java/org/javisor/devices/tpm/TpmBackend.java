// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.tpm;

import java.io.IOException;

/// What carries out a TPM's commands. Each call may take as long as it likes, and ends.
public interface TpmBackend extends AutoCloseable {
    /// Switches the TPM off and on again: what does not outlive that is forgotten.
    ///
    /// @param bufferBytes the longest command or response
    void powerOn(int bufferBytes) throws IOException;

    /// Carries out a command and returns the response.
    byte[] execute(byte[] command) throws IOException;

    /// Has the command that is being carried out by another thread end soon, if that can be.
    void cancel() throws IOException;

    /// Whether a dynamic root of trust has been established.
    boolean established() throws IOException;

    /// Ends what another thread waits for, with an error, now and from now on.
    void giveUp();

    @Override
    void close();
}
