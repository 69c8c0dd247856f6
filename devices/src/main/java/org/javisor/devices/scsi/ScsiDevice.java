// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import org.javisor.devices.block.DataPhase;
import org.javisor.host.IoVector;

/// One logical unit. Commands come one after another, on whichever thread the transport works on: [#begin], then
/// [#transfer] as often as the transport likes, then [#end].
public interface ScsiDevice {
    int GOOD = 0, CHECK_CONDITION = 2;

    /// Begins a command.
    ///
    /// @param command at least as long as its operation code says
    /// @return [#CHECK_CONDITION] if it has failed already: there is no data then, and no [#end]
    int begin(byte[] command);

    /// The data of the command that has begun.
    DataPhase data();

    /// Moves a part of the data, which lies `at` bytes from its beginning.
    ///
    /// @return whether it could be moved; if not, the command has failed
    boolean transfer(long at, IoVector memory);

    /// Ends a command whose data has been moved, or as much of it as the transport cares for.
    ///
    /// @return the command's status
    int end();

    /// What the last failure was; a transport that delivers it itself takes it so.
    Sense takeSense();

    /// The sense that REQUEST SENSE would tell.
    Sense sense();

    /// What power-on, or a reset of the bus, does.
    void reset();

    Record save();

    /// @throws IllegalArgumentException if [#restore] would not take the state
    void check(Record state);

    /// @throws IllegalArgumentException if it is no state of such a device; nothing has changed then
    void restore(Record state);
}
