// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

import java.util.function.Consumer;

/// A place where a function can be put into a running machine, and be taken out again. Any thread.
public interface HotplugSlot {
    /// What a person calls it.
    String name();

    /// What is in it, or null.
    PciFunction occupant();

    /// Whether a function may be put into it: it is empty, and the guest knows.
    boolean isFree();

    /// Puts a function that has been on no bus into the slot, and tells the guest.
    ///
    /// @throws IllegalStateException unless the slot is free
    void insert(PciFunction function);

    /// Asks the guest to give the function up. It leaves when the guest has, which may be never.
    void askForRemoval();

    /// Takes the function out without asking, as who pulls a card does. Nothing, if the slot is empty.
    void pull();

    /// Has `listener` told of each function that has left. Before the machine runs.
    void onEmptied(Consumer<PciFunction> listener);
}
