// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// A device's life beside its registers: power-on reset, and the state that snapshots and migration carry.
///
/// Only a paused machine saves or loads. A loaded state is untrusted: the record's constructor validates what it can
/// alone, and [#load] the rest, before it changes anything.
///
/// @param <S> the state, all of it, as one immutable record
public interface Chip<S extends Record> {
    /// What the reset line does. Wires are driven to their reset level.
    void reset();

    /// The present state; arrays in it are copies.
    S save();

    /// Takes over a state that [#save] gave, and drives the wires to match.
    ///
    /// @throws IllegalArgumentException if it does not fit this chip; nothing has changed then
    void load(S state);
}
