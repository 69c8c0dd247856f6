// SPDX-License-Identifier: Apache-2.0

/// What the tests of several storeys share.
///
/// - [HostProcessor] executes single instructions on the host's own processor; [InstructionForm] and
///   [InstructionEncoder] make them from the rows of the opcode maps, [RandomOperands] what they work on.
/// - [DeviceContract] is what every device owes.
/// - [ManualClock] is time that passes when a test says so, [ProbeLine] a wire that remembers.
/// - [Seeds] prints the seed of random tests and takes it back; [Records] makes states comparable.
package org.javisor.testkit;
