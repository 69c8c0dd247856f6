// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.ata;

import org.javisor.devices.block.DataPhase;
import org.javisor.host.IoVector;

/// A drive: a disk, or one that takes packets.
///
/// One command at a time: [#begin]; [#packet] if it wants one; [#transfer] as often as the controller likes; [#end].
/// Calls may block on the host's files.
public interface AtaDevice {
    /// How a command's data is to be moved.
    enum Protocol {
        /// There is none: the command has ended, well or with an error.
        DONE,
        /// Through the data register, or what stands for it.
        PIO,
        DMA,
        /// DMA of a queued command.
        QUEUED,
        /// The command block of a packet comes first.
        PACKET
    }

    /// What serial ATA's controllers show as signature.
    int signature();

    /// What a reset of the bus does, by wire or by software, to settings and task file.
    void busReset(TaskFile file, boolean hard);

    /// Begins the command in the task file.
    Protocol begin(TaskFile file);

    /// Takes the command block that [Protocol#PACKET] asked for.
    ///
    /// @return as [#begin]: PIO, DMA or DONE
    Protocol packet(TaskFile file, byte[] block);

    /// The data of the command that has begun.
    DataPhase data();

    /// How many bytes a drive hands over at once through its data register.
    int pioBytes();

    /// Moves a part of the data, `at` bytes from its beginning.
    ///
    /// @return false if it could not be moved: the command has ended with an error
    boolean transfer(TaskFile file, long at, IoVector memory);

    /// Ends a command whose data has all been moved.
    void end(TaskFile file);

    /// Power-on.
    void reset();

    Record save();

    /// @throws IllegalArgumentException if [#restore] would not take the state
    void check(Record state);

    /// @throws IllegalArgumentException if it is no state of such a drive; nothing has changed then
    void restore(Record state);
}
