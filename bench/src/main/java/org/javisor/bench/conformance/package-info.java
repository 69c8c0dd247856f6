// SPDX-License-Identifier: Apache-2.0

/// Runs kvm-unit-tests, which are no part of this project, in every configuration of their `unittests.cfg`, and writes
/// the table in `docs/conformance.md`. [Conformance] is the command.
package org.javisor.bench.conformance;
