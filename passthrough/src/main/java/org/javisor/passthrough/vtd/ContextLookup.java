// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

/// What is found of a requester in the tables of root and context entries.
sealed interface ContextLookup permits Context, ContextLookup.Fault {
    /// Why there is no context.
    record Fault(FaultReason reason, boolean silent) implements ContextLookup { }
}
