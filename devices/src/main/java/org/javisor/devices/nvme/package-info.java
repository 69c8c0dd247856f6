// SPDX-License-Identifier: Apache-2.0

/// An NVM Express controller with one namespace.
///
/// `NvmeFunction` is what a PCI bus gets. Behind its BAR 0, `NvmeController` has the registers and the doorbells;
/// `QueueTable` the queues. A `SubmissionQueue` is worked on by a thread of the host's: it copies a `Command` out of
/// guest memory, has a `CommandSet` execute it (`AdminCommands` or `IoCommands`), and posts to its `CompletionQueue`.
/// `PrpReader` finds a command's data. What the guest writes to doorbells, queues, PRP lists and data is read once,
/// checked, and the copy used.
package org.javisor.devices.nvme;
